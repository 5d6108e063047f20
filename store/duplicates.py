"""Traces of a batch that are stored already, perhaps under another start."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from store.received import StagedTrace
from store.same_trace import SAME_TRACE_WITHIN
from store.sorting import SortedBatch

_STORED_ALREADY = text(
    "SELECT t.trace_id, t.started_at FROM staged_traces s JOIN traces t USING (trace_id)"
    " WHERE t.started_at >= :earliest AND t.started_at <= :latest"
)


def leave_out_duplicates(db: Connection, work: SortedBatch) -> list[StagedTrace]:
    """Take traces that are stored already out of the batch and of the staged tables; returns which they were."""
    if not work.traces:
        return []
    stored: dict[UUID, list[datetime]] = {}
    for row in db.execute(_STORED_ALREADY, _window(work.days)):
        stored.setdefault(row.trace_id, []).append(row.started_at)
    gone = work.leave_out_duplicates(stored)
    if gone:
        parameters = {"ids": [trace.trace_id for trace in gone], "starts": [trace.started_at for trace in gone]}
        for staged in ("staged_traces", "staged_attempts"):
            db.execute(
                text(
                    f"DELETE FROM {staged} s USING unnest(CAST(:ids AS uuid[]), CAST(:starts AS timestamptz[]))"
                    " AS gone(trace_id, started_at)"
                    " WHERE s.trace_id = gone.trace_id AND s.started_at = gone.started_at"
                ),
                parameters,
            )
    return gone


def _window(days: Collection[date]) -> dict[str, datetime]:
    """Where a trace of these days may have been stored under another start."""
    first, last = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (min(days), max(days)))
    return {"earliest": first - SAME_TRACE_WITHIN, "latest": last + timedelta(days=1) + SAME_TRACE_WITHIN}
