"""Prices and costs for people, and for programs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import typer
from rich.table import Table

from pointsman.prices.repricing import Totals
from pointsman.terminal import harmless, print_table
from pointsman.wording import counted
from store.lacking import Lack
from store.price_book import ListedEntry
from store.price_entries import Price
from store.unpriced import UnpricedModel

_NANO = Decimal(10) ** 9
_HOW_TO_COMPLETE = (
    "an entry is replaced as a whole: write all its lines and those that it lacks, then pointsman prices import FILE"
    " --replace, then pointsman prices reprice"
)


def usd(nanousd: int) -> str:
    """`12.345678901`, without zeros at the end."""
    amount = f"{Decimal(nanousd) / _NANO:,.9f}"
    return amount.rstrip("0").rstrip(".")


def entry_json(listed: ListedEntry) -> dict[str, Any]:
    """An entry as one JSON object; its prices under the names of a price file."""
    entry = listed.entry
    return {
        "price_id": entry.price_id,
        "provider": entry.provider,
        "model": entry.model,
        "valid_from": entry.valid_from.isoformat(),
        "valid_to": None if entry.valid_to is None else entry.valid_to.isoformat(),
        "gpus": entry.gpus,
        "assumed_batch_size": entry.assumed_batch_size,
        "source": entry.source,
        "imported_at": listed.imported_at.isoformat(),
        "withdrawn_at": None if listed.withdrawn_at is None else listed.withdrawn_at.isoformat(),
        "prices": [
            {
                "unit": price.unit.value,
                "above_input_tokens": price.above_input_tokens,
                "usd_per_hour" if price.unit.is_hourly else "usd_per_million": usd(price.nanousd).replace(",", ""),
            }
            for price in entry.prices
        ],
    }


def print_entries(listed: Iterable[ListedEntry]) -> None:
    """One line for each entry."""
    table = _table(price="right", provider="left", model="left", prices="left", valid="left", source="left")
    for one in listed:
        entry = one.entry
        until = "" if entry.valid_to is None else f" to {_short(entry.valid_to)}"
        gone = "" if one.withdrawn_at is None else f", withdrawn {_short(one.withdrawn_at)}"
        table.add_row(
            str(entry.price_id),
            harmless(entry.provider) or "any",
            "human review" if entry.is_human_review else harmless(entry.model),
            ", ".join(map(_price, entry.prices)),
            f"from {_short(entry.valid_from)}{until}{gone}",
            harmless(entry.source),
        )
    print_table(table)


def _price(price: Price) -> str:
    above = f" over {price.above_input_tokens:,}" if price.above_input_tokens else ""
    return f"{price.unit.value.removesuffix('_tokens')}{above} {usd(price.nanousd)}"


def unpriced_json(one: UnpricedModel) -> dict[str, Any]:
    """As one JSON object; `lacks` is empty where `prices reprice` helps, unless its day is closed to that."""
    told = {name: value for name, value in one._asdict().items() if name != "lack"}
    return {
        **told,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "in_price_book": one.lack is None or bool(one.lack.price_id),
        "price_id": None if one.lack is None else one.lack.price_id or None,
        "lacks": [] if one.lack is None else list(one.lack.what),
    }


def print_unpriced(models: Sequence[UnpricedModel]) -> None:
    """One line for each provider and model, and below them what to do where an entry lacks something."""
    table = _table(
        attempts="right",
        provider="left",
        model="left",
        tokens_in="right",
        tokens_out="right",
        last="left",
        price="left",
    )
    for one in models:
        table.add_row(
            f"{one.attempts:,}",
            harmless(one.provider) or "not given",
            harmless(one.model),
            f"{one.input_tokens:,}",
            f"{one.output_tokens:,}",
            f"{one.last.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            _verdict(one),
        )
    print_table(table)
    if any(one.lack is not None and one.lack.price_id and not one.is_closed for one in models):
        typer.echo(_HOW_TO_COMPLETE)


def _verdict(one: UnpricedModel) -> str:
    if one.is_closed:
        return "stays so: raw rows of its day are gone"
    if one.lack is None:
        return "in the book: reprice"
    return str(one.lack) if one.lack.price_id else "none"


def print_lacking(lacking: Mapping[tuple[str, Lack], int]) -> None:
    """A sentence for each model whose entry lacks something: repricing once more would change nothing."""
    told = sorted((model, lack, count) for (model, lack), count in lacking.items() if lack.price_id)
    for model, lack, count in told:
        typer.echo(f"{harmless(model)}: {counted(count, 'attempt')} without a cost: {lack}")
    if told:
        typer.echo(_HOW_TO_COMPLETE)


def print_totals(totals: dict[str, Totals]) -> None:
    """One line for each model, the largest difference first."""
    table = _table(
        model="left", attempts="right", changed="right", USD_before="right", USD_after="right", difference="right",
        unpriced="right",
    )  # fmt: skip
    by_difference = sorted(totals.items(), key=lambda one: -abs(one[1].after_nanousd - one[1].before_nanousd))
    for model, one in by_difference:
        difference = one.after_nanousd - one.before_nanousd
        table.add_row(
            harmless(model),
            f"{one.attempts:,}",
            f"{one.changed:,}",
            usd(one.before_nanousd),
            usd(one.after_nanousd),
            ("+" if difference > 0 else "") + usd(difference),
            f"{one.unpriced_before:,} -> {one.unpriced_after:,}",
        )
    print_table(table)


def tell_problems(where: str, problems: Sequence[str]) -> None:
    """Every problem, a line each, to standard error."""
    for problem in problems:
        typer.echo(harmless(f"{where}: {problem}"), err=True)


def _table(**columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in columns.items():
        table.add_column(name.replace("_", " "), overflow="fold", justify="right" if justify == "right" else "left")
    return table


def _short(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d}" if at.time().isoformat() == "00:00:00" else f"{at:%Y-%m-%dT%H:%M:%SZ}"
