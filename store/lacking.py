"""Why the price book gives an attempt no cost, in words: what `Tariff.costs` answers with None. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from store.price_entries import PriceEntry, Unit
from store.pricing import PriceBook, Usage

_TOO_MUCH = "an end: it comes to more than a billion USD"


class Lack(NamedTuple):
    """The entry that holds (0: none does), and what it lacks: units of a price file, or what attempts do not tell."""

    price_id: int
    what: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For people: `price 3 lacks cache_read_tokens`."""
        return f"price {self.price_id} lacks {', '.join(self.what)}" if self.price_id else "no entry"


def lacking(book: PriceBook, model: str, provider: str, at: datetime, usage: Usage) -> Lack | None:
    """What stands in the way of a cost; None where the book has one."""
    tariff = book.segment(model, provider, at).tariff
    if tariff is None:
        return Lack(0)
    if tariff.costs(usage) is not None:
        return None
    return Lack(tariff.entry.price_id, tuple(_missing(tariff.entry, usage)) or (_TOO_MUCH,))


def _missing(entry: PriceEntry, usage: Usage) -> Iterator[str]:
    units = {price.unit for price in entry.prices}
    holding = {p.unit for p in entry.prices if not p.above_input_tokens or usage.input_tokens > p.above_input_tokens}
    if Unit.GPU_HOURS in units:
        if usage.duration_us is None:
            yield "duration_s of the attempt"
        if not (usage.batch_size or entry.assumed_batch_size):
            yield "assumed_batch_size"
    else:
        read, write = usage.cache_read_tokens, usage.cache_write_tokens
        counts = {
            Unit.INPUT_TOKENS: usage.input_tokens - read - write,
            Unit.CACHE_READ_TOKENS: read,
            Unit.CACHE_WRITE_TOKENS: 0 if _has_writes(entry, holding) else write,
            Unit.OUTPUT_TOKENS: usage.output_tokens,
        }
        yield from (unit.value for unit, count in counts.items() if count and unit not in holding)
    # Most entries have no price for these: then they cost nothing by themselves.
    for unit, count in {Unit.TOOL_CALLS: usage.tool_calls, Unit.REQUESTS: 1}.items():
        if count and unit in units and unit not in holding:
            yield unit.value


def _has_writes(entry: PriceEntry, holding: set[Unit]) -> bool:
    """By their own price, or by two classes that are alike: attempts do not tell which of them they are."""
    if Unit.CACHE_WRITE_TOKENS in {price.unit for price in entry.prices}:
        return Unit.CACHE_WRITE_TOKENS in holding
    short, long = (
        [price[1:] for price in entry.prices if price.unit is unit]
        for unit in (Unit.CACHE_WRITE_5M_TOKENS, Unit.CACHE_WRITE_1H_TOKENS)
    )
    return short == long and Unit.CACHE_WRITE_5M_TOKENS in holding
