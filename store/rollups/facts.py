"""From raw rows to facts: one row for each request, with what its attempts and its outcomes make of it.

Facts stand in temporary tables of the session, empty after each commit. A request whose outcome is another one than
when it was counted has two facts: as it is now, and, with the sign -1, as it was.

An outcome as of a cursor: the best of the rows below it (`store/rollups/verdicts.py`); the trace's own outcome ranks as
auto and below every told one of that rank. A trace and an outcome belong together by id and, where the outcome says
when the trace started, by starts at most a day apart. Source: design §4.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from pointsman_contract.measures import OUTCOME_HORIZON_S
from store.rollups.as_of import CURSORS, Cursors, as_arrays
from store.rollups.keys import ANSWER_ROLES
from store.rollups.verdicts import find_verdicts
from store.same_trace import SAME_TRACE_WITHIN

OUTCOME_HORIZON = timedelta(seconds=OUTCOME_HORIZON_S)

ANSWER = f"a.role IN ({', '.join(repr(role) for role in ANSWER_ROLES)})"
# Four parts of at most a billion dollars each fit into a bigint together.
COST = "a.prefill_cost + a.cache_cost + a.generation_cost + a.tools_cost"
_PARTS = ("prefill", "cache", "generation", "tools")

CREATE_FACTS = """
CREATE TEMPORARY TABLE IF NOT EXISTS tick_traces (
    trace_id uuid, started_at timestamptz, batch_id bigint, is_new boolean,
    policy_epoch bigint, duration_us bigint, routing_us bigint, routing_cost_nanousd bigint,
    retrieval_cost_nanousd bigint, human_review_us bigint, human_cost_nanousd bigint, text_only boolean, shadow_of uuid,
    environment text, route text, route_kind text, arm text, record_revision text, protocol text, task_class text,
    risk text, probe text, language text, tenant text, cache text, recovery text, failure_mode text, outcome text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS tick_answered (
    LIKE tick_traces,
    attempts integer, answers integer, unpriced integer, first_position smallint, final_position smallint,
    escalated boolean, retried boolean, fell_back boolean, timed_out boolean, any_ok boolean, injection_known boolean,
    injection_detected boolean, injection_succeeded boolean, attempts_cost numeric, answer_cost numeric,
    escalation_cost numeric, input_tokens numeric, output_tokens numeric,
    model text, provider text, final_status text, streamed boolean, final_ttft_us bigint, behind_us numeric,
    first_cost bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS tick_verdicts (
    trace_id uuid, started_at timestamptz, is_now boolean, source_rank smallint, outcome text, broker_time timestamptz,
    human_told boolean, human_review_us bigint, human_cost_nanousd bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS tick_requests (
    sign integer, is_new boolean, minute timestamptz,
    environment text, route text, route_kind text, arm text, record_revision text, policy_epoch bigint,
    protocol text, task_class text, risk text, model text, probe text, tenant text, provider text,
    recovery text, failure_mode text, outcome text, cached boolean, known boolean, success boolean, late boolean,
    escalated boolean, human_escalated boolean, retried boolean, fell_back boolean, timed_out boolean,
    delivered boolean, injection_known boolean, injection_detected boolean, injection_succeeded boolean,
    priced boolean, attempts integer, answers integer, unpriced integer,
    human_us bigint, duration_us bigint, ttft_us bigint, routing_us bigint,
    cost numeric, attempts_cost numeric, answer_cost numeric, first_cost bigint, escalation_cost numeric,
    human_cost bigint, routing_cost bigint, retrieval_cost bigint, input_tokens numeric, output_tokens numeric
) ON COMMIT DELETE ROWS
"""


def text_only(trace: str) -> str:
    """Whether a trace holds text alone. Two texts are text too; so is what does not say what it holds."""
    return f"{trace}.modalities ~ '^(text(,text)*)?$'"


# The cost of the trace's own human review stands among the repriced attempts as position -1.
_HUMAN_COST = "CASE WHEN h.trace_id IS NULL THEN t.human_cost_nanousd ELSE h.generation_cost_nanousd END"
_REPRICED = (
    " LEFT JOIN repriced_attempts h ON h.started_at = t.started_at AND h.trace_id = t.trace_id AND h.position = -1"
)
_TRACE_COLUMNS = (
    "t.policy_epoch, t.duration_us, t.routing_us, t.routing_cost_nanousd, t.retrieval_cost_nanousd,"
    f" t.human_review_us, {_HUMAN_COST}, {text_only('t')}, t.shadow_of, t.environment, t.route, t.route_kind,"
    " t.arm, t.record_revision, t.protocol, t.task_class, t.risk, t.probe, t.language, t.tenant, t.cache, t.recovery,"
    " t.failure_mode, t.outcome"
)
_NEW_TRACES = text(
    f"INSERT INTO tick_traces SELECT t.trace_id, t.started_at, t.batch_id, true, {_TRACE_COLUMNS}"
    f" FROM traces t{_REPRICED}"
    " WHERE t.batch_id = ANY(:batches) AND t.started_at BETWEEN :earliest AND :latest"
    " AND CAST(t.started_at AS date) <> ALL(CAST(:dropped AS date[]))"
)
_ALL_TRACES = text(
    f"INSERT INTO tick_traces SELECT t.trace_id, t.started_at, t.batch_id, true, {_TRACE_COLUMNS}"
    f" FROM traces t{_REPRICED}"
    " JOIN ingest_batches b ON b.id = t.batch_id"
    f" JOIN {CURSORS} ON c.topic_id = b.topic_id AND c.partition = b.partition"
    " WHERE t.started_at >= :begin AND t.started_at < :end AND t.batch_id <= c.batch_id"
)
# OFFSET 0 keeps a look-up a look-up. Without it the planner, which does not know how many rows temporary tables hold,
# may read all outcomes, batches or attempts of a day and go through them for each new row.
# By the id's index on each day: with the start that the outcome tells in three days, else in all. Once, although two
# outcomes of one trace, one with and one without the trace's start, find it twice.
_TOLD_AGAIN = text(
    "INSERT INTO tick_traces SELECT DISTINCT ON (t.trace_id, t.started_at) t.trace_id, t.started_at, t.batch_id, false,"
    f" {_TRACE_COLUMNS}"
    " FROM (SELECT DISTINCT trace_id, trace_started_at FROM outcomes WHERE batch_id = ANY(:batches)) o"
    " CROSS JOIN LATERAL (SELECT * FROM traces t WHERE t.trace_id = o.trace_id"
    " AND t.started_at >= coalesce(o.trace_started_at - CAST(:near AS interval), '-infinity')"
    " AND t.started_at <= coalesce(o.trace_started_at + CAST(:near AS interval), 'infinity') OFFSET 0) t"
    f"{_REPRICED}"
    " CROSS JOIN LATERAL (SELECT topic_id, partition FROM ingest_batches WHERE id = t.batch_id OFFSET 0) b"
    f" JOIN {CURSORS} ON c.topic_id = b.topic_id AND c.partition = b.partition"
    " WHERE t.batch_id <= c.batch_id AND CAST(t.started_at AS date) <> ALL(CAST(:dropped AS date[]))"
)
# A day that retention has dropped is counted for good: what comes back of it, once more is kept, may have been in it.
_DROPPED = text("SELECT coalesce(array_agg(day), '{}') FROM incomplete_days WHERE reason = 'retention'")


def attempts_of(trace: str) -> str:
    """The attempts of a row of a temporary table of traces, with the costs that hold now, for a LATERAL join.

    A repriced attempt has its costs from there, also where nobody knows them any more. OFFSET 0: as above.
    """
    costs = ", ".join(
        f"CASE WHEN r.trace_id IS NULL THEN a.{part}_cost_nanousd ELSE r.{part}_cost_nanousd END AS {part}_cost"
        for part in _PARTS
    )
    return (
        f"(SELECT a.*, {costs} FROM attempts a LEFT JOIN repriced_attempts r"
        " ON r.started_at = a.started_at AND r.trace_id = a.trace_id AND r.position = a.position"
        f" WHERE a.batch_id = {trace}.batch_id AND a.trace_id = {trace}.trace_id AND a.started_at = {trace}.started_at"
        " AND a.started_at BETWEEN :earliest AND :latest OFFSET 0)"
    )


_FINAL = "FILTER (WHERE a.position = n.final_position)"
_BEHIND = "FILTER (WHERE a.position >= n.final_position)"
_ANSWERED = text(f"""
INSERT INTO tick_answered
SELECT t.*, n.attempts, n.answers, n.unpriced, n.first_position, n.final_position, n.escalated, n.retried, n.fell_back,
    n.timed_out, n.any_ok, n.injection_known, n.injection_detected, n.injection_succeeded, n.attempts_cost,
    n.answer_cost, n.escalation_cost, n.input_tokens, n.output_tokens,
    coalesce(z.model, ''), coalesce(z.provider, ''), coalesce(z.status, ''), z.streamed, z.ttft_us, z.behind_us,
    z.first_cost
FROM tick_traces t
CROSS JOIN LATERAL (
    SELECT count(*) AS attempts, count(*) FILTER (WHERE {ANSWER}) AS answers,
        count(*) FILTER (WHERE {COST} IS NULL) AS unpriced,
        min(a.position) FILTER (WHERE {ANSWER}) AS first_position,
        max(a.position) FILTER (WHERE {ANSWER}) AS final_position,
        coalesce(bool_or(a.role = 'escalation'), false) AS escalated,
        coalesce(bool_or(a.role = 'retry'), false) AS retried,
        coalesce(bool_or(a.role = 'fallback'), false) AS fell_back,
        coalesce(bool_or({ANSWER} AND a.status = 'timeout'), false) AS timed_out,
        coalesce(bool_or({ANSWER} AND a.status = 'ok'), false) AS any_ok,
        coalesce(bool_or({ANSWER} AND a.injection <> ''), false) AS injection_known,
        coalesce(bool_or({ANSWER} AND a.injection IN ('detected', 'blocked', 'succeeded')), false)
            AS injection_detected,
        coalesce(bool_or({ANSWER} AND a.injection = 'succeeded'), false) AS injection_succeeded,
        sum({COST}) AS attempts_cost, sum({COST}) FILTER (WHERE {ANSWER}) AS answer_cost,
        sum({COST}) FILTER (WHERE a.role = 'escalation') AS escalation_cost,
        sum(a.input_tokens) AS input_tokens, sum(a.output_tokens) AS output_tokens
    FROM {attempts_of("t")} a
) n
CROSS JOIN LATERAL (
    SELECT max(a.model) {_FINAL} AS model, max(a.provider) {_FINAL} AS provider, max(a.status) {_FINAL} AS status,
        bool_or(a.streamed) {_FINAL} AS streamed, max(a.ttft_us) {_FINAL} AS ttft_us,
        CASE WHEN bool_and(a.duration_us IS NOT NULL) {_BEHIND} THEN sum(a.duration_us) {_BEHIND} END AS behind_us,
        max({COST}) FILTER (WHERE a.position = n.first_position) AS first_cost
    FROM {attempts_of("t")} a WHERE n.answers > 0
) z
""")
_UNTOLD = "v.outcome IS NULL OR (v.source_rank < 1 AND t.outcome <> 'unknown')"
_REQUESTS = text(f"""
INSERT INTO tick_requests
SELECT f.sign, f.is_new, f.minute, f.environment, f.route, f.route_kind, f.arm, f.record_revision, f.policy_epoch,
    f.protocol, f.task_class, f.risk, f.model, f.probe, f.tenant, f.provider, f.recovery, f.failure_mode, f.told,
    f.cache <> 'none', f.told <> 'unknown', f.told = 'success', f.late,
    f.escalated OR f.recovery = 'stronger_model', f.recovery = 'human_review' OR f.protocol = 'human',
    f.retried OR f.recovery = 'retry', f.fell_back, f.timed_out OR f.failure_mode = 'timeout',
    f.recovery <> 'fail_closed' AND (f.cache <> 'none' OR f.recovery = 'human_review' OR f.final_status = 'ok'
        OR (f.any_ok AND (f.final_status = 'cancelled' OR f.recovery = 'fail_open'))),
    f.injection_known, f.injection_detected, f.injection_succeeded,
    f.unpriced = 0 AND (coalesce(f.human_us, 0) = 0 OR f.human_cost IS NOT NULL),
    f.attempts, f.answers, f.unpriced, f.human_us, f.duration_us,
    CASE WHEN f.streamed AND f.duration_us >= f.behind_us THEN f.duration_us - f.behind_us + f.final_ttft_us END,
    f.routing_us,
    coalesce(f.attempts_cost, 0) + coalesce(f.routing_cost_nanousd, 0) + coalesce(f.retrieval_cost_nanousd, 0)
        + coalesce(f.human_cost, 0),
    f.attempts_cost, f.answer_cost, f.first_cost, f.escalation_cost, f.human_cost, f.routing_cost_nanousd,
    f.retrieval_cost_nanousd,
    f.input_tokens, f.output_tokens
FROM (
    SELECT s.sign, t.*, date_trunc('minute', t.started_at) AS minute,
        CASE WHEN {_UNTOLD} THEN t.outcome ELSE v.outcome END AS told,
        NOT ({_UNTOLD}) AND v.broker_time > t.started_at + CAST(:horizon AS interval) AS late,
        CASE WHEN v.human_told THEN v.human_review_us ELSE t.human_review_us END AS human_us,
        CASE WHEN v.human_told THEN v.human_cost_nanousd ELSE t.human_cost_nanousd END AS human_cost
    FROM tick_answered t
    CROSS JOIN (VALUES (1), (-1)) AS s(sign)
    LEFT JOIN tick_verdicts v
        ON v.trace_id = t.trace_id AND v.started_at = t.started_at AND v.is_now = (s.sign = 1)
    WHERE s.sign = 1 OR NOT t.is_new
) f
""")


class Batches(NamedTuple):
    """Whole batches that a tick takes: of traces, of outcomes, and the starts of their traces."""

    traces: Sequence[int]
    outcomes: Sequence[int]
    earliest: datetime | None
    latest: datetime | None


def gather_news(db: Connection, batches: Batches, before: Cursors, after: Cursors) -> None:
    """Facts of what these batches brought, between two cursors, into the temporary tables."""
    dropped = {"dropped": db.execute(_DROPPED).scalar_one()}
    by_index(db)
    if batches.traces:
        window = {"earliest": batches.earliest, "latest": batches.latest}
        db.execute(_NEW_TRACES, {"batches": list(batches.traces), **window, **dropped})
    if batches.outcomes and before:
        told = {"batches": list(batches.outcomes), "near": SAME_TRACE_WITHIN}
        db.execute(_TOLD_AGAIN, {**told, **as_arrays(before), **dropped})
    _gather(db, before, after)


def gather_day(db: Connection, begin: datetime, end: datetime, read: Cursors) -> None:
    """Facts of all traces that started in a span, as of cursors: what a rebuild and a comparison start from."""
    db.execute(_ALL_TRACES, {"begin": begin, "end": end, **as_arrays(read)})
    _gather(db, {}, read)


def _gather(db: Connection, before: Cursors, after: Cursors) -> None:
    earliest, latest = db.execute(text("SELECT min(started_at), max(started_at) FROM tick_traces")).one()
    by_index(db)
    for is_now, cursors in ((True, after), (False, before)):
        if cursors:
            find_verdicts(db, {"is_now": is_now, "near": SAME_TRACE_WITHIN, **as_arrays(cursors)})
    db.execute(_ANSWERED, {"earliest": earliest, "latest": latest})
    by_choice(db)
    db.execute(_REQUESTS, {"horizon": OUTCOME_HORIZON})


def by_index(db: Connection) -> None:
    """Follow each row by an index: what is looked up is small, and the tables behind it hold all of history."""
    db.execute(
        text("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    )


def by_choice(db: Connection) -> None:
    """As the planner likes: between the temporary tables, which hold what is new alone."""
    _allow_whole_reads(db, "on")


def _allow_whole_reads(db: Connection, allowed: str) -> None:
    ways = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
    db.execute(text("; ".join(f"SET LOCAL {way} = {allowed}" for way in ways)))
