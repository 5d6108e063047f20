"""Every field of the contract, written down by hand from design §3.

The tests walk this list: a field that a model gains, loses or changes is a difference to it.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace
from tests.builders import attempt, fields_on_wire, heartbeat, outcome, policy, trace

BIGGEST = 2**63 - 1

STRICT_SETS = {
    "arm": "baseline canary shadow",
    "outcome": "success failure abandoned unknown",
}
FAILURE_MODES = (
    "preamble_contamination malformed_json schema_violation hallucinated_key omission calculation_error "
    "tool_argument_mismatch tool_error tool_loop refusal silent_drift citation_hallucination ungrounded "
    "semantic_failure prompt_injection low_confidence policy_violation unsupported_modality truncated "
    "context_overflow timeout rate_limited provider_error other"
)
DESCRIBING_SETS = {
    "risk": "low high other",
    "probe": "golden adversarial needle schema tools multilingual other",
    "route_kind": "economy premium specialist other",
    "protocol": "direct cascade diagnostic speculative human other",
    "cache": "none exact semantic other",
    "role": "primary retry escalation fallback judge guard embedding rerank other",
    "call_mode": "text json tools other",
    "enforcement": "none prompt tool_calling native grammar other",
    "status": "ok error timeout rate_limited cancelled other",
    "finish_reason": "stop length tool_calls content_filter cancelled error other",
    "failure_mode": FAILURE_MODES,
    "injection": "none detected blocked succeeded other",
    "injection_at": "input tool_result output other",
    "recovery": "none retry stronger_model fail_open fail_closed human_review other",
    "source": "human business user judge auto other",
}

# Name, type, and what absent means: required, a default, or (optional) not known.
_TRACE = """
    trace_id hex_id required
    started_at moment required
    duration_s seconds optional
    environment name required
    router_id name required
    tenant text optional
    session_id text optional
    task_class name required
    risk describing optional
    language text optional
    modalities modalities optional
    prompt_version text optional
    probe describing optional
    route name required
    route_kind describing optional
    protocol describing optional
    policy_epoch count default
    record_revision revision optional
    arm strict default
    shadow_of hex_id optional
    threshold number optional
    confidence number optional
    confidence_floor flag optional
    difficulty number optional
    routing_s seconds optional
    routing_cost_usd usd optional
    retrieval_cost_usd usd optional
    cache describing default
    attempts parts default
    recovery describing default
    failure_mode describing optional
    outcome strict default
    human_review_s seconds optional
    human_cost_usd usd optional
"""
_ATTEMPT = """
    role describing required
    model name required
    requested_model text optional
    provider text optional
    region text optional
    effort text optional
    config text optional
    tokenizer text optional
    call_mode describing optional
    streamed flag optional
    enforcement describing optional
    input_tokens count required
    cache_read_tokens count optional
    cache_write_tokens count optional
    output_tokens count required
    reasoning_tokens count optional
    input_chars count optional
    output_chars count optional
    prefill_cost_usd usd together
    cache_cost_usd usd together
    generation_cost_usd usd together
    tools_cost_usd usd together
    ttft_s seconds optional
    duration_s seconds optional
    status describing required
    error_type text optional
    finish_reason describing optional
    failure_mode describing optional
    schema_id text optional
    schema_valid flag optional
    repaired flag optional
    grammar_cold flag optional
    tool_calls count optional
    tool_calls_ok count optional
    citations count optional
    citations_supported count optional
    refused flag optional
    injection describing optional
    injection_at describing optional
    batch_size count optional
    speculative flag optional
"""
_OUTCOME = """
    trace_id hex_id required
    trace_started_at moment optional
    outcome strict required
    source describing required
    observed_at moment required
    human_review_s seconds optional
    human_cost_usd usd optional
    scores scores optional
"""
_HEARTBEAT = """
    router_id name required
    boot_id name required
    sequence count required
    at moment required
    environment name required
    epochs epochs default
    counters parts default
    emitted count default
    dropped count default
"""
_EPOCH = """
    epoch count required
    applied_at moment required
"""
_COUNTER = """
    route name required
    arm strict required
    task_class name required
    epoch count required
    dispatched count required
    finished count required
"""
_POLICY = """
    environment name required
    route name required
    epoch from_one required
    stage name required
    threshold number optional
    issued_at moment required
    decision_id name required
    reason text required
    arms parts required
"""
_ARM = """
    arm strict required
    model name required
    weight_bp basis_points required
    effort text optional
    config text optional
"""


@dataclass(frozen=True)
class Field:
    """One field: where it is, what it holds, and what its absence means."""

    model: type[Message]
    path: tuple[str | int, ...]
    holds: str
    absent: str

    @property
    def name(self) -> str:
        """The last step of the path."""
        return str(self.path[-1])

    @property
    def shown_path(self) -> str:
        """The path as an error names it: a route's name is the router's own and stays out."""
        return ".".join("*" if step == "invoices" else str(step) for step in self.path)

    def wire(self, value: Any) -> bytes:
        """A valid message with this field set to `value`."""
        return json.dumps(self._with(value)).encode()

    def wire_raw(self, json_text: str) -> bytes:
        """Like `wire`, for JSON that Python would write in another way."""
        return json.dumps(self._with("@@")).replace('"@@"', json_text).encode()

    def wire_without(self) -> bytes:
        """A valid message but for this field, which is left out."""
        message = self._with(None)
        del _at(message, self.path[:-1])[self.path[-1]]
        return json.dumps(message).encode()

    def read(self, message: Message) -> Any:
        """The field's value in a decoded message."""
        value: Any = message
        for step in self.path:
            value = getattr(value, step) if isinstance(step, str) and hasattr(value, step) else value[step]
        return value

    def _with(self, value: Any) -> dict[str, Any]:
        message = deepcopy(valid_wire(self.model))
        _at(message, self.path[:-1])[self.path[-1]] = value
        return message

    def __str__(self) -> str:
        return f"{self.model.__name__}.{self.shown_path}"


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def valid_wire(model: type[Message]) -> dict[str, Any]:
    """A valid message of the kind, roomy enough that one field may take any value of its type."""
    return _VALID[model]


_COSTS = dict.fromkeys(("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd"), "0")
_VALID: dict[type[Message], dict[str, Any]] = {
    Trace: fields_on_wire(trace()),
    Outcome: fields_on_wire(outcome()),
    Heartbeat: fields_on_wire(heartbeat()),
    Policy: fields_on_wire(policy()),
}
_VALID[Trace]["attempts"] = [
    fields_on_wire(trace(attempts=(attempt(input_tokens=BIGGEST, output_tokens=BIGGEST),)))["attempts"][0] | _COSTS
]
MODELS: tuple[type[Message], ...] = tuple(_VALID)


def _listed(model: type[Message], table: str, *inside: str | int) -> list[Field]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [Field(model, (*inside, name), holds, absent) for name, holds, absent in rows]


FIELDS: tuple[Field, ...] = (
    *_listed(Trace, _TRACE),
    *_listed(Trace, _ATTEMPT, "attempts", 0),
    *_listed(Outcome, _OUTCOME),
    *_listed(Heartbeat, _HEARTBEAT),
    *_listed(Heartbeat, _EPOCH, "epochs", "invoices"),
    *_listed(Heartbeat, _COUNTER, "counters", 0),
    *_listed(Policy, _POLICY),
    *_listed(Policy, _ARM, "arms", 0),
)


def holding(*kinds: str) -> list[Field]:
    """The fields that hold one of these types."""
    return [field for field in FIELDS if field.holds in kinds]
