"""Which of the operator's own entries an import of list prices goes before, or is kept from holding by: pure.

An exact name goes before a pattern, and a named provider before any: an import of a package's list can so take models
away from a price that somebody wrote on purpose, without a word.
"""

from collections.abc import Iterable, Mapping, Sequence

from store.price_entries import ANY, PriceEntry, may_meet

PACKAGE = "genai-prices"
_MOST_NAMED = 5


def shadowed(new: Iterable[PriceEntry], held: Iterable[PriceEntry]) -> Mapping[PriceEntry, Sequence[PriceEntry]]:
    """By entry of the operator's own: the package's entries that go before it for some attempt, where either is new."""
    new, held = list(new), list(held)
    pairs = [(held, new), (new, held), (new, new)]
    found: dict[PriceEntry, list[PriceEntry]] = {}
    for owns, packages in pairs:
        listed = [entry for entry in packages if _is_listed(entry)]
        for own in (entry for entry in owns if not _is_listed(entry) and _may_give_way(entry)):
            before = [entry for entry in listed if _goes_before(entry, own)]
            if before:
                found.setdefault(own, []).extend(before)
    return found


def sentence(own: PriceEntry, before: Sequence[PriceEntry]) -> str:
    """For people: whom it is for no longer, by name."""
    names = sorted({f"{entry.provider}{'/' if entry.provider else ''}{entry.model}" for entry in before})
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    number = f"price {own.price_id}: " if own.price_id else ""
    return f"go before your {number}{own}: {', '.join(names[:_MOST_NAMED])}{more}"


def _is_listed(entry: PriceEntry) -> bool:
    return entry.source.split(" ")[0] == PACKAGE


def _may_give_way(entry: PriceEntry) -> bool:
    return not entry.is_human_review and (ANY in entry.model or not entry.provider)


def _goes_before(entry: PriceEntry, own: PriceEntry) -> bool:
    return (
        entry.rank > own.rank
        and (not own.provider or own.provider == entry.provider)
        and entry.valid_from < own.until
        and own.valid_from < entry.until
        and may_meet(entry.model, own.model)
    )
