"""What is not one JSON object of the topic's kind never becomes a message, and never a crash."""

import json
import time

import pytest

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.trace import Trace
from tests.builders import ABSENT, fields_on_wire, heartbeat, outcome, policy, trace, wire
from tests.contract.catalogue import MODELS
from tests.contract.refusals import refusal_of

EACH_KIND: list[Message] = [
    trace(tenant="Stra\u00dfe \U0001f682", modalities=("text", "image")),
    outcome(scores={"na\u00efve \u2713": 0.5}),
    heartbeat(router_id="\u2603"),
    policy(reason="\u20ac 3"),
]
each_kind = pytest.mark.parametrize("message", EACH_KIND, ids=lambda message: message.kind)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def padded(message: Message, size: int) -> bytes:
    """The message with white space after it, up to a size."""
    return encode(message).ljust(size)


@each_model
def test_a_message_without_a_value_is_a_tombstone(model: type[Message]) -> None:
    """Compaction's deletion mark carries nothing to read."""
    assert refusal_of(model, None).reason is DeadLetterReason.TOMBSTONE


@each_model
def test_no_bytes_are_empty(model: type[Message]) -> None:
    """Not the same as a tombstone: somebody sent this."""
    assert refusal_of(model, b"").reason is DeadLetterReason.EMPTY


@each_kind
def test_one_mebibyte_is_the_limit(message: Message) -> None:
    """Exactly 1 MiB is read, a byte more is refused before it is."""
    assert decode(type(message), padded(message, MAX_MESSAGE_BYTES)).message == message
    error = refusal_of(type(message), padded(message, MAX_MESSAGE_BYTES + 1))
    assert error.reason is DeadLetterReason.TOO_LARGE
    assert error.detail == "1,048,577 bytes, the limit is 1,048,576"
    assert refusal_of(type(message), b"\xff" * 2 * MAX_MESSAGE_BYTES).reason is DeadLetterReason.TOO_LARGE


@each_kind
def test_a_truncated_message_is_never_accepted(message: Message) -> None:
    """Cut at any byte it is malformed, or inside of a character not UTF-8."""
    whole = encode(message)
    reasons = {refusal_of(type(message), whole[:length]).reason for length in range(1, len(whole))}
    assert reasons == {DeadLetterReason.INVALID_JSON, DeadLetterReason.NOT_UTF8}


@each_model
@pytest.mark.parametrize("other", [b"[]", b"null", b"1", b'"text"', b"true", b"[{}]"])
def test_other_json_is_no_object(model: type[Message], other: bytes) -> None:
    """A message is an object."""
    error = refusal_of(model, other)
    assert (error.reason, error.detail) == (DeadLetterReason.INVALID_JSON, "the value is not a JSON object")


@each_kind
def test_what_surrounds_the_object(message: Message) -> None:
    """White space is no matter; a byte order mark, a second object and other rubbish are."""
    whole = encode(message)
    assert decode(type(message), b"\r\n\t " + whole + b" \n").message == message
    for bad in [b"\xef\xbb\xbf" + whole, whole + whole, whole + b"x", b"\0" + whole, whole + b"\0", b" ", b"{", b"}"]:
        assert refusal_of(type(message), bad).reason is DeadLetterReason.INVALID_JSON


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"])
@pytest.mark.parametrize("where", ["router_id", "unknown"])
def test_what_is_not_utf8_is_refused(bad: bytes, where: str) -> None:
    """Anywhere in the message, unknown fields and their names included; the detail says at which byte."""
    value = wire(trace(), **{where: "@@"}).replace(b"@@", b"ab" + bad)
    error = refusal_of(Trace, value)
    assert error.reason is DeadLetterReason.NOT_UTF8
    assert error.detail == f"byte {value.index(bad)} of {len(value)} is not UTF-8"
    assert refusal_of(Trace, wire(trace(), name=1).replace(b"name", bad)).reason is DeadLetterReason.NOT_UTF8


@pytest.mark.parametrize("lone", ["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_no_character(lone: str) -> None:
    """UTF-8 cannot say it, so that the store could not keep it."""
    value = wire(trace(), tenant="@@").replace(b"@@", lone.encode())
    assert refusal_of(Trace, value).reason is DeadLetterReason.INVALID_JSON


@each_kind
def test_the_kind_is_required_and_the_topics(message: Message) -> None:
    """A missing, other or newer kind is its own reason, whatever else is wrong with the message."""
    model = type(message)
    for bad in [
        wire(message, kind=ABSENT), wire(message, kind=None), wire(message, kind=1), wire(message, kind=["x"]),
        wire(message, kind=message.kind.replace("/1", "/2")), wire(message, kind=message.kind.upper()),
        wire(message, kind="pointsman.decision/1", environment=5), b"{}", b'{"environment": 5}',
        wire(message, kind=ABSENT, unknown=1),
    ]:  # fmt: skip
        assert refusal_of(model, bad).reason is DeadLetterReason.UNKNOWN_KIND
    for other in MODELS:
        if other is not model:
            assert refusal_of(other, encode(message)).reason is DeadLetterReason.UNKNOWN_KIND


def test_the_kind_comes_first() -> None:
    """A person who looks at a topic sees at once what it carries."""
    for message in EACH_KIND:
        assert encode(message).startswith(b'{"kind":"' + message.kind.encode() + b'"')


def test_of_a_repeated_name_the_last_counts() -> None:
    """As almost every JSON reader does; what the last says must be valid, what an earlier says is not read."""
    value = wire(trace(route="first"))
    assert decode(Trace, value[:-1] + b', "route": "last"}').message.route == "last"
    assert decode(Trace, b'{"route": 1, "kind": 2, ' + value[1:]).message.route == "first"
    assert refusal_of(Trace, value[:-1] + b', "route": 1}').reason is DeadLetterReason.INVALID_FIELD
    assert refusal_of(Trace, value[:-1] + b', "kind": "x"}').reason is DeadLetterReason.UNKNOWN_KIND


@pytest.mark.parametrize(("opening", "inner", "closing"), [(b"[", b"1", b"]"), (b'{"a":', b"1", b"}")])
def test_deep_nesting_is_refused(opening: bytes, inner: bytes, closing: bytes) -> None:
    """A message that is nothing but brackets ends in an error, not in a full stack."""
    for depth in [300, 10_000, MAX_MESSAGE_BYTES // 8]:
        bomb = opening * depth + inner + closing * depth
        assert refusal_of(Trace, bomb).reason is DeadLetterReason.INVALID_JSON
        inside = encode(trace())[:-1] + b',"unknown":' + bomb + b"}"
        assert refusal_of(Trace, inside).reason is DeadLetterReason.INVALID_JSON


def test_nesting_in_an_unknown_field_is_ignored_up_to_a_depth() -> None:
    """A newer router may nest, and ordinary nesting is no reason to lose a trace."""
    value = encode(trace())[:-1] + b',"unknown":' + b"[" * 100 + b"]" * 100 + b"}"
    assert decode(Trace, value).unknowns is not None


@pytest.mark.parametrize("item", ["1", "{}", '{"zz":1}', "[]", '""'])
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (trace(), "attempts"), (trace(), "modalities"), (heartbeat(), "counters"), (policy(), "arms"),
        (heartbeat(), "epochs"), (outcome(), "scores"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_mebibyte_of_rubbish_is_refused_quickly(message: Message, field: str, item: str) -> None:
    """One bad message must not hold up a partition: listing every problem of a list took 20 seconds."""
    if field in {"epochs", "scores"}:
        rubbish = "{" + ",".join(f'"{position:06}":{item}' for position in range(1_000_000 // (len(item) + 10))) + "}"
    else:
        rubbish = "[" + ",".join([item] * (1_000_000 // (len(item) + 1))) + "]"
    value = json.dumps(fields_on_wire(message) | {field: "@@"}).replace('"@@"', rubbish).encode()
    started = time.process_time()
    assert refusal_of(type(message), value).reason is DeadLetterReason.INVALID_FIELD
    assert time.process_time() - started < 5


def test_a_mebibyte_of_unknown_fields_is_counted_quickly() -> None:
    """Each of them, in well under a second or two."""
    value = wire(trace(), **{f"new_{number}": 1 for number in range(60_000)})
    started = time.process_time()
    unknowns = decode(Trace, value).unknowns
    assert time.process_time() - started < 5
    assert unknowns is not None
    assert len(unknowns.fields) == 60_000


def test_many_problems_are_counted_not_listed() -> None:
    """A detail stays short whatever the message: the first three problems, or how many there are."""
    few = {str(number): 1 for number in range(5)}
    one = "epochs.*: Input should be an object"
    assert refusal_of(Heartbeat, wire(heartbeat(), epochs=few)).detail == f"{one}; {one}; {one}; and 2 more"
    many = {str(number): 1 for number in range(5000)}
    assert refusal_of(Heartbeat, wire(heartbeat(), epochs=many)).detail == "message: 5,000 fields are missing or wrong"
