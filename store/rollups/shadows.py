"""Facts of shadow requests: each beside the request that it shadows, as soon as both are there.

Both started on the same UTC day, in the same environment and on the same route; neither is a probe, and what is
shadowed is no shadow. So a day's raw rows tell all of its pairs, and a day that is made again has the same. A shadow is
counted when it comes. One whose other request comes later has two facts then: as it is now, and, with the sign -1, as
it was.
"""

from datetime import date, datetime

from sqlalchemy import Connection, text

from store.days import span_of_day
from store.rollups.as_of import CURSORS, Cursors, as_arrays
from store.rollups.facts import ANSWER, COST, attempts_of, by_choice, by_index, text_only

CREATE_SHADOWS = """
CREATE TEMPORARY TABLE IF NOT EXISTS tick_shadows (
    trace_id uuid, started_at timestamptz, batch_id bigint, is_new boolean, shadow_of uuid, text_only boolean,
    policy_epoch bigint, environment text, route text, task_class text, language text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS tick_pairs (
    sign integer, minute timestamptz, environment text, route text, policy_epoch bigint, task_class text,
    language text, call_mode text, effort text, model text, baseline_model text,
    paired boolean, answered boolean, text_only boolean,
    candidate_input bigint, candidate_output bigint, candidate_input_cost bigint, candidate_cost bigint,
    baseline_input bigint, baseline_output bigint, baseline_cost bigint, input_cost_at_baseline numeric
) ON COMMIT DELETE ROWS
"""

_COLUMNS = "policy_epoch, environment, route, task_class, language"
_NEW_SHADOWS = text(
    "INSERT INTO tick_shadows SELECT t.trace_id, t.started_at, t.batch_id, true, t.shadow_of, t.text_only,"
    f" {_COLUMNS} FROM tick_traces t WHERE t.is_new AND t.arm = 'shadow' AND t.probe = ''"
)
# As a value, which cannot become a join: the planner would begin it with the batches, and read all of their traces.
_READ = (
    "{trace}.batch_id <= (SELECT c.batch_id FROM ingest_batches b"
    f" JOIN {CURSORS} ON c.topic_id = b.topic_id AND c.partition = b.partition"
    " WHERE b.id = {trace}.batch_id)"
)
# What `forget` has deleted may come again and was perhaps in a pair: no shadow of such a day waits any more.
_DAYS = text(
    "SELECT DISTINCT CAST(started_at AS date) FROM tick_traces WHERE is_new AND arm <> 'shadow'"
    " AND CAST(started_at AS date) NOT IN (SELECT day FROM incomplete_days)"
)
# Most routes have no shadow: a look into the index of a day's shadows then saves one for each trace.
_HAS_SHADOWS = text(
    "SELECT EXISTS (SELECT FROM traces WHERE shadow_of IS NOT NULL AND started_at >= :begin AND started_at < :end)"
)
# A day at a time, so that its partition is known before the rows are.
_SHADOWS_THAT_WAITED = text(
    "INSERT INTO tick_shadows SELECT s.trace_id, s.started_at, s.batch_id, false, s.shadow_of, s.text_only,"
    " s.policy_epoch, s.environment, s.route, s.task_class, s.language"
    f" FROM tick_traces t CROSS JOIN LATERAL (SELECT s.*, {text_only('s')} AS text_only FROM traces s"
    " WHERE s.shadow_of = t.trace_id AND s.started_at >= :begin AND s.started_at < :end"
    " AND s.arm = 'shadow' AND s.probe = '' AND s.environment = t.environment AND s.route = t.route OFFSET 0) s"
    " WHERE t.is_new AND t.arm <> 'shadow' AND t.probe = '' AND t.started_at >= :begin AND t.started_at < :end"
    f" AND {_READ.format(trace='s')}"
    # A value, as above.
    " AND coalesce((SELECT u.batch_id FROM ingest_batches b JOIN shadows_before u USING (topic_id, partition)"
    " WHERE b.id = s.batch_id), 0) < s.batch_id"
)


def _first_answer(trace: str) -> str:
    return (
        f"(SELECT a.model, a.call_mode, a.effort, a.status, a.input_tokens, a.output_tokens,"
        f" a.prefill_cost + a.cache_cost AS input_cost, {COST} AS cost"
        f" FROM {attempts_of(trace)} a WHERE {ANSWER} ORDER BY a.position LIMIT 1)"
    )


# To whole nano-dollars, a half up, in whole numbers: a quotient with decimals would be rounded twice.
_AT_BASELINE = (
    "CASE WHEN c.input_tokens > 0 THEN"
    " div(2 * CAST(c.input_cost AS numeric) * b.input_tokens + c.input_tokens, 2 * CAST(c.input_tokens AS numeric)) END"
)
_PAIRS = text(f"""
INSERT INTO tick_pairs
SELECT x.sign, date_trunc('minute', s.started_at), s.environment, s.route, s.policy_epoch, s.task_class, s.language,
    coalesce(c.call_mode, ''), coalesce(c.effort, ''), coalesce(c.model, ''), coalesce(b.model, ''),
    o.trace_id IS NOT NULL, coalesce(c.status = 'ok' AND b.status = 'ok', false), s.text_only AND o.text_only,
    c.input_tokens, c.output_tokens, c.input_cost, c.cost, b.input_tokens, b.output_tokens, b.cost, {_AT_BASELINE}
FROM tick_shadows s
CROSS JOIN (VALUES (1), (-1)) AS x(sign)
LEFT JOIN LATERAL (
    SELECT o.trace_id, o.started_at, o.batch_id, {text_only("o")} AS text_only FROM traces o
    WHERE x.sign = 1 AND o.trace_id = s.shadow_of
        AND o.started_at >= date_trunc('day', s.started_at)
        AND o.started_at < date_trunc('day', s.started_at) + interval '1 day'
        AND o.arm <> 'shadow' AND o.probe = '' AND o.environment = s.environment AND o.route = s.route
        AND {_READ.format(trace="o")} OFFSET 0
) o ON true
LEFT JOIN LATERAL {_first_answer("s")} c ON true
LEFT JOIN LATERAL {_first_answer("o")} b ON true
WHERE x.sign = 1 OR NOT s.is_new
""")
_WINDOW = text("SELECT CAST(min(started_at) AS date), CAST(max(started_at) AS date) FROM tick_shadows")


def gather_shadows(db: Connection, before: Cursors, after: Cursors) -> None:
    """Facts of the shadows among the traces that were gathered, and of those that waited for one of these."""
    by_index(db)
    db.execute(_NEW_SHADOWS)
    if before:
        for day in db.execute(_DAYS).scalars().all():
            if db.execute(_HAS_SHADOWS, _span(day, day)).scalar_one():
                db.execute(_SHADOWS_THAT_WAITED, {**_span(day, day), **as_arrays(before)})
    first, last = db.execute(_WINDOW).one()
    if first is not None:
        span = _span(first, last)
        db.execute(_PAIRS, {"earliest": span["begin"], "latest": span["end"], **as_arrays(after)})
    by_choice(db)


def _span(first: date, last: date) -> dict[str, datetime]:
    return {"begin": span_of_day(first)[0], "end": span_of_day(last)[1]}
