"""The price book in the store: read by ingest at most every ten seconds, changed by an operator's import alone.

Entries are never changed and never deleted. One that turned out wrong is withdrawn, and another stands in its place.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, text

from store.errors import PricesChanged
from store.price_entries import Price, PriceEntry, Unit
from store.pricing import PriceBook
from store.sessions import Sessions
from store.tables import price_book

CACHED_S = 10.0
# Two imports take turns, so that neither brings what would be a tie with the other's.
_IMPORTING = 0x706F_696E_7473 + 5
_NEWEST = text("SELECT max(price_id), max(imported_at), count(withdrawn_at), max(withdrawn_at) FROM price_book")
_LINES = (
    "SELECT price_id, provider, model, valid_from, valid_to, gpus, assumed_batch_size, source, imported_at,"
    " withdrawn_at, unit, above_input_tokens, coalesce(nanousd_per_million, nanousd_per_hour) AS nanousd"
    " FROM price_book {which} ORDER BY price_id, unit, above_input_tokens"
)
_WITHDRAW = text("UPDATE price_book SET withdrawn_at = now() WHERE price_id = ANY(:ids) AND withdrawn_at IS NULL")


class ListedEntry(NamedTuple):
    """An entry as it is stored, with when it came and, if so, went."""

    entry: PriceEntry
    imported_at: datetime
    withdrawn_at: datetime | None


class CachedPriceBook:
    """The price book as ingest sees it. Used by one thread at a time."""

    def __init__(self, sessions: Sessions, *, cached_s: float = CACHED_S) -> None:
        """`cached_s` is how long a book is used before the store is asked for a newer one."""
        self._sessions = sessions
        self._cached_s = cached_s
        self._book = PriceBook()
        self._version: tuple[Any, ...] | None = None
        self._fresh_until = 0.0

    def current(self) -> PriceBook:
        """The book as it stood within the last ten seconds. Raises StoreAway; the next call then asks again."""
        now = time.monotonic()
        if self._version is None or now >= self._fresh_until:
            with self._sessions.read() as db:
                # Every import changes it, and an unchanged book keeps what it has found.
                version = tuple(db.execute(_NEWEST).one())
                if version != self._version:
                    self._book = PriceBook(entry.entry for entry in entries(db))
            self._version = version
            self._fresh_until = now + self._cached_s
        return self._book


def entries(db: Connection, *, withdrawn: bool = False) -> list[ListedEntry]:
    """The entries that hold, by number; with `withdrawn` those too that did once."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.execute(text(_LINES.format(which="" if withdrawn else "WHERE withdrawn_at IS NULL"))):
        found[row.price_id].append(row)
    return [_listed(rows) for rows in found.values()]


def _listed(rows: Sequence[Any]) -> ListedEntry:
    first = rows[0]
    entry = PriceEntry(
        model=first.model,
        prices=tuple(sorted(Price(Unit(row.unit), row.above_input_tokens, row.nanousd) for row in rows)),
        provider=first.provider,
        valid_from=first.valid_from,
        valid_to=first.valid_to,
        gpus=first.gpus,
        assumed_batch_size=first.assumed_batch_size,
        source=first.source,
        price_id=first.price_id,
    )
    return ListedEntry(entry, first.imported_at, first.withdrawn_at)


def add_entries(
    db: Connection, new: Iterable[PriceEntry], *, withdraw: Iterable[int], known: Iterable[int]
) -> list[int]:
    """Withdraw these numbers and add these entries; returns the new numbers.

    `known` are the numbers that held when the import was checked. Raises PricesChanged where they are others by now.
    """
    db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORTING})
    held = set(db.execute(text("SELECT DISTINCT price_id FROM price_book WHERE withdrawn_at IS NULL")).scalars())
    if held != set(known):
        raise PricesChanged("somebody else changed the price book meanwhile; nothing was done, try again")
    db.execute(_WITHDRAW, {"ids": list(withdraw)})
    last: int = db.execute(text("SELECT coalesce(max(price_id), 0) FROM price_book")).scalar_one()
    numbered = list(enumerate(new, last + 1))
    if numbered:
        db.execute(insert(price_book), [row for number, entry in numbered for row in _rows(number, entry)])
    return [number for number, _ in numbered]


def _rows(number: int, entry: PriceEntry) -> list[dict[str, Any]]:
    return [
        {
            "price_id": number,
            "unit": price.unit.value,
            "above_input_tokens": price.above_input_tokens,
            "provider": entry.provider,
            "model": entry.model,
            "nanousd_per_million": None if price.unit.is_hourly else price.nanousd,
            "nanousd_per_hour": price.nanousd if price.unit.is_hourly else None,
            "gpus": entry.gpus,
            "assumed_batch_size": entry.assumed_batch_size,
            "valid_from": entry.valid_from,
            "valid_to": entry.valid_to,
            "source": entry.source,
        }
        for price in entry.prices
    ]
