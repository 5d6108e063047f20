"""Messages with sensible values, so that a test names only the fields that it is about."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import encode
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy, PolicyArm
from pointsman_contract.trace import Trace

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# In `wire`: the field is left out.
ABSENT = object()


def attempt(**overrides: Any) -> Attempt:
    """One answered call of the primary model."""
    fields: dict[str, Any] = {
        "role": "primary",
        "model": "qwen-3.5-72b",
        "status": "ok",
        "input_tokens": 1234,
        "output_tokens": 321,
    }
    return Attempt(**fields | overrides)


def trace(**overrides: Any) -> Trace:
    """One request at noon with one attempt, under an id of its own."""
    fields: dict[str, Any] = {
        "trace_id": uuid4(),
        "started_at": NOON,
        "environment": "prod",
        "router_id": "router-3",
        "task_class": "extraction",
        "route": "invoices",
        "attempts": (attempt(),),
    }
    return Trace(**fields | overrides)


def outcome(**overrides: Any) -> Outcome:
    """A person's success, a minute after noon."""
    fields: dict[str, Any] = {
        "trace_id": uuid4(),
        "outcome": "success",
        "source": "human",
        "observed_at": NOON + timedelta(minutes=1),
    }
    return Outcome(**fields | overrides)


def heartbeat(**overrides: Any) -> Heartbeat:
    """A router at noon that follows epoch 17 on one route."""
    fields: dict[str, Any] = {
        "router_id": "router-3",
        "boot_id": "boot-1",
        "sequence": 4211,
        "at": NOON,
        "environment": "prod",
        "epochs": {"invoices": AppliedEpoch(epoch=17, applied_at=NOON - timedelta(hours=1))},
        "counters": (
            RouteCounter(
                route="invoices", arm="canary", task_class="extraction", epoch=17, dispatched=8120, finished=8112
            ),
        ),
        "emitted": 81_004,
    }
    return Heartbeat(**fields | overrides)


def policy(**overrides: Any) -> Policy:
    """A tenth of one route's traffic for the canary."""
    fields: dict[str, Any] = {
        "environment": "prod",
        "route": "invoices",
        "epoch": 17,
        "stage": "canary-1",
        "issued_at": NOON,
        "decision_id": "decision-17",
        "reason": "the shadow stage passed",
        "arms": (
            PolicyArm(arm="baseline", model="gpt-5.4", weight_bp=9000),
            PolicyArm(arm="canary", model="qwen-3.5-72b", weight_bp=1000),
        ),
    }
    return Policy(**fields | overrides)


def fields_on_wire(message: Message) -> dict[str, Any]:
    """The JSON object that the message travels as."""
    fields: dict[str, Any] = json.loads(encode(message))
    return fields


def wire(message: Message, **changes: Any) -> bytes:
    """The message's bytes with fields changed, added, or (ABSENT) left out: for what no model would accept."""
    fields = fields_on_wire(message) | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ABSENT}).encode()


def wire_attempt(message: Trace, **changes: Any) -> bytes:
    """Like `wire`, for the trace's first attempt."""
    first, *others = fields_on_wire(message)["attempts"]
    changed = {name: value for name, value in (first | changes).items() if value is not ABSENT}
    return wire(message, attempts=[changed, *others])
