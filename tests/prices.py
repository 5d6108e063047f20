"""Entries of a price book with sensible values: a test names only what it is about."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from store.price_book import add_entries, entries
from store.price_entries import ALWAYS, Price, PriceEntry, Unit
from store.pricing import PriceBook
from store.sessions import Sessions

# One dollar for a million tokens is a thousand nano-dollars for one.
USD = {
    Unit.INPUT_TOKENS: "1",
    Unit.CACHE_READ_TOKENS: "0.1",
    Unit.CACHE_WRITE_TOKENS: "1.25",
    Unit.OUTPUT_TOKENS: "4",
}


def price(unit: Unit, usd: str, above: int = 0) -> Price:
    """A price in dollars."""
    return Price(unit, above, int(Decimal(usd) * 10**9))


def entry(model: str = "qwen-3.5-72b", *prices: Price, since: datetime = ALWAYS, **fields: Any) -> PriceEntry:
    """An entry with these prices, or with one for each kind of token."""
    told = prices or tuple(price(unit, usd) for unit, usd in USD.items())
    return PriceEntry(model=model, prices=tuple(sorted(told)), valid_from=since, **fields)


def people(usd_per_hour: str, since: datetime = ALWAYS, **fields: Any) -> PriceEntry:
    """The hourly rate of human review."""
    return entry("", price(Unit.HUMAN_REVIEW_HOURS, usd_per_hour), since=since, **fields)


def numbered(*several: PriceEntry) -> PriceBook:
    """A book of these, with the price numbers 1, 2, …"""
    fields = ("model", "prices", "provider", "valid_from", "valid_to", "gpus", "assumed_batch_size")
    return PriceBook(
        PriceEntry(**{name: getattr(one, name) for name in fields}, price_id=number)
        for number, one in enumerate(several, 1)
    )


def add(sessions: Sessions, *several: PriceEntry, instead_of: tuple[int, ...] = ()) -> list[int]:
    """Put them into the store's book; returns their numbers."""
    with sessions.write() as db:
        known = [one.entry.price_id for one in entries(db)]
        return add_entries(db, several, withdraw=instead_of, known=known)
