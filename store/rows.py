"""Contract values as rows of the staged tables, in their column order.

A staged row holds the message's own values; seconds, dollars and what was not given become the store's in the database
(`store/staging.py`). This is the hottest code of the data path: a row is one look-up of many names at once.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from math import inf
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import OUTCOME_RANKS
from store.received import CutShort, DeadLetter, Received
from store.tables import attempts, outcomes, traces

Row = tuple[Any, ...]

KEPT_PAYLOAD_BYTES = 64 * 1024
KEPT_KEY_BYTES = 1024
KEPT_DETAIL_CHARS = 2000

# Columns that no field of their message holds as it is: a row begins with these, in this order.
TRACE_COMPUTED = (
    "batch_id", "offset", "attempt_count", "modalities", "record_revision", "confidence", "replayed",
    "routing_cost_nanousd", "retrieval_cost_nanousd", "human_cost_nanousd",
)  # fmt: skip
ATTEMPT_COMPUTED = (
    "trace_id", "started_at", "batch_id", "position",
    "prefill_cost_nanousd", "cache_cost_nanousd", "generation_cost_nanousd", "tools_cost_nanousd",
)  # fmt: skip
OUTCOME_COMPUTED = (
    "topic_id", "partition", "offset", "batch_id", "broker_time", "source_rank", "human_cost_nanousd",
    "replayed",
)  # fmt: skip
_NO_COSTS = (None, None, None, None)


def columns_of(target: Table) -> list[str]:
    """The columns that a staged row fills, in order: all but those that the database numbers itself."""
    names = [column.name for column in target.columns if column.identity is None]
    computed = _COMPUTED.get(target.name, ())
    return [*computed, *(name for name in names if name not in computed)]


def field_of(column: str) -> str:
    """The contract's field that a column holds: `x_us` the field `x_s`, `x_nanousd` the field `x_usd`."""
    return column.removesuffix("_us") + "_s" if column.endswith("_us") else column.replace("_nanousd", "_usd")


_COMPUTED = {traces.name: TRACE_COMPUTED, attempts.name: ATTEMPT_COMPUTED, outcomes.name: OUTCOME_COMPUTED}


def _fields_of(target: Table) -> Callable[[Mapping[str, Any]], Row]:
    computed = _COMPUTED[target.name]
    return itemgetter(*(field_of(name) for name in columns_of(target) if name not in computed))


_of_trace = _fields_of(traces)
_of_attempt = _fields_of(attempts)
_costs_of_attempt = itemgetter("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")
_of_outcome = _fields_of(outcomes)


def _amount(amount: Decimal | None) -> str | None:
    # As text: the driver takes five times as long for a Decimal.
    return None if amount is None else str(amount)


def _storable(text: str, limit: int) -> str:
    """Words out of a broken message: a dead letter that could not be stored either would have no place at all."""
    return text.replace("\0", "")[:limit].encode(errors="replace").decode()


def trace_row(trace: Trace, batch_id: int, offset: int, *, replayed: bool = False) -> Row:
    """One row of `traces`."""
    revision = trace.record_revision
    confidence = trace.confidence
    return (
        batch_id,
        offset,
        len(trace.attempts),
        ",".join(trace.modalities) if trace.modalities else "",
        None if revision is None else str(revision),
        -inf if confidence is None and trace.confidence_floor else confidence,
        replayed,
        _amount(trace.routing_cost_usd),
        _amount(trace.retrieval_cost_usd),
        _amount(trace.human_cost_usd),
        *_of_trace(vars(trace)),
    )


def attempt_row(trace: Trace, attempt: Attempt, position: int, batch_id: int) -> Row:
    """One row of `attempts`; `position` counts from 0."""
    fields = vars(attempt)
    costs = _NO_COSTS if attempt.prefill_cost_usd is None else map(str, _costs_of_attempt(fields))
    return (trace.trace_id, trace.started_at, batch_id, position, *costs, *_of_attempt(fields))


def outcome_row(outcome: Outcome, message: Received, batch_id: int) -> Row:
    """One row of `outcomes`."""
    at = message.source
    return (
        at.topic_id,
        at.partition,
        message.offset,
        batch_id,
        message.broker_time,
        OUTCOME_RANKS[outcome.source],
        _amount(outcome.human_cost_usd),
        message.replay_of is not None,
        *_of_outcome(vars(outcome)),
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
        message.replay_of is not None,
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
        _storable(message.replay_of or "", KEPT_DETAIL_CHARS),
        None,
        None,
    )
