"""Whose word counts: of each trace the best outcome as of a cursor, and the best one that tells what people did.

The best rank, then the latest `observed_at`, then the last position. Both are found from the end of an index
(`store/tables/messages.py`): however many outcomes a trace has, those that are not the best are not read.
"""

from typing import Any

from sqlalchemy import Connection, text

from store.rollups.as_of import CURSORS

_BEST = 'ORDER BY o.source_rank DESC, o.observed_at DESC, o.topic_id DESC, o.partition DESC, o."offset" DESC LIMIT 1'
# As a value: a join might be begun from the other side, and would read all outcomes of the trace.
_READ = f"o.batch_id <= (SELECT c.batch_id FROM {CURSORS} WHERE c.topic_id = o.topic_id AND c.partition = o.partition)"
_OF_TRACE = (
    f"o.trace_id = t.trace_id AND {_READ}"
    " AND (o.trace_started_at IS NULL OR o.trace_started_at BETWEEN t.started_at - CAST(:near AS interval)"
    " AND t.started_at + CAST(:near AS interval))"
)
_VERDICTS = text(f"""
INSERT INTO tick_verdicts
SELECT t.trace_id, t.started_at, CAST(:is_now AS boolean), best.source_rank, best.outcome, best.broker_time,
    human.told IS NOT NULL, human.human_review_us, human.human_cost_nanousd
FROM tick_traces t
CROSS JOIN LATERAL (
    SELECT o.source_rank, o.outcome, o.broker_time FROM outcomes o WHERE {_OF_TRACE} {_BEST}
) best
LEFT JOIN LATERAL (
    SELECT true AS told, o.human_review_us, o.human_cost_nanousd FROM outcomes o
    WHERE {_OF_TRACE} AND (o.human_review_us IS NOT NULL OR o.human_cost_nanousd IS NOT NULL) {_BEST}
) human ON true
WHERE CAST(:is_now AS boolean) OR NOT t.is_new
""")


def find_verdicts(db: Connection, parameters: dict[str, Any]) -> None:
    """Of all traces that were gathered, into `tick_verdicts`: `is_now`, `near`, and the cursors as arrays."""
    # Without statistics the planner takes outcomes for few, reads all of a trace's and sorts them.
    db.execute(text("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"))
    db.execute(_VERDICTS, parameters)
    db.execute(text("SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on"))
