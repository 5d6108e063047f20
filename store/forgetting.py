"""Delete what is stored of one session or one tenant: traces, attempts, outcomes, dead letters.

In small transactions, each of which leaves nothing half forgotten: a trace goes together with its attempts and
outcomes. A run that is cut short is continued by the next one, because what is gone is not found again.

Rollups count what they have read, so a trace goes only once every incremental job has read its batch; later ones stay
for the next run. The day is noted: its rollups cannot be made again from what is left. The names of tenants in the
rollups: `store/forgetting_tenants.py`.
"""

from collections.abc import Generator
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import Connection, text

from pointsman_contract.fields import MAX_INTEGER
from store.days import attached_days, pages_of, span_of_day
from store.rollups.cursors import FIRST_UNREAD, oldest_unread, wait_patiently
from store.same_trace import SAME_TRACE_WITHIN
from store.sessions import Sessions

# 8 MiB of a day's traces in a transaction: some twenty thousand rows at the most.
_BLOCKS = 1024
# Numbers are drawn before a batch commits: so many may be under way.
_BATCHES_UNDER_WAY = 64

_WHOSE = (
    "started_at >= :begin AND started_at < :end AND {column} = :value"
    " AND (CAST(:environment AS text) IS NULL OR environment = :environment)"
)
# What is not counted yet stays, be it the trace or an outcome of it. In the statement itself, so that a batch that is
# committed meanwhile is neither seen as read nor deleted.
_READ = (
    "batch_id < (SELECT unread FROM bound) AND NOT EXISTS (SELECT FROM outcomes o"
    " WHERE o.trace_id = traces.trace_id AND o.batch_id >= (SELECT unread FROM bound))"
)
_RANGE = " AND ctid >= CAST(:from_ctid AS tid) AND ctid < CAST(:to_ctid AS tid)"
# `attempts` has no index on the trace's id, but one on its batch: each batch is read once, however many traces of it
# go. A trace's id may come again a day later.
_FORGET = (
    "WITH bound AS MATERIALIZED (SELECT coalesce({first_unread}, 9223372036854775807) AS unread),"
    " gone AS (DELETE FROM traces WHERE {window} AND {read} RETURNING trace_id, started_at, batch_id),"
    " gone_attempts AS (DELETE FROM attempts a USING gone g WHERE a.started_at >= :begin AND a.started_at < :end"
    " AND a.batch_id = ANY(ARRAY(SELECT DISTINCT batch_id FROM gone))"
    " AND a.trace_id = g.trace_id AND a.started_at = g.started_at RETURNING 1),"
    " gone_outcomes AS (DELETE FROM outcomes o USING gone g WHERE o.trace_id = g.trace_id AND"
    " (o.trace_started_at IS NULL OR o.trace_started_at BETWEEN g.started_at - :near AND g.started_at + :near)"
    " RETURNING 1),"
    " noted AS (INSERT INTO incomplete_days (day, reason) SELECT CAST(:begin AS date), 'forget'"
    " WHERE EXISTS (SELECT FROM gone) ON CONFLICT DO NOTHING),"
    " gone_prices AS (DELETE FROM repriced_attempts r USING gone g"
    " WHERE r.started_at = g.started_at AND r.trace_id = g.trace_id)"
    " SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM gone_attempts), (SELECT count(*) FROM gone_outcomes),"
    " (SELECT count(*) FROM traces WHERE {window} AND batch_id <= :behind AND NOT ({read}))"
)
_COUNT = "SELECT count(*) FROM traces WHERE {whose}"


class Whose(NamedTuple):
    """Whose data: every trace with this value in this column, of one environment or of all."""

    column: Literal["session_id", "tenant"]
    value: str
    environment: str | None = None


class Forgotten(NamedTuple):
    """Rows that were deleted, and traces that stay because an outcome of theirs is not counted yet."""

    traces: int = 0
    attempts: int = 0
    outcomes: int = 0
    waiting: int = 0

    def plus(self, other: "Forgotten") -> "Forgotten":
        """The sum, field by field."""
        return Forgotten(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def stored_days(sessions: Sessions) -> list[date]:
    """The days that have a partition, the oldest first. Raises StoreAway."""
    with sessions.read() as db:
        return sorted(attached_days(db, "traces"))


def count_traces(sessions: Sessions, whose: Whose, day: date) -> int:
    """How many traces of a day would go. Raises StoreAway. Reads the whole day: no index knows sessions or tenants."""
    statement = _COUNT.format(whose=_WHOSE.format(column=whose.column))
    with sessions.read() as db:
        db.execute(text("SET LOCAL statement_timeout = 0"))
        return int(db.execute(text(statement), _parameters(whose, day)).scalar_one())


def forget_day(sessions: Sessions, whose: Whose, day: date, *, behind: int = MAX_INTEGER) -> Generator[Forgotten]:
    """Delete what a day holds, some at a time; yields what each transaction deleted. Raises StoreAway.

    What ingest stores meanwhile may stay: look again afterwards, behind the batch `behind` (`newest_batch`). Up to it
    nothing stays that is not told as waiting.
    """
    statement = text(forget_statement(whose))
    parameters = {**_parameters(whose, day), "near": SAME_TRACE_WITHIN, "behind": behind}
    with sessions.read() as db:
        pages = pages_of(db, "traces", day)
    for first in range(0, pages, _BLOCKS):
        window = {"from_ctid": f"({first},0)", "to_ctid": f"({first + _BLOCKS},0)"}
        with sessions.write() as db:
            # By the pages of the window and by indexes: no table is read whole, whatever its statistics say.
            db.execute(text("SET LOCAL enable_seqscan = off"))
            _await_repricing(db)
            row = db.execute(statement, {**parameters, **window}).one()
        yield Forgotten(*row)


def _await_repricing(db: Connection) -> None:
    """What this deletes must not come back from a repricing that has read it: one of a large day takes minutes."""
    wait_patiently(db)
    db.execute(text("LOCK TABLE repriced_attempts IN ROW EXCLUSIVE MODE"))
    db.execute(text("SET LOCAL statement_timeout TO DEFAULT; SET LOCAL lock_timeout TO DEFAULT"))


def forget_statement(whose: Whose) -> str:
    """What deletes one window of a day; for `forget_day`, and for who wants to see its plan."""
    window = _WHOSE.format(column=whose.column) + _RANGE
    return _FORGET.format(window=window, read=_READ, first_unread=FIRST_UNREAD)


def _parameters(whose: Whose, day: date) -> dict[str, object]:
    begin, end = span_of_day(day)
    return {
        "begin": begin,
        "end": end,
        "value": whose.value,
        "environment": whose.environment,
    }


def newest_batch(sessions: Sessions) -> int:
    """The number behind which lies all that is stored from now on, or not read by every job. Raises StoreAway."""
    with sessions.read() as db:
        newest = int(db.execute(text("SELECT coalesce(max(id), 0) FROM ingest_batches")).scalar_one())
        unread = _first_unread(db)
    return min(newest - _BATCHES_UNDER_WAY, unread - 1)


def _first_unread(db: Connection) -> int:
    unread = oldest_unread(db).batch_id
    return MAX_INTEGER if unread is None else unread


def stored_since(sessions: Sessions, whose: Whose, batch: int) -> int:
    """How many traces came in batches behind this one and are there. Raises StoreAway."""
    statement = (
        f"SELECT count(*) FROM traces WHERE batch_id > :batch AND {whose.column} = :value"
        " AND (CAST(:environment AS text) IS NULL OR environment = :environment)"
    )
    with sessions.read() as db:
        parameters = {"batch": batch, "value": whose.value, "environment": whose.environment}
        return int(db.execute(text(statement), parameters).scalar_one())
