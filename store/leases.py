"""Who leads: by compare-and-set, on the database's clock alone.

A lease saves work and guards nothing by itself: a process may stand still between its last look and its next statement.
What must not be done twice is done in a transaction that calls `fence` first.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.errors import LeaseLost

# Whoever holds this one does what runs by the clock.
STEER = "steer"
LIFE = timedelta(seconds=10)
RENEW_EVERY = timedelta(seconds=3)


class Lease(NamedTuple):
    """That `holder` leads `name`. The term rises with each new holding; `expires_at` is the database's clock."""

    name: str
    holder: str
    term: int
    expires_at: datetime


# `clock_timestamp` and not `now`: the statement may have waited for another one's row lock.
_ACQUIRE = text(
    "INSERT INTO leases AS l (name, holder, term, expires_at)"
    " VALUES (:name, :holder, 1, clock_timestamp() + :life)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = l.term + 1,"
    " expires_at = clock_timestamp() + :life WHERE l.expires_at <= clock_timestamp()"
    " RETURNING l.name, l.holder, l.term, l.expires_at"
)
_OURS = "name = :name AND holder = :holder AND term = :term AND expires_at > clock_timestamp()"
_RENEW = text(
    f"UPDATE leases SET expires_at = clock_timestamp() + :life WHERE {_OURS} RETURNING name, holder, term, expires_at"
)
_RELEASE = text(f"UPDATE leases SET expires_at = clock_timestamp() WHERE {_OURS}")
_FENCE = text(f"SELECT 1 FROM leases WHERE {_OURS} FOR SHARE")
_LAST = "SELECT name, holder, term, expires_at FROM leases WHERE name = :name"
_LAST_HOLDER = text(_LAST)
_HOLDER = text(f"{_LAST} AND expires_at > clock_timestamp()")


def acquire(db: Connection, name: str, holder: str, *, life: timedelta = LIFE) -> Lease | None:
    """Take the lease if nobody holds it; None where somebody does, be it `holder` itself under an earlier term.

    `holder` names one process in one life, so that a process which comes back is not taken for the one that died.
    """
    row = db.execute(_ACQUIRE, {"name": name, "holder": holder, "life": life}).one_or_none()
    return None if row is None else Lease(*row)


def renew(db: Connection, lease: Lease, *, life: timedelta = LIFE) -> Lease:
    """Hold it longer. Raises LeaseLost where it ran out, also if nobody has taken it since."""
    row = db.execute(_RENEW, {**_key(lease), "life": life}).one_or_none()
    if row is None:
        raise _lost(lease)
    return Lease(*row)


def release(db: Connection, lease: Lease) -> None:
    """Give it up, so that another need not wait. Does nothing where it is lost already."""
    db.execute(_RELEASE, _key(lease))


def fence(db: Connection, lease: Lease) -> None:
    """Pass where the lease is still held, and keep everybody from taking it over until this transaction ends.

    Raises LeaseLost. Renewal waits too: the transaction shall be short.
    """
    if db.execute(_FENCE, _key(lease)).one_or_none() is None:
        raise _lost(lease)


def holder_of(db: Connection, name: str) -> Lease | None:
    """Who holds the lease now; None where nobody does."""
    row = db.execute(_HOLDER, {"name": name}).one_or_none()
    return None if row is None else Lease(*row)


def last_holder_of(db: Connection, name: str) -> Lease | None:
    """Who holds the lease, or held it last, until `expires_at`; None where nobody ever did."""
    row = db.execute(_LAST_HOLDER, {"name": name}).one_or_none()
    return None if row is None else Lease(*row)


def _key(lease: Lease) -> dict[str, object]:
    return {"name": lease.name, "holder": lease.holder, "term": lease.term}


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"the lease {lease.name} of term {lease.term} ran out or went to another process")
