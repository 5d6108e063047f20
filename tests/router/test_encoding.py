"""What a router told becomes a valid trace, or a counted loss: no request fails for what it says about itself."""

from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import decode
from pointsman_contract.trace import Trace
from pointsman_router.encoding import Draft, Encoded, UnsendableError, encode_message
from pointsman_router.told import AttemptDetails, Dispatched, RequestDetails
from tests.builders import NOON, trace

KNOWN: dict[str, Any] = {
    "trace_id": uuid4(),
    "started_at": NOON,
    "environment": "prod",
    "router_id": "router-3",
    "route": "invoices",
    "arm": "canary",
    "task_class": "extraction",
    "policy_epoch": 17,
    "probe": None,
}
CALL: dict[str, Any] = {"role": "primary", "model": "m", "status": "ok", "input_tokens": 10, "output_tokens": 5}


def read(encoded: Encoded) -> Trace:
    """As ingest reads it."""
    found = decode(Trace, encoded.value)
    assert encoded.key == str(found.message.trace_id).encode()
    return found.message


def test_the_keywords_are_the_contract() -> None:
    """Every field of the contract can be told, under its own name, and no other."""
    required = {name for name, field in Attempt.model_fields.items() if field.is_required()}
    assert set(AttemptDetails.__annotations__) == set(Attempt.model_fields) - required
    ours = set(Dispatched.__annotations__)
    assert set(RequestDetails.__annotations__) | ours | {"kind", "attempts"} == set(Trace.model_fields)
    assert not set(RequestDetails.__annotations__) & ours


def choices(hint: Any) -> set[object]:
    """The values of the sets in a type, however deep."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {value for part in get_args(hint) for value in choices(part)}


def test_the_keywords_have_the_sets_of_the_contract() -> None:
    """A type checker in the router knows the same values as the contract."""
    for keywords, model in ((AttemptDetails, Attempt), (RequestDetails, Trace)):
        contract = get_type_hints(model)
        for name, hint in get_type_hints(keywords).items():
            assert choices(hint) == choices(contract[name]), name


def test_a_request_is_sent_as_it_was_told() -> None:
    """Money, sets, ids and lists arrive as they were; None is the same as absent."""
    fields = KNOWN | {"outcome": "success", "modalities": ["text"], "tenant": None, "routing_cost_usd": "0.00001"}
    attempt = CALL | {"prefill_cost_usd": Decimal("0.000412"), "cache_cost_usd": "0", "generation_cost_usd": 0}
    found = read(encode_message(Draft(fields, [attempt | {"tools_cost_usd": 0, "ttft_s": None}])))
    assert found.trace_id == KNOWN["trace_id"]
    assert (found.outcome, found.modalities, found.tenant) == ("success", ("text",), None)
    assert found.routing_cost_usd == Decimal("0.00001")
    assert found.attempts[0].prefill_cost_usd == Decimal("0.000412")


def test_a_trace_is_sent_as_it_is() -> None:
    """A trace that the router built itself is not touched."""
    whole = trace(duration_s=0.84)
    assert read(encode_message(whole)) == whole


@pytest.mark.parametrize(
    ("fields", "attempt", "left_out"),
    [
        ({}, {"error_type": "x" * 257}, ["attempts.error_type"]),
        ({}, {"ttft_s": float("nan")}, ["attempts.ttft_s"]),
        ({}, {"cache_read_tokens": 11}, ["attempts.cache_read_tokens"]),
        ({}, {"reasoning_tokens": 6}, ["attempts.reasoning_tokens"]),
        ({}, {"prefill_cost_usd": "0.1"}, ["attempts.prefill_cost_usd"]),
        (
            {},
            {"prefill_cost_usd": "-1", "cache_cost_usd": 0, "generation_cost_usd": 0, "tools_cost_usd": 0},
            [f"attempts.{part}_cost_usd" for part in ("cache", "generation", "prefill", "tools")],
        ),
        ({"tenant": "t" * 300}, {}, ["tenant"]),
        ({"outcome": "won"}, {}, ["outcome"]),
        ({"duration_s": -0.1}, {"duration_s": "soon"}, ["attempts.duration_s", "duration_s"]),
    ],
)
def test_a_refused_detail_does_not_take_the_trace_with_it(
    fields: dict[str, Any], attempt: dict[str, Any], left_out: list[str]
) -> None:
    """What may be absent is left out where the contract refuses it, and named; the rest arrives."""
    encoded = encode_message(Draft(KNOWN | fields, [CALL | attempt]))
    assert sorted(encoded.left_out) == left_out
    assert read(encoded).attempts[0].input_tokens == 10


def test_minus_infinity_has_its_flag() -> None:
    """A confidence of minus infinity travels as the contract's flag."""
    found = read(encode_message(Draft(KNOWN | {"confidence": float("-inf")}, [])))
    assert (found.confidence, found.confidence_floor) == (None, True)


@pytest.mark.parametrize(
    ("fields", "attempts", "named"),
    [
        ({"route": ""}, [], "route"),
        ({"task_class": "\ud800"}, [], "message"),
        ({"arm": "cannary"}, [], "arm"),
        ({}, [CALL | {"input_tokens": -1}], "attempts.input_tokens"),
        ({}, [CALL | {"model": None}], "attempts.model"),
        ({}, [CALL] * 65, "attempts"),
        ({"tenant": object()}, [], "message"),
    ],
)
def test_what_is_no_trace_is_refused_without_its_values(
    fields: dict[str, Any], attempts: list[Any], named: str
) -> None:
    """Where the field cannot be absent nothing is sent, and the sentence names the field alone."""
    with pytest.raises(UnsendableError, match=rf"^{named}(:.*)?$"):
        encode_message(Draft(KNOWN | fields, attempts))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=4) | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(RequestDetails.__annotations__)), ANYTHING, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(sorted(Attempt.model_fields)), ANYTHING, max_size=4), max_size=2),
)
def test_whatever_is_told_is_sent_validly_or_refused(fields: dict[str, Any], attempts: list[dict[str, Any]]) -> None:
    """Any value in any field gives a trace that ingest accepts, or the one error that is counted."""
    try:
        encoded = encode_message(Draft(KNOWN | fields, [CALL | attempt for attempt in attempts]))
    except UnsendableError:
        return
    assert len(read(encoded).attempts) == len(attempts)
