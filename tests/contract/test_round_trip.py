"""What is encoded is decoded to the same, and the examples of the design are messages."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import Decoded, decode, encode
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message, Part
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace
from tests.builders import attempt, fields_on_wire, heartbeat, outcome, policy, trace
from tests.strategies import extreme_moments, heartbeats, moments, outcomes, policies, traces

ANY_TIME = moments() | extreme_moments()


@given(traces(ANY_TIME))
def test_a_trace_survives(message: Trace) -> None:
    """decode(encode(x)) = x, and nothing in it is unknown."""
    assert decode(Trace, encode(message)) == Decoded(message)


@given(outcomes(ANY_TIME))
def test_an_outcome_survives(message: Outcome) -> None:
    """decode(encode(x)) = x, and nothing in it is unknown."""
    assert decode(Outcome, encode(message)) == Decoded(message)


@given(heartbeats(ANY_TIME))
def test_a_heartbeat_survives(message: Heartbeat) -> None:
    """decode(encode(x)) = x, and nothing in it is unknown."""
    assert decode(Heartbeat, encode(message)) == Decoded(message)


@given(policies(ANY_TIME))
def test_a_policy_survives(message: Policy) -> None:
    """decode(encode(x)) = x, and nothing in it is unknown."""
    assert decode(Policy, encode(message)) == Decoded(message)


@given(traces())
@settings(max_examples=20)
def test_what_is_not_known_does_not_travel(message: Trace) -> None:
    """An absent field is left out, not sent as null: half of each message would be nulls."""
    assert b":null" not in encode(message)


@pytest.mark.parametrize("message", [trace(), outcome(), heartbeat(), policy()], ids=lambda message: message.kind)
def test_a_builders_message_is_valid(message: Message) -> None:
    """The defaults of the test builders are messages like any other."""
    assert decode(type(message), encode(message)) == Decoded(message)
    assert fields_on_wire(message)["kind"] == message.kind


def test_each_builders_trace_has_an_id_of_its_own() -> None:
    """Two traces of a test are two traces, unless it says otherwise."""
    assert trace().trace_id != trace().trace_id
    assert outcome().trace_id != outcome().trace_id
    assert trace(trace_id=UUID(int=5)).trace_id == UUID(int=5)


@pytest.mark.parametrize(
    ("messages", "models"),
    [(traces(), {Trace, Attempt}), (outcomes(), {Outcome}), (heartbeats(), {Heartbeat}), (policies(), {Policy})],
    ids=["trace", "outcome", "heartbeat", "policy"],
)
def test_the_strategies_reach_every_field(messages: st.SearchStrategy[Message], models: set[type[Part]]) -> None:
    """A field that no example sets would be tested by none."""
    reached: set[tuple[type[Part], str]] = set()

    @settings(max_examples=100, derandomize=True, database=None)
    @given(messages)
    def collect(message: Message) -> None:
        for part in (message, *(message.attempts if isinstance(message, Trace) else ())):
            reached.update((type(part), name) for name in part.model_fields_set if getattr(part, name) is not None)

    collect()
    assert reached == {(model, name) for model in models for name in model.model_fields if name != "kind"}


def test_the_largest_trace_fits_into_a_message() -> None:
    """64 attempts with every field at its longest, in characters that JSON writes with six: still under 1 MiB."""
    longest, most = "\x01" * 256, 2**63 - 1
    texts = ("model", "requested_model", "provider", "region", "effort", "config", "tokenizer", "error_type")
    costs = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")
    largest = attempt(
        **dict.fromkeys((*texts, "schema_id"), longest),
        **dict.fromkeys(("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens"), most),
        **dict.fromkeys(("input_chars", "output_chars", "batch_size", "tool_calls", "tool_calls_ok"), most),
        **dict.fromkeys(("citations", "citations_supported"), most),
        **dict.fromkeys(("streamed", "schema_valid", "repaired", "grammar_cold", "refused", "speculative"), False),
        **dict.fromkeys(("ttft_s", "duration_s"), 1.2345678901234567e-300),
        **dict.fromkeys(costs, Decimal(10**9)),
        cache_write_tokens=0,
        role="escalation",
        status="rate_limited",
        call_mode="tools",
        enforcement="tool_calling",
        finish_reason="content_filter",
        failure_mode="preamble_contamination",
        injection="succeeded",
        injection_at="tool_result",
    )
    texts = ("environment", "router_id", "tenant", "session_id", "task_class", "language", "prompt_version", "route")
    message = trace(
        attempts=(largest,) * 64,
        modalities=("document",) * 64,
        **dict.fromkeys((*texts, "record_revision"), longest),
        failure_mode="preamble_contamination",
    )
    assert set(Attempt.model_fields) == largest.model_fields_set
    assert MAX_MESSAGE_BYTES // 2 < len(encode(message)) < MAX_MESSAGE_BYTES - 10_000
    assert decode(Trace, encode(message)).message == message


def test_the_designs_trace_is_read() -> None:
    """Design §3's own example, with its dots filled in."""
    value = b"""{"kind": "pointsman.trace/1", "trace_id": "0d4c0d4c0d4c4d4c8d4c0d4c0d4c0d4c",
     "started_at": "2026-11-23T18:00:00.123456Z", "duration_s": 0.84, "environment": "prod",
     "router_id": "router-3", "task_class": "extraction", "route": "invoices", "policy_epoch": 17, "arm": "canary",
     "outcome": "success",
     "attempts": [{"role": "primary", "model": "qwen-3.5-72b", "status": "ok", "input_tokens": 1234,
       "output_tokens": 321, "output_chars": 1301, "prefill_cost_usd": "0.000412", "cache_cost_usd": "0",
       "generation_cost_usd": "0.00123", "tools_cost_usd": "0", "schema_valid": true}]}"""
    decoded = decode(Trace, value)
    assert decoded.unknowns is None
    message = decoded.message
    assert (message.trace_id, message.arm) == (UUID("0d4c0d4c-0d4c-4d4c-8d4c-0d4c0d4c0d4c"), "canary")
    assert message.started_at == datetime(2026, 11, 23, 18, 0, 0, 123456, tzinfo=UTC)
    assert (message.cache, message.recovery, message.failure_mode) == ("none", "none", None)
    assert message.attempts[0].prefill_cost_usd == Decimal("0.000412")
    assert message.attempts[0].cache_read_tokens is None


def test_the_designs_heartbeat_is_read() -> None:
    """Design §3's own example."""
    value = b"""{"kind": "pointsman.heartbeat/1", "router_id": "router-3", "boot_id": "5f", "sequence": 4211,
     "at": "2026-11-23T18:00:01Z", "environment": "prod",
     "epochs": {"invoices": {"epoch": 17, "applied_at": "2026-11-23T17:12:09Z"}},
     "counters": [{"route": "invoices", "arm": "canary", "task_class": "extraction", "epoch": 17, "dispatched": 8120,
                   "finished": 8112}], "emitted": 81004, "dropped": 0}"""
    message = decode(Heartbeat, value, received_at=datetime(2026, 11, 23, 18, 0, 2, tzinfo=UTC)).message
    assert message.epochs["invoices"].applied_at == datetime(2026, 11, 23, 17, 12, 9, tzinfo=UTC)
    assert (message.counters[0].dispatched, message.emitted) == (8120, 81_004)


def test_the_designs_policy_is_read() -> None:
    """Design §3's own example, with its dots filled in."""
    value = b"""{"kind": "pointsman.policy/1", "environment": "prod", "route": "invoices", "epoch": 17,
     "stage": "canary-1", "threshold": 0.7, "issued_at": "2026-11-23T17:12:00Z", "decision_id": "d", "reason": "r",
     "arms": [{"arm": "baseline", "model": "gpt-5.4", "weight_bp": 9000},
              {"arm": "canary", "model": "qwen-3.5-72b", "weight_bp": 1000, "effort": "medium"}]}"""
    message = decode(Policy, value).message
    assert [(arm.arm, arm.weight_bp, arm.effort) for arm in message.arms] == [
        ("baseline", 9000, None), ("canary", 1000, "medium")
    ]  # fmt: skip


def test_a_confidence_of_minus_infinity_travels_as_null() -> None:
    """JSON has no infinity: null and the floor say it together."""
    value = b"".join([encode(trace())[:-1], b',"confidence":null,"confidence_floor":true}'])
    message = decode(Trace, value).message
    assert (message.confidence, message.confidence_floor) == (None, True)
    assert decode(Trace, encode(message)).message == message
