"""Times have a zone, lie between 1970 and 9999, and not in the broker's future."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from pydantic import ValidationError

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace
from tests.builders import NOON, fields_on_wire, heartbeat, outcome, policy, trace, wire
from tests.contract.catalogue import Field, holding
from tests.contract.refusals import refusal_of
from tests.strategies import extreme_moments, moments

MINUTES = timedelta(minutes=1)
STEP = timedelta(microseconds=1)


@pytest.mark.parametrize("field", holding("moment"), ids=str)
def test_a_time_needs_a_zone_and_a_date(field: Field) -> None:
    """What names no instant is refused, and never guessed to be UTC."""
    for bad in [
        "2026-11-23T12:00:00", "2026-11-23 12:00:00", "2026-11-23", "12:00:00Z", "1795435200", "1795435200.5", "-1",
        1795435200, 1795435200.5, True, "", "now", "2026-11-23T12:00:00Z\0", "2026-11-23T12:00:00Z\n", [], {},
        "2026-11-23_12:00:00Z", "2026-13-01T12:00:00Z", "2026-02-30T12:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T12:00:60Z", "2026-11-23T12:00:00+24:00", "2026-11-23T12:00:00 Europe/Berlin",
        "2026-W48-1T12:00:00Z", "\u0662026-11-23T12:00:00Z", "x" * 100_000,
    ]:  # fmt: skip
        error = refusal_of(field.model, field.wire(bad))
        assert error.reason is DeadLetterReason.INVALID_FIELD
        assert error.detail.startswith(f"{field.shown_path}: Input should ")


@pytest.mark.parametrize("field", holding("moment"), ids=str)
def test_a_time_in_any_zone_is_the_same_instant(field: Field) -> None:
    """RFC 3339, with a space or a small letter too, and an offset without its colon."""
    for good in [
        "2026-11-23T12:00:00Z", "2026-11-23t12:00:00z", "2026-11-23 12:00:00Z", "2026-11-23T12:00:00+00:00",
        "2026-11-23T12:00:00-00:00", "2026-11-23T13:30:00+01:30", "2026-11-23T13:30:00+0130",
        "2026-11-22T22:00:00-14:00", "2026-11-23T12:00:00.000000Z", "2026-11-23T12:00:00.0000009Z",
    ]:  # fmt: skip
        assert field.read(decode(field.model, field.wire(good)).message) == NOON


@pytest.mark.parametrize("field", holding("moment"), ids=str)
def test_a_time_lies_between_1970_and_9999(field: Field) -> None:
    """In every zone: the store's own ends are further out."""
    for good in ["1970-01-01T00:00:00Z", "1969-12-31T23:00:00-01:00", "9998-12-31T23:59:59.999999Z"]:
        assert field.read(decode(field.model, field.wire(good)).message) == datetime.fromisoformat(good)
    for bad in ["1969-12-31T23:59:59.999999Z", "1970-01-01T00:59:59+01:00", "9999-01-01T00:00:00Z",
                "9998-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]:  # fmt: skip
        assert refusal_of(field.model, field.wire(bad)).detail.startswith(f"{field.shown_path}: Input should be ")


def test_nanoseconds_are_cut_to_microseconds() -> None:
    """Go and Rust send nine digits; the store keeps six."""
    value = wire(trace(), started_at="2026-11-23T12:00:00.123456789Z")
    assert decode(Trace, value).message.started_at == NOON.replace(microsecond=123_456)


def with_applied_at(at: datetime) -> Heartbeat:
    """A heartbeat whose one route follows its epoch since then."""
    return heartbeat(epochs={"a-secret-route": AppliedEpoch(epoch=1, applied_at=at)})


MessageAt = Callable[[datetime], Message]
CLOCKS: list[tuple[str, MessageAt]] = [
    ("started_at", lambda at: trace(started_at=at)),
    ("observed_at", lambda at: outcome(observed_at=at)),
    ("trace_started_at", lambda at: outcome(observed_at=NOON, trace_started_at=at)),
    ("at", lambda at: heartbeat(at=at)),
    ("epochs.*.applied_at", with_applied_at),
]


@pytest.mark.parametrize(("path", "message_at"), CLOCKS)
def test_five_minutes_ahead_of_the_broker_is_the_limit(path: str, message_at: MessageAt) -> None:
    """Exactly five minutes is a clock that is off, a microsecond more is a wrong time; without a broker all pass."""
    limit = message_at(NOON + 5 * MINUTES)
    assert decode(type(limit), encode(limit), received_at=NOON).message == limit
    over = message_at(NOON + 5 * MINUTES + STEP)
    error = refusal_of(type(over), encode(over), received_at=NOON)
    assert error.reason is DeadLetterReason.FUTURE_TIME
    assert error.detail == f"{path}: over five minutes ahead of the broker's timestamp"
    assert decode(type(over), encode(over)).message == over


def test_a_time_long_ago_is_no_business_of_the_contract() -> None:
    """Only the store knows which days it still keeps."""
    old = trace(started_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert decode(Trace, encode(old), received_at=NOON).message == old


def test_a_policy_is_not_held_against_a_broker() -> None:
    """Routers read it, and they go by its epoch."""
    late = policy(issued_at=NOON + timedelta(days=1))
    assert decode(Policy, encode(late), received_at=NOON).message == late


@given(moments() | extreme_moments())
def test_a_time_travels_as_utc(moment: datetime) -> None:
    """Written in one way, whatever zone it came in, and to the microsecond."""
    text = fields_on_wire(trace(started_at=moment))["started_at"]
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


@pytest.mark.parametrize("wrong", ["2026-11-23T12:00:00Z", 1795435200, NOON.replace(tzinfo=None), NOON.date()])
def test_in_python_a_time_is_an_aware_datetime(wrong: object) -> None:
    """A router's own mistake is found where it is made."""
    for model, name in [(trace, "started_at"), (outcome, "observed_at"), (heartbeat, "at"), (policy, "issued_at")]:
        with pytest.raises(ValidationError):
            model(**{name: wrong})


def test_in_python_a_time_may_have_any_zone() -> None:
    """Only the instant counts."""
    noon_in_india = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert trace(started_at=noon_in_india).started_at == NOON
    assert decode(Outcome, encode(outcome(observed_at=noon_in_india))).message.observed_at == NOON
