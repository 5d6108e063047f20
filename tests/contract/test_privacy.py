"""Errors name the path of a field and never what was in it: a dead letter's detail is shown to people."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import ContractError
from pointsman_contract.message import Message
from tests.builders import NOON, heartbeat, policy, wire
from tests.contract.catalogue import FIELDS, MODELS, Field, valid_wire
from tests.contract.refusals import detail_of

MARKER = "mArKeR-5-7"

WRAPPINGS: list[Callable[[str], Any]] = [
    lambda secret: secret,
    lambda secret: secret * 100,
    lambda secret: f"{secret}\0",
    lambda secret: f"2026-11-23T{secret}",
    lambda secret: f"{secret}-0d4c-4d4c-8d4c-0d4c0d4c0d4c",
    lambda secret: [secret],
    lambda secret: [{secret: secret}],
    lambda secret: {secret: secret},
    lambda secret: {secret: {secret: 1}},
    lambda secret: {secret: {"epoch": secret, "applied_at": secret}},
    lambda secret: {secret: {"epoch": -1, "applied_at": "2026-11-23T12:00:00Z", secret: 1}},
    lambda secret: {secret + "\0": 1.5},
    lambda secret: {secret * 100: 1.5},
    lambda secret: [{"role": secret, "arm": secret, "model": secret + "\0", secret: secret}],
]


def shown(model: type[Message], value: bytes) -> str:
    """Everything that a log could show of the refusal; nothing if the message is accepted."""
    try:
        decode(model, value, received_at=NOON)
    except ContractError as error:
        return "".join(traceback.format_exception(error)) + error.detail + repr(error) + str(error.args)
    return ""


@given(st.sampled_from(FIELDS), st.sampled_from(WRAPPINGS))
def test_a_value_is_never_quoted(field: Field, wrapped: Callable[[str], Any]) -> None:
    """Whatever field it is in, whatever type it has: the error does not repeat it."""
    assert MARKER not in shown(field.model, field.wire(wrapped(MARKER)))


@given(
    st.sampled_from(MODELS),
    st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(WRAPPINGS)), min_size=2, max_size=6),
)
def test_several_values_are_never_quoted(model: type[Message], wrong: list[tuple[Field, Callable[[str], Any]]]) -> None:
    """Nor where several are wrong at once, or the names themselves are the secret."""
    fields = valid_wire(model) | {field.name: wrapped(MARKER) for field, wrapped in wrong} | {MARKER: MARKER}
    assert MARKER not in shown(model, json.dumps(fields).encode())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_malformed_text_is_never_quoted(model: type[Message]) -> None:
    """Cut, not JSON, not UTF-8, not an object, of another kind: still nothing of it."""
    whole = json.dumps(valid_wire(model) | {"unknown": MARKER}).encode()
    broken = [whole[:length] for length in range(len(whole))]
    broken += [whole.replace(b"unknown", b"\xff"), MARKER.encode(), json.dumps([MARKER]).encode(), whole + whole]
    broken += [json.dumps({"kind": MARKER}).encode(), json.dumps(MARKER).encode(), f'{{"a": {MARKER}}}'.encode()]
    for value in broken:
        assert MARKER not in shown(model, value)


def test_a_routes_name_is_not_part_of_a_path() -> None:
    """Names in `epochs` and `scores` come from the router; they may be long, or hold what a path cannot."""
    beat = heartbeat()
    ahead = {MARKER: {"epoch": 1, "applied_at": "2126-11-23T12:00:00Z"}}
    assert "epochs.*.applied_at: over five minutes" in shown(type(beat), wire(beat, epochs=ahead))
    assert detail_of(type(beat), wire(beat, epochs={MARKER: 5})) == "epochs.*: Input should be an object"


def test_a_sum_is_not_told() -> None:
    """A rule over several fields names them, not what they add up to."""
    arms = [{"arm": "baseline", "model": "m", "weight_bp": 7654}]
    detail = detail_of(type(policy()), wire(policy(), arms=arms))
    assert detail == "message: the weight_bp of the serving arms do not sum to 10,000"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"policy_epoch": -1}, "policy_epoch: Input should be greater than or equal to 0"),
        ({"tenant": "a\0"}, "tenant: Input should not contain NUL"),
        ({"tenant": "a" * 257}, "tenant: String should have at most 256 characters"),
        ({"started_at": "1795435200"}, "started_at: Input should be an RFC 3339 time with a zone"),
        ({"started_at": "2026-11-23T12:00:00"}, "started_at: Input should have timezone info"),
        ({"trace_id": "7"}, "trace_id: Input should be a UUID, hyphenated or as 32 hex digits"),
        ({"attempts": [5]}, "attempts.0: Input should be an object"),
        ({"arm": "x"}, "arm: Input should be 'baseline', 'canary' or 'shadow'"),
        ({"modalities": ["text", 5]}, "modalities.1: Input should be a string of at most 256 characters without NUL"),
        ({"duration_s": "1"}, "duration_s: Input should be a valid number"),
    ],
)  # fmt: skip
def test_an_error_reads_as_a_sentence(changes: dict[str, Any], detail: str) -> None:
    """A path as a person writes it, and what the field should be."""
    model = MODELS[0]
    assert detail_of(model, json.dumps(valid_wire(model) | changes).encode()) == detail


def test_what_is_accepted_shows_nothing() -> None:
    """The check above can fail: a valid message has no error to look into."""
    assert shown(type(policy()), encode(policy())) == ""
    assert "arms: " in shown(type(policy()), wire(policy(), arms=5))
