"""A message becomes a contract value or a dead letter; no bytes whatever raise."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading import CARRIES, Model, TopicReader
from pointsman_contract.decode import encode
from pointsman_contract.errors import DeadLetterReason as Reason
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import DeadLetter, Received, StagedTrace
from store.rows import stage_trace
from tests.builders import NOON, heartbeat, outcome, trace, wire
from tests.ingest.arrived import NOON_MS, message, read_one, source
from tests.strategies import heartbeats, outcomes, traces

MODELS = st.sampled_from([Trace, Outcome, Heartbeat])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(value: bytes | None, model: Model = Trace, *, timestamp_ms: int = NOON_MS) -> Received:
    """Read one message at noon."""
    return read_one(source(), model, message(value, timestamp_ms=timestamp_ms))


def letter(value: bytes | None, model: Model = Trace, *, timestamp_ms: int = NOON_MS) -> DeadLetter:
    """Read one message that must be a dead letter."""
    content = read(value, model, timestamp_ms=timestamp_ms).content
    assert isinstance(content, DeadLetter)
    return content


def storable(text: str) -> bool:
    """Whether PostgreSQL takes it as a key."""
    text.encode()
    return "\0" not in text and len(text) <= MAX_TEXT


def mangled(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Valid messages with a part cut out and other bytes in its place."""
    return st.builds(
        lambda whole, at, length, put: whole[: at % len(whole)] + put + whole[at % len(whole) + length :],
        valid,
        st.integers(0, 2000),
        st.integers(0, 200),
        st.binary(max_size=20),
    )


@pytest.mark.parametrize("sent", [trace(), outcome(), heartbeat()], ids=lambda sent: type(sent).__name__)
def test_a_valid_message_is_what_was_sent(sent: Trace | Outcome | Heartbeat) -> None:
    """With its offset, its bytes and its key, which the store keeps until it has it."""
    value = encode(sent)
    got = read_one(source(2), type(sent), message(value, offset=17, key=b"k"))
    content = stage_trace(sent) if isinstance(sent, Trace) else sent
    assert got == Received(source(2), 17, NOON, content, value, b"k")


@given(MODELS, st.binary() | mangled((traces() | outcomes() | heartbeats()).map(encode)))
def test_no_bytes_raise(model: Model, value: bytes) -> None:
    """Each is a message or a dead letter, and what a dead letter says about itself can be stored."""
    content = read(value, model).content
    if isinstance(content, DeadLetter):
        assert storable(content.environment)
        assert storable(content.route)
        content.detail.encode()
    else:
        assert isinstance(content, (model, StagedTrace))


@given(MODELS, ANY_JSON)
def test_no_json_raises(model: Model, value: object) -> None:
    """Whatever its shape: not even where the fields have the right names."""
    for body in (value, {"kind": model.model_fields["kind"].default, "environment": value, "route": value}):
        assert isinstance(read(json.dumps(body).encode(), model).content, DeadLetter)


@pytest.mark.parametrize("topic", list(CARRIES))
def test_a_message_on_the_wrong_topic_is_of_an_unknown_kind(topic: str) -> None:
    """One kind a topic: nothing is guessed."""
    others = [sent for sent in (trace(), outcome(), heartbeat()) if not isinstance(sent, CARRIES[topic])]
    assert [letter(encode(sent), CARRIES[topic]).reason for sent in others] == [Reason.UNKNOWN_KIND] * 2


@pytest.mark.parametrize(
    ("value", "environment", "route"),
    [
        (wire(trace(environment="stage", route="mail"), outcome="splendid"), "stage", "mail"),
        (wire(trace(environment="stage", route="mail"))[:-1], "stage", "mail"),
        (b'{"environment": "stage", "route": "ma', "stage", ""),
        (b'xx "route"\n :\t"mail", \xff "environment":"stage"', "stage", "mail"),
        (rb'{"environment": "st\u00e4ge", "route": "a\"b"', "stäge", 'a"b'),
        (rb'{"environment": "\ud800", "route": "a\u0000b"', "?", "ab"),
        (b'{"environment": 7, "route": null', "", ""),
        (b'{"environment": "bad \\q escape", "route": "mail"', "", "mail"),
        (b'{"environment": "%s", "route": "mail"' % (b"x" * 257), "", "mail"),
        (b'{"pad": "%s", "route": "mail"' % (b"x" * 70_000), "", ""),
        (b"", "", ""),
        (None, "", ""),
    ],
)
def test_a_dead_letter_says_whose_it_seems_to_be(value: bytes | None, environment: str, route: str) -> None:
    """As far as that stands in its first 64 KiB: a route with many of them has no healthy verdict."""
    found = letter(value)
    assert (found.environment, found.route) == (environment, route)


def test_many_half_fields_are_searched_quickly() -> None:
    """A message that is made to keep the search busy costs a fraction of a second."""
    began = datetime.now(UTC)
    letter(b'"environment":"' * 5000 + b'"route":"\\' * 2000)
    assert datetime.now(UTC) - began < timedelta(seconds=2)


@pytest.mark.parametrize("timestamp_ms", [-1, -(2**63), 2**63 - 1, 253_402_300_799_999, 253_402_300_800_000])
def test_a_timestamp_that_is_no_time_counts_as_now(timestamp_ms: int) -> None:
    """-1 means none, and with CreateTime a producer may write anything."""
    got = read(encode(trace()), timestamp_ms=timestamp_ms)
    assert got.broker_time == NOON
    assert isinstance(got.content, StagedTrace)


@pytest.mark.parametrize("timestamp_ms", [0, 1, 253_370_764_799_999])
def test_a_timestamp_is_taken_at_its_word(timestamp_ms: int) -> None:
    """From 1970 to the last moment of the contract, to the millisecond."""
    got = read(encode(trace()), timestamp_ms=timestamp_ms)
    assert got.broker_time == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=timestamp_ms)


@given(st.integers(-(2**63), 2**63 - 1))
def test_no_timestamp_raises(timestamp_ms: int) -> None:
    """The whole range that the protocol has."""
    assert read(encode(trace()), timestamp_ms=timestamp_ms).broker_time.tzinfo is UTC


@pytest.mark.parametrize(("ahead_s", "is_letter"), [(300, False), (301, True)])
def test_the_future_is_measured_from_the_brokers_timestamp(ahead_s: int, is_letter: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Not from this machine's clock, which stands still here: five minutes are a router's clock, more is an error."""
    broker_time = NOON - timedelta(days=3)
    sent = trace(trace_id=uuid4(), started_at=broker_time + timedelta(seconds=ahead_s))
    got = read(encode(sent), timestamp_ms=round(broker_time.timestamp() * 1000)).content
    assert isinstance(got, DeadLetter) is is_letter
    assert not is_letter or letter(encode(sent), timestamp_ms=round(broker_time.timestamp() * 1000)).reason == (
        Reason.FUTURE_TIME
    )


def test_what_the_contract_does_not_know_is_told() -> None:
    """Unknown fields and values of all messages are counted, once, and the messages are read all the same."""
    reader = TopicReader(Trace)
    odd, plain = wire(trace(), colour="red", risk="odd"), encode(trace())
    got = list(reader.read(source(), [message(value) for value in (odd, plain, odd)], NOON))
    assert all(isinstance(one.content, (Trace, StagedTrace)) for one in got)
    unknowns = reader.take_unknowns()
    assert unknowns is not None
    assert unknowns.fields == ["colour", "colour"]
    assert unknowns.values == ["risk", "risk"]
    assert reader.take_unknowns() is None


def test_what_a_dead_letter_holds_is_not_counted_as_unknown() -> None:
    """Neither before the mistake nor behind it: its bytes are kept for a person."""
    reader = TopicReader(Trace)
    broken = wire(trace(), risk="odd", colour="red", arm="none")
    late = wire(trace(), risk="odd", started_at=(NOON + timedelta(hours=1)).isoformat())
    list(reader.read(source(), [message(value) for value in (broken, late, b"", encode(trace()))], NOON))
    assert reader.take_unknowns() is None


def test_each_message_has_its_own_time() -> None:
    """Also where several in a row came with one timestamp, and where it changes among them."""
    times = [NOON_MS, NOON_MS, NOON_MS + 1, NOON_MS, -1]
    sent = [message(encode(trace()), timestamp_ms=at) for at in times]
    later = NOON + timedelta(hours=1)
    got = list(TopicReader(Trace).read(source(), sent, later))
    assert [one.broker_time for one in got] == [NOON, NOON, NOON + timedelta(milliseconds=1), NOON, later]
