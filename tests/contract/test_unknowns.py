"""What a newer router says is ignored and counted, never an error and never a secret in a log."""

import pytest

from pointsman_contract.decode import decode, encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.fields import Unknowns
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace
from tests.builders import attempt, fields_on_wire, heartbeat, outcome, policy, trace, wire, wire_attempt
from tests.contract.refusals import detail_of, refusal_of

SHAPES = [1, "text", None, [], {"nested": {"more": [1]}}, True, 1.5]


def unknowns_of(model: type[Message], value: bytes) -> Unknowns:
    """What decoding counted; that it counted something is part of the test."""
    unknowns = decode(model, value).unknowns
    assert unknowns is not None
    return unknowns


@pytest.mark.parametrize("message", [trace(), outcome(), heartbeat(), policy()], ids=lambda message: message.kind)
@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_an_unknown_field_is_ignored_and_counted(message: Message, shape: object) -> None:
    """Of any shape, in any message; the message is the one without it."""
    decoded = decode(type(message), wire(message, brand_new=shape))
    assert decoded.message == message
    assert decoded.unknowns == Unknowns(fields=["brand_new"])


def test_nothing_unknown_is_none() -> None:
    """The usual message carries no empty lists around."""
    assert decode(Trace, encode(trace())).unknowns is None


def test_unknown_fields_are_counted_in_every_part() -> None:
    """Top level, each attempt, each counter, each arm, each route: none hides behind another."""
    first = fields_on_wire(trace())["attempts"][0]
    value = wire(trace(), attempts=[first | {"new": 1}, first, first | {"new": 2, "newer": {}}], zeta=1, alpha=2)
    assert unknowns_of(Trace, value).fields == [
        "alpha", "zeta", "attempts.0.new", "attempts.2.new", "attempts.2.newer"
    ]  # fmt: skip
    beat = fields_on_wire(heartbeat())
    counters = [beat["counters"][0] | {"new": 1}] * 2
    epochs = {"a": beat["epochs"]["invoices"] | {"new": 1}, "b": beat["epochs"]["invoices"]}
    found = unknowns_of(Heartbeat, wire(heartbeat(), counters=counters, epochs=epochs)).fields
    assert sorted(found) == ["counters.0.new", "counters.1.new", "epochs.*.new"]
    arms = [arm | {"new": 1} for arm in fields_on_wire(policy())["arms"]]
    assert unknowns_of(Policy, wire(policy(), arms=arms)).fields == ["arms.0.new", "arms.1.new"]


def test_unknown_fields_and_values_in_one_message() -> None:
    """Both are counted, each once, although the message is read a second time."""
    decoded = decode(Trace, wire_attempt(trace(), role="oracle", new=1))
    assert decoded.message.attempts == (attempt(role="other"),)
    assert decoded.unknowns == Unknowns(fields=["attempts.0.new"], values=["role"])


def test_unknown_values_of_each_attempt_are_counted() -> None:
    """By the name of the field, once for each occurrence."""
    first = fields_on_wire(trace())["attempts"][0]
    value = wire(trace(), attempts=[first | {"status": "odd"}] * 3, failure_mode="bad_hair_day", risk="low")
    assert sorted(unknowns_of(Trace, value).values) == ["failure_mode", "status", "status", "status"]


def test_an_unknown_field_saves_no_broken_one() -> None:
    """Lenient about what is new, strict about what is known; the error is about the known one alone."""
    error = refusal_of(Trace, wire(trace(), new=1, policy_epoch=-1))
    assert error.reason is DeadLetterReason.INVALID_FIELD
    assert error.detail == "policy_epoch: Input should be greater than or equal to 0"
    assert "new" not in detail_of(Trace, wire_attempt(trace(), new=1, input_tokens=-1))


def test_a_known_name_in_the_wrong_place_is_unknown() -> None:
    """An attempt's field at the top, a trace's in an attempt: nothing is moved."""
    assert unknowns_of(Trace, wire(trace(), input_tokens=5)).fields == ["input_tokens"]
    assert unknowns_of(Trace, wire_attempt(trace(), route="invoices")).fields == ["attempts.0.route"]
    assert unknowns_of(Trace, wire(trace(), counters=[{"a": 1}])).fields == ["counters"]


@pytest.mark.parametrize("name", ["", "a b", "a\0b", "new-field", "x" * 65, "x" * 500_000, "a.b", "\U0001f682", "1st"])
def test_a_name_that_is_no_name_is_not_repeated(name: str) -> None:
    """It may be of any length and hold anything: it is counted as a question mark."""
    assert unknowns_of(Trace, wire(trace(), **{name: 1})).fields == ["?"]
    assert unknowns_of(Trace, wire_attempt(trace(), **{name: 1})).fields == ["attempts.0.?"]
