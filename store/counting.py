"""How what runs by the clock gets on, and what the price book lacks: for a person who wants to know what is wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.leases import STEER, Lease, last_holder_of
from store.rollups.freshness import Freshness, read_freshness
from store.rollups.reading import Part, Wanted, read_sums
from store.sessions import Sessions

_DAY_HOURS = 24
_ENTRIES = text("SELECT count(DISTINCT price_id) FROM price_book WHERE withdrawn_at IS NULL")
_EVERYTHING = Wanted(traffic="all", answers_only=False)


class Unpriced(NamedTuple):
    """Attempts of one provider ('': not given) and model without a cost."""

    provider: str
    model: str
    attempts: int


class CountingFacts(NamedTuple):
    """`lease` is the last one, whether it lives or not. `unpriced` is of the last 24 hours, the most frequent first."""

    lease: Lease | None
    freshness: Freshness
    price_entries: int
    unpriced: Sequence[Unpriced]


def inspect_counting(sessions: Sessions) -> CountingFacts:
    """Ask the store; its schema must be this version's. Raises StoreAway."""
    with sessions.snapshot() as db:
        freshness = read_freshness(db)
        return CountingFacts(
            lease=last_holder_of(db, STEER),
            freshness=freshness,
            price_entries=db.execute(_ENTRIES).scalar_one(),
            unpriced=_unpriced(db, freshness.now),
        )


def _unpriced(db: Connection, now: datetime) -> list[Unpriced]:
    """From the rollups: a day of raw rows is too much to read for a look at everything."""
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    parts = [Part("hour", end - timedelta(hours=_DAY_HOURS), end)]
    rows = read_sums(db, "attempt", parts, ("provider", "model"), _EVERYTHING, columns=("unpriced",))
    found = [Unpriced(row["provider"], row["model"], int(row["unpriced"])) for row in rows if row["unpriced"]]
    return sorted(found, key=lambda one: (-one.attempts, one.provider, one.model))
