"""Contract values as rows of the staged tables, in their column order.

A staged row holds the message's own values; seconds, dollars and what was not given become the store's in the database
(`store/staging.py`). Plain traces come with their parts made (`ingest/fast_traces.py`); for all others a
row is one look-up of many names at once. What has a price is put together in `store/priced_rows.py`.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from math import inf
from operator import attrgetter
from typing import Any

from sqlalchemy import Table

from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import OUTCOME_RANKS
from store.received import CutShort, DeadLetter, Received, StagedTrace
from store.tables import attempts, outcomes, traces

Row = tuple[Any, ...]

KEPT_PAYLOAD_BYTES = 64 * 1024
KEPT_KEY_BYTES = 1024
KEPT_DETAIL_CHARS = 2000

# A row begins with where it came from, then with what no field of its message holds as it is, each in this order. In
# place of its batch's number it has the part of the batch, counted from 1.
TRACE_PLACE = ("batch_id", "offset", "replayed", "human_price_id")
TRACE_COMPUTED = ("attempt_count", "trace_id", "started_at", "modalities", "record_revision", "confidence")
ATTEMPT_PLACE = ("batch_id", "trace_id", "started_at", "position", "price_id")
OUTCOME_COMPUTED = (
    "topic_id", "partition", "offset", "batch_id", "broker_time", "source_rank", "human_cost_nanousd", "human_price_id",
    "replayed",
)  # fmt: skip
_COMPUTED = {
    traces.name: (*TRACE_PLACE, *TRACE_COMPUTED),
    attempts.name: ATTEMPT_PLACE,
    outcomes.name: OUTCOME_COMPUTED,
}
# What is looked at while rows are made (`store/priced_rows.py`) comes before all else that a message holds.
LEADING = {
    traces.name: ("human_review_us", "human_cost_nanousd"),
    attempts.name: (
        "prefill_cost_nanousd", "cache_cost_nanousd", "generation_cost_nanousd", "tools_cost_nanousd", "model",
        "provider", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "tool_calls",
        "duration_us", "batch_size",
    ),
}  # fmt: skip


def columns_of(target: Table) -> list[str]:
    """The columns that a staged row fills, in order: all but those that the database numbers itself."""
    names = [column.name for column in target.columns if column.identity is None]
    first = [*_COMPUTED.get(target.name, ()), *LEADING.get(target.name, ())]
    return [*first, *(name for name in names if name not in first)]


def plain_fields(target: Table) -> list[str]:
    """The contract's fields that a row holds as they are, in its order."""
    return [field_of(name) for name in columns_of(target) if name not in _COMPUTED[target.name]]


def field_of(column: str) -> str:
    """The contract's field that a column holds: `x_us` the field `x_s`, `x_nanousd` the field `x_usd`."""
    return column.removesuffix("_us") + "_s" if column.endswith("_us") else column.replace("_nanousd", "_usd")


_of_trace = attrgetter(*plain_fields(traces))
_of_attempt = attrgetter(*plain_fields(attempts))
_of_outcome = attrgetter(*plain_fields(outcomes))


def _with_amounts_as_text(values: Row) -> Row:
    """As text: the driver takes five times as long for a Decimal."""
    return tuple(str(value) if type(value) is Decimal else value for value in values)


def _storable(text: str, limit: int) -> str:
    """Words out of a broken message: a dead letter that could not be stored either would have no place at all."""
    return text.replace("\0", "")[:limit].encode(errors="replace").decode()


def stage_trace(trace: Trace) -> StagedTrace:
    """The parts of a trace's rows."""
    plain = _with_amounts_as_text(_of_trace(trace))
    parts = tuple(_with_amounts_as_text(_of_attempt(attempt)) for attempt in trace.attempts)
    return stage_parts(trace, trace.started_at, plain, parts)


def stage_parts(trace: Trace, started_at: datetime, plain: Row, parts: tuple[Row, ...]) -> StagedTrace:
    """The same where the plain fields of trace and attempts are at hand; `trace` is anything that has its fields."""
    revision, confidence = trace.record_revision, trace.confidence
    computed = (
        len(parts),
        trace.trace_id,
        started_at,
        ",".join(trace.modalities) if trace.modalities else "",
        None if revision is None else str(revision),
        -inf if confidence is None and trace.confidence_floor else confidence,
    )
    return StagedTrace(trace.trace_id, started_at, trace.environment, trace.route, computed, plain, parts)


def bare_outcome_row(
    outcome: Outcome, message: Received, part: int, human_cost: str | None, human_price_id: int | None
) -> Row:
    """One row of `outcomes`; a cost with a price's number is in nano-dollars, one without in dollars."""
    at = message.source
    return (
        at.topic_id,
        at.partition,
        message.offset,
        part,
        message.broker_time,
        OUTCOME_RANKS[outcome.source],
        human_cost,
        human_price_id,
        message.replay_of is not None,
        *_of_outcome(outcome),
    )


def heartbeat_row(heartbeat: Heartbeat, message: Received, part: int) -> Row:
    """One row of `heartbeats`; epochs and counters stay as they were sent."""
    return (
        heartbeat.router_id,
        heartbeat.boot_id,
        heartbeat.sequence,
        part,
        heartbeat.at,
        message.broker_time,
        heartbeat.emitted,
        heartbeat.dropped,
        heartbeat.environment,
        {route: applied.model_dump(mode="json") for route, applied in heartbeat.epochs.items()},
        [counter.model_dump(mode="json") for counter in heartbeat.counters],
        message.replay_of is not None,
    )


def dead_letter_row(letter: DeadLetter, message: Received, part: int, now: datetime, *, keep: bool) -> Row:
    """One row of `dead_letters` without its id; `keep` False leaves the hash of the payload only."""
    payload = message.payload or b""
    return (
        message.source.topic,
        message.source.topic_id,
        message.source.partition,
        message.offset,
        part,
        message.broker_time,
        now,
        _storable(letter.environment, MAX_TEXT),
        _storable(letter.route, MAX_TEXT),
        letter.reason.value,
        _storable(letter.detail, KEPT_DETAIL_CHARS),
        len(payload),
        payload.sha256 if isinstance(payload, CutShort) else hashlib.sha256(payload).digest(),
        payload[:KEPT_PAYLOAD_BYTES] if keep else None,
        message.message_key[:KEPT_KEY_BYTES] if keep and message.message_key is not None else None,
        _storable(message.replay_of or "", KEPT_DETAIL_CHARS),
        None,
        None,
    )
