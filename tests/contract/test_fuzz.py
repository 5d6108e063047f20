"""Decoding ends in a message or in a ContractError, whatever the bytes."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import REASON_MEANINGS, ContractError, DeadLetterReason
from pointsman_contract.message import Message
from tests.builders import NOON
from tests.contract.catalogue import FIELDS, MODELS, Field, valid_wire

FROM_DECODING = set(DeadLetterReason) - {
    DeadLetterReason.OLDER_THAN_RETENTION,
    DeadLetterReason.TOO_MANY_ROUTES,
    DeadLetterReason.STORE_REFUSED,
}
NAMES = st.sampled_from(sorted({field.name for field in FIELDS} | {"kind"})) | st.text(max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["baseline", "2026-11-23T12:00:00Z", "0.1", "0" * 32, "pointsman.trace/1", "9" * 300]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=15,
)


def message_or_reason(model: type[Message], value: bytes) -> Message | DeadLetterReason:
    """What came of it; any other exception fails the test."""
    try:
        message = decode(model, value, received_at=NOON).message
    except ContractError as error:
        refusal = error
    else:
        assert decode(model, encode(message)).message == message
        return message
    assert refusal.reason in FROM_DECODING
    assert 0 < len(refusal.detail) < 1000
    assert "\0" not in refusal.detail
    return refusal.reason


def in_every_kind(value: bytes) -> None:
    """The same bytes on every topic."""
    for model in MODELS:
        message_or_reason(model, value)


@given(st.binary(max_size=200))
def test_arbitrary_bytes(value: bytes) -> None:
    """Noise is refused."""
    in_every_kind(value)


@given(JSON)
@example(float("nan"))
@example({"kind": None})
def test_arbitrary_json(value: Any) -> None:
    """Any JSON, numbers that JSON does not know included."""
    in_every_kind(json.dumps(value).encode())


@given(st.sampled_from(MODELS), st.dictionaries(NAMES, JSON, max_size=6), st.data())
def test_a_valid_message_with_arbitrary_fields(
    model: type[Message], changes: dict[str, Any], data: st.DataObject
) -> None:
    """Any value in any field at any depth of an otherwise valid message."""
    field: Field = data.draw(st.sampled_from([field for field in FIELDS if field.model is model]))
    nested = json.loads(field.wire(data.draw(JSON)))
    message_or_reason(model, json.dumps(nested).encode())
    message_or_reason(model, json.dumps(nested | changes).encode())


@given(st.sampled_from(MODELS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_valid_message_with_flipped_bytes(model: type[Message], flips: list[tuple[int, int]]) -> None:
    """Damage on the way is either harmless or refused."""
    value = bytearray(json.dumps(valid_wire(model)).encode())
    for place, byte in flips:
        value[place % len(value)] = byte
    message_or_reason(model, bytes(value))


def test_every_reason_has_a_meaning() -> None:
    """What a metric's label may say is written down for the person who reads it."""
    assert list(REASON_MEANINGS) == list(DeadLetterReason)
    assert all(meaning.endswith(".") for meaning in REASON_MEANINGS.values())
