"""One real message of each kind, for the contract's page: built from the models, so each is valid."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import encode
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy, PolicyArm
from pointsman_contract.trace import Trace

_TRACE_ID = UUID("0d4c1f6e-5b1a-4c58-9f0e-6a3f0c2b7d41")
_STARTED = datetime(2026, 11, 23, 18, 0, 0, 123456, tzinfo=UTC)

_FIRST = Attempt(
    role="primary",
    model="qwen-3.5-72b",
    provider="vllm",
    call_mode="json",
    enforcement="grammar",
    input_tokens=1234,
    cache_read_tokens=1024,
    output_tokens=321,
    output_chars=1301,
    prefill_cost_usd=Decimal("0.000412"),
    cache_cost_usd=Decimal("0.000051"),
    generation_cost_usd=Decimal("0.00123"),
    tools_cost_usd=Decimal(0),
    ttft_s=0.18,
    duration_s=0.84,
    status="ok",
    finish_reason="stop",
    failure_mode="schema_violation",
    schema_id="invoice-3",
    schema_valid=False,
)
_SECOND = Attempt(
    role="escalation",
    model="gpt-5.4",
    provider="openai",
    input_tokens=1240,
    output_tokens=298,
    status="ok",
    schema_id="invoice-3",
    schema_valid=True,
)

TRACE = Trace(
    trace_id=_TRACE_ID,
    started_at=_STARTED,
    duration_s=2.31,
    environment="prod",
    router_id="router-3",
    task_class="extraction",
    risk="low",
    route="invoices",
    route_kind="economy",
    protocol="cascade",
    policy_epoch=17,
    arm="canary",
    threshold=0.7,
    confidence=0.64,
    attempts=(_FIRST, _SECOND),
    recovery="stronger_model",
)
OUTCOME = Outcome(
    trace_id=_TRACE_ID,
    trace_started_at=_STARTED,
    outcome="success",
    source="human",
    observed_at=datetime(2026, 11, 24, 9, 12, 40, tzinfo=UTC),
    human_review_s=35.0,
    scores={"completeness": 0.95},
)
HEARTBEAT = Heartbeat(
    router_id="router-3",
    boot_id="5f0c7a52",
    sequence=4211,
    at=datetime(2026, 11, 23, 18, 0, 1, tzinfo=UTC),
    environment="prod",
    epochs={"invoices": AppliedEpoch(epoch=17, applied_at=datetime(2026, 11, 23, 17, 12, 9, tzinfo=UTC))},
    counters=(
        RouteCounter(route="invoices", arm="canary", task_class="extraction", epoch=17, dispatched=8120, finished=8112),
    ),
    emitted=81_004,
)
POLICY = Policy(
    environment="prod",
    route="invoices",
    epoch=17,
    stage="canary-1",
    threshold=0.7,
    issued_at=datetime(2026, 11, 23, 17, 12, 4, tzinfo=UTC),
    decision_id="prod-000412",
    reason="shadow passed: 72 h, 41,200 requests, every gating trigger at PASS",
    arms=(
        PolicyArm(arm="baseline", model="gpt-5.4", weight_bp=9000),
        PolicyArm(arm="canary", model="qwen-3.5-72b", weight_bp=1000, effort="medium"),
    ),
)


def as_text(message: Message) -> str:
    """The message as it travels, broken into lines for the eye."""
    return json.dumps(json.loads(encode(message)), indent=2, ensure_ascii=False)
