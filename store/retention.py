"""What is kept how long, beside the day partitions: batches, outcomes, heartbeats as long as raw rows.

Deletes are small and many, so that no lock and no transaction lasts. Nothing goes that an incremental job has not read.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text

from store.days import span_of_day
from store.rollups.adding import minutes_from
from store.rollups.cursors import oldest_unread
from store.sessions import Sessions
from store.sorting import utc_day

DEAD_LETTER_RETENTION = timedelta(days=30)
# By the key from its beginning: reads what is about to go, and not the whole table.
FIRST_KEPT = (
    "SELECT coalesce((SELECT id FROM ingest_batches WHERE committed_at >= :cutoff OR max_started_at >= :cutoff"
    " ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM ingest_batches), 0)"
)
_CHUNK = 10_000


class Deleted(NamedTuple):
    """Rows that retention removed."""

    batches: int
    outcomes: int
    heartbeats: int
    dead_letters: int
    # Rows of rollups by minute; hours and days stay.
    minutes: int = 0


def delete_expired(sessions: Sessions, *, now: datetime, oldest: date) -> Deleted:
    """Remove what was committed before the oldest day kept, dead letters after 30 days, minutes after 14.

    Raises StoreAway.

    A batch that was committed before and has a trace of a day that is kept (its router's clock was ahead) stays too.
    """
    cutoff, _ = span_of_day(oldest)
    with sessions.read() as db:
        first_kept = db.execute(text(FIRST_KEPT), {"cutoff": cutoff}).scalar_one()
        unread = oldest_unread(db)
        first_minute = minutes_from(db)
    if unread.batch_id is not None:
        first_kept = min(first_kept, unread.batch_id)
    if unread.started_at is not None:
        oldest = min(oldest, utc_day(unread.started_at))
    behind = {"first_kept": first_kept}
    outcomes = _delete(sessions, "outcomes", "batch_id < :first_kept", behind)
    heartbeats = _delete(sessions, "heartbeats", "batch_id < :first_kept", behind)
    letters = _delete(sessions, "dead_letters", "dead_at < :cutoff", {"cutoff": now - DEAD_LETTER_RETENTION})
    # Where a job stands tells how fresh its results are, also after a long silence.
    batches = _delete(
        sessions, "ingest_batches", "id < :first_kept AND id NOT IN (SELECT batch_id FROM cursors)", behind
    )
    for table in ("admitted_routes", "admitted_values"):
        _delete(sessions, table, "day < :oldest", {"oldest": oldest})
    minutes = sum(
        _delete(sessions, f"{family}_rollups_minute", "bucket < :first_minute", {"first_minute": first_minute})
        for family in ("request", "attempt", "shadow", "latency", "mix")
    )
    # Last: a repricing keeps it to itself while it writes, and the next round comes soon.
    begin, _ = span_of_day(oldest)
    _delete(sessions, "repriced_attempts", "started_at < :begin", {"begin": begin})
    return Deleted(batches, outcomes, heartbeats, letters, minutes)


def _delete(sessions: Sessions, table: str, condition: str, parameters: dict[str, object]) -> int:
    statement = text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {_CHUNK}))"
    )
    total = 0
    while True:
        with sessions.write() as db:
            deleted = db.execute(statement, parameters).rowcount
        total += deleted
        if deleted < _CHUNK:
            return total
