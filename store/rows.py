"""Contract values as rows, in the column order of the tables.

Written out field by field: this is the hottest code of the data path, and the order of each tuple is checked against
its table by a test.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import Any

from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import OUTCOME_RANKS
from store.received import CutShort, DeadLetter, Received

Row = tuple[Any, ...]

KEPT_PAYLOAD_BYTES = 64 * 1024
KEPT_KEY_BYTES = 1024
KEPT_DETAIL_CHARS = 2000


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)


def _nanousd(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount.scaleb(9))


def _storable(text: str, limit: int) -> str:
    """Words out of a broken message: a dead letter that could not be stored either would have no place at all."""
    return text.replace("\0", "")[:limit].encode(errors="replace").decode()


def trace_row(trace: Trace, batch_id: int, offset: int) -> Row:
    """One row of `traces`."""
    return (
        trace.trace_id,
        trace.started_at,
        batch_id,
        offset,
        trace.policy_epoch,
        _us(trace.duration_s),
        _us(trace.routing_s),
        _nanousd(trace.routing_cost_usd),
        _nanousd(trace.retrieval_cost_usd),
        _us(trace.human_review_s),
        _nanousd(trace.human_cost_usd),
        trace.threshold,
        -inf if trace.confidence is None and trace.confidence_floor else trace.confidence,
        trace.difficulty,
        trace.shadow_of,
        len(trace.attempts),
        trace.environment,
        trace.router_id,
        trace.tenant or "",
        trace.session_id or "",
        trace.task_class,
        trace.risk or "",
        trace.language or "",
        ",".join(trace.modalities) if trace.modalities else "",
        trace.prompt_version or "",
        trace.probe or "",
        trace.route,
        trace.route_kind or "",
        trace.protocol or "",
        "" if trace.record_revision is None else str(trace.record_revision),
        trace.arm,
        trace.cache,
        trace.recovery,
        trace.failure_mode or "",
        trace.outcome,
    )


def attempt_row(trace: Trace, attempt: Attempt, position: int, batch_id: int) -> Row:
    """One row of `attempts`; `position` counts from 0."""
    return (
        trace.trace_id,
        trace.started_at,
        batch_id,
        attempt.input_tokens,
        attempt.output_tokens,
        attempt.cache_read_tokens,
        attempt.cache_write_tokens,
        attempt.reasoning_tokens,
        attempt.input_chars,
        attempt.output_chars,
        _nanousd(attempt.prefill_cost_usd),
        _nanousd(attempt.cache_cost_usd),
        _nanousd(attempt.generation_cost_usd),
        _nanousd(attempt.tools_cost_usd),
        _us(attempt.ttft_s),
        _us(attempt.duration_s),
        attempt.tool_calls,
        attempt.tool_calls_ok,
        attempt.citations,
        attempt.citations_supported,
        attempt.batch_size,
        position,
        attempt.streamed,
        attempt.schema_valid,
        attempt.repaired,
        attempt.grammar_cold,
        attempt.refused,
        attempt.speculative,
        attempt.role,
        attempt.model,
        attempt.requested_model or "",
        attempt.provider or "",
        attempt.region or "",
        attempt.effort or "",
        attempt.config or "",
        attempt.tokenizer or "",
        attempt.call_mode or "",
        attempt.enforcement or "",
        attempt.status,
        attempt.error_type or "",
        attempt.finish_reason or "",
        attempt.failure_mode or "",
        attempt.schema_id or "",
        attempt.injection or "",
        attempt.injection_at or "",
    )


def outcome_row(outcome: Outcome, message: Received, batch_id: int) -> Row:
    """One row of `outcomes`."""
    return (
        message.source.topic_id,
        message.source.partition,
        message.offset,
        batch_id,
        outcome.trace_id,
        outcome.observed_at,
        outcome.trace_started_at,
        message.broker_time,
        _us(outcome.human_review_s),
        _nanousd(outcome.human_cost_usd),
        OUTCOME_RANKS[outcome.source],
        outcome.outcome,
        outcome.source,
        outcome.scores,
    )


def heartbeat_row(heartbeat: Heartbeat, message: Received, batch_id: int) -> Row:
    """One row of `heartbeats`; epochs and counters stay as they were sent."""
    return (
        heartbeat.router_id,
        heartbeat.boot_id,
        heartbeat.sequence,
        batch_id,
        heartbeat.at,
        message.broker_time,
        heartbeat.emitted,
        heartbeat.dropped,
        heartbeat.environment,
        {route: applied.model_dump(mode="json") for route, applied in heartbeat.epochs.items()},
        [counter.model_dump(mode="json") for counter in heartbeat.counters],
    )


def dead_letter_row(letter: DeadLetter, message: Received, batch_id: int, now: datetime, *, keep: bool) -> Row:
    """One row of `dead_letters` without its id; `keep` False leaves the hash of the payload only."""
    payload = message.payload or b""
    return (
        message.source.topic,
        message.source.topic_id,
        message.source.partition,
        message.offset,
        batch_id,
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
    )
