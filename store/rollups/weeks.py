"""Closed weeks: rows of latency for seven days at once, a copy of the sums of these days and never a source.

A week is closed while its mark in `closed_weeks` says so. Whoever changes the latency of a day changes the mark in the
same transaction, so a transaction that finds a week closed in its snapshot finds the same in one row as in seven. Who
merges weeks is `store/rollups/closing.py`. Source: docs/adr/0022.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

WEEK = timedelta(days=7)
DAYS_TABLE, WEEKS_TABLE = "latency_rollups_day", "latency_rollups_week"

_CLOSED = text(
    "SELECT week FROM closed_weeks WHERE state = 'closed' AND week >= :begin AND week + interval '7 days' <= :end"
    " ORDER BY week"
)
# A row stays, and says when its week was merged: it will not be merged again at once.
_REOPEN = "UPDATE closed_weeks SET state = 'reopened' WHERE state <> 'reopened' AND week IN ({weeks})"
_REOPEN_WEEK_OF = text(_REOPEN.format(weeks="date_trunc('week', CAST(:moment AS timestamptz))"))


def reopening(change: str) -> str:
    """The statement that changes rows of DAYS_TABLE, and reopens the weeks of those that it changed."""
    reopen = _REOPEN.format(weeks="SELECT date_trunc('week', bucket) FROM changed")
    return f"WITH changed AS ({change} RETURNING bucket) {reopen}"


def reopen_week_of(db: Connection, moment: datetime) -> None:
    """Reopen the week in which that is, for who changes a whole day of it in this transaction."""
    db.execute(_REOPEN_WEEK_OF, {"moment": moment})


def closed_weeks(db: Connection, begin: datetime, end: datetime) -> Sequence[datetime]:
    """The Mondays of the weeks between these that are closed in the snapshot of this transaction, rising."""
    return db.execute(_CLOSED, {"begin": begin, "end": end}).scalars().all()
