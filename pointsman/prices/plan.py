"""What an import would do to the price book: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pointsman.prices.lines import PlacedEntry
from store.price_entries import PriceEntry, find_ties

# A page of problems is enough.
_SHOWN_TIES = 20


@dataclass
class ImportPlan:
    """Entries to add, numbers of those to withdraw, and what stands in the way."""

    new: list[PriceEntry] = field(default_factory=list)
    withdrawn: list[PriceEntry] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


def plan_import(
    found: Sequence[PlacedEntry], book: Sequence[PriceEntry], *, replace: bool, only_news: bool = False
) -> ImportPlan:
    """Compare a file's entries with those that hold; `replace` lets a file's entry take the place of one alike.

    With `only_news` an entry is unchanged too where the book's older one says the same at that time.
    """
    plan = ImportPlan()
    known = {entry.content for entry in book}
    by_key: dict[tuple[object, ...], list[PriceEntry]] = {}
    by_model: dict[tuple[object, ...], list[PriceEntry]] = {}
    for entry in book:
        by_key.setdefault(entry.key, []).append(entry)
        by_model.setdefault(entry.key[:3], []).append(entry)
    new: dict[int, PlacedEntry] = {}
    gone: dict[int, PriceEntry] = {}
    for placed in found:
        same = only_news and _holds(placed.entry, by_model.get(placed.entry.key[:3], []))
        if placed.entry.content in known or same:
            plan.unchanged += 1
            continue
        old = by_key.get(placed.entry.key, [])
        if old and not replace:
            plan.problems.append(
                f"{placed} is in the book with other prices (price {old[0].price_id}): a later valid_from keeps both,"
                " --replace withdraws the old one"
            )
            continue
        gone.update((entry.price_id, entry) for entry in old)
        plan.new.append(placed.entry)
        new[id(placed.entry)] = placed
    plan.withdrawn = list(gone.values())
    ties = [
        f"{_named(tie.one, new)} and {_named(tie.other, new)}: neither goes before the other"
        for tie in find_ties([*(entry for entry in book if entry.price_id not in gone), *plan.new])
        if id(tie.one) in new or id(tie.other) in new
    ]
    plan.problems += ties[:_SHOWN_TIES]
    if len(ties) > _SHOWN_TIES:
        plan.problems.append(f"and {len(ties) - _SHOWN_TIES:,} more of this kind")
    return plan


def _holds(entry: PriceEntry, older: Sequence[PriceEntry]) -> bool:
    """Whether the one of these that holds when the entry begins says the same."""
    valid = [one for one in older if one.valid_from <= entry.valid_from < one.until]
    newest = max(valid, key=lambda one: one.valid_from, default=None)
    return newest is not None and newest.content[4:] == entry.content[4:]


def _named(entry: PriceEntry, new: dict[int, PlacedEntry]) -> str:
    placed = new.get(id(entry))
    return str(placed) if placed is not None else f"price {entry.price_id}: {entry}"
