"""Each field of the contract at its limits, on both sides of them."""

import re
from typing import Any

import pytest

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import decode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import AppliedEpoch, RouteCounter
from pointsman_contract.message import Part
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import PolicyArm
from pointsman_contract.trace import Trace
from tests.builders import fields_on_wire, outcome, trace, wire
from tests.contract.catalogue import BIGGEST, FIELDS, MODELS, Field, holding
from tests.contract.refusals import detail_of, refusal_of

LONGEST = "\U0001f682" * 256
WRONG_TYPES: dict[str, list[Any]] = {
    "string": [1, 1.5, True, [], {}],
    "integer": ["1", 1.0, 1.5, True, [], {}],
    "float": ["1", True, [], {}],
    "flag": [0, 1, "true", [], {}],
}


def accepts(field: Field, value: Any) -> Any:
    """What the field holds after decoding."""
    decoded = decode(field.model, field.wire(value))
    assert decoded.unknowns is None
    return field.read(decoded.message)


def refuses(field: Field, value: Any) -> None:
    """The message is an invalid field, and the error begins with the field's path."""
    error = refusal_of(field.model, field.wire(value))
    assert error.reason is DeadLetterReason.INVALID_FIELD
    assert re.match(re.escape(field.shown_path) + r"(\.\d+|\.\*(\.\[key\])?)?: [A-Z]", error.detail), error.detail


def test_the_catalogue_is_complete() -> None:
    """Each model has exactly the fields that the design lists, and `kind`."""
    parts: dict[str, type[Part]] = {
        "attempts": Attempt, "epochs": AppliedEpoch, "counters": RouteCounter, "arms": PolicyArm
    }  # fmt: skip
    listed: dict[type[Part], list[str]] = {}
    for field in FIELDS:
        part = parts[str(field.path[0])] if len(field.path) > 1 else field.model
        listed.setdefault(part, []).append(field.name)
    assert listed == {part: [name for name in part.model_fields if name != "kind"] for part in listed}
    assert set(listed) == {*MODELS, *parts.values()}


@pytest.mark.parametrize("field", [field for field in FIELDS if field.absent == "required"], ids=str)
def test_a_required_field_is_required(field: Field) -> None:
    """Left out or null, it is an error that names it."""
    assert detail_of(field.model, field.wire_without()) == f"{field.shown_path}: Field required"
    refuses(field, None)


@pytest.mark.parametrize("field", [field for field in FIELDS if field.absent == "optional"], ids=str)
def test_an_optional_field_may_be_absent_or_null(field: Field) -> None:
    """Both mean not known: None, never 0."""
    assert field.read(decode(field.model, field.wire_without()).message) is None
    assert accepts(field, None) is None


@pytest.mark.parametrize("field", [field for field in FIELDS if field.absent == "default"], ids=str)
def test_a_field_with_a_default_may_be_absent_but_not_null(field: Field) -> None:
    """Null would leave open whether the default is meant."""
    defaults = {
        "policy_epoch": 0, "arm": "baseline", "cache": "none", "attempts": (), "recovery": "none",
        "outcome": "unknown", "epochs": {}, "counters": (), "emitted": 0, "dropped": 0,
    }  # fmt: skip
    assert field.read(decode(field.model, field.wire_without()).message) == defaults[field.name]
    refuses(field, None)


@pytest.mark.parametrize("field", holding("name", "text"), ids=str)
def test_strings_have_at_most_256_characters_and_no_nul(field: Field) -> None:
    """256 characters count as characters, not as bytes; PostgreSQL cannot store NUL."""
    for good in ["x", LONGEST, "\x01", "  ", "\uffff", "a" * 256]:
        assert accepts(field, good) == good
    for bad in [LONGEST + "x", "\0", "a\0b", "a\0", *WRONG_TYPES["string"]]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("name", "text"), ids=str)
def test_only_what_names_something_must_not_be_empty(field: Field) -> None:
    """A name has a character at least, other text may be empty."""
    if field.holds == "name":
        refuses(field, "")
    else:
        assert accepts(field, "") == ""


@pytest.mark.parametrize("field", holding("count", "from_one"), ids=str)
def test_counts_are_integers_that_fit_into_63_bits(field: Field) -> None:
    """0 (1 for a policy's epoch) and 2^63 - 1 are in; below, above, floats and booleans are out."""
    lowest = 1 if field.holds == "from_one" else 0
    for good in [lowest, BIGGEST]:
        assert accepts(field, good) == good
    for bad in [lowest - 1, -BIGGEST, BIGGEST + 1, 10**30, 10**4000, *WRONG_TYPES["integer"]]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("seconds"), ids=str)
def test_seconds_are_from_zero_to_a_billion(field: Field) -> None:
    """An integer will do; negative, over the limit and not finite will not."""
    for good in [0, 0.0, 5e-324, 1, 0.84, 1_000_000_000]:
        assert accepts(field, good) == good
    for bad in [-1e-9, -1, 1_000_000_001, 1e300, float("nan"), float("inf"), *WRONG_TYPES["float"]]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("number"), ids=str)
def test_numbers_are_finite(field: Field) -> None:
    """Any finite number; infinity and NaN cannot be averaged."""
    for good in [0, -1.5, 1.7e308, -1.7e308, 1]:
        assert accepts(field, good) == good
    for bad in [float("nan"), float("inf"), float("-inf"), *WRONG_TYPES["float"]]:
        refuses(field, bad)
    assert refusal_of(field.model, field.wire_raw("1e400")).reason is DeadLetterReason.INVALID_FIELD


@pytest.mark.parametrize("field", holding("count", "number", "seconds"), ids=str)
def test_minus_zero_is_zero(field: Field) -> None:
    """JSON can say it, and it is not below zero."""
    assert field.read(decode(field.model, field.wire_raw("-0")).message) == 0


@pytest.mark.parametrize("field", holding("flag"), ids=str)
def test_flags_are_true_or_false(field: Field) -> None:
    """Neither 0 and 1 nor words."""
    for good in [True, False]:
        assert accepts(field, good) is good
    for bad in WRONG_TYPES["flag"]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("hex_id"), ids=str)
def test_trace_ids_are_uuids_or_32_hex_digits(field: Field) -> None:
    """Either case; no other notation of a UUID."""
    hyphenated = "0d4c12ab-0d4c-4d4c-8d4c-0d4c0d4c0dff"
    digits = hyphenated.replace("-", "")
    for good in [hyphenated, digits, hyphenated.upper(), digits.upper(), "0" * 32, "f" * 32]:
        assert accepts(field, good).hex == good.replace("-", "").lower()
    for bad in [
        f"{{{hyphenated}}}", f"{{{digits}}}", f"urn:uuid:{hyphenated}", f"urn:uuid:{digits}", digits[1:], digits + "0",
        hyphenated.replace("-", "", 1), f" {digits}", f"{digits}\n", "g" * 32, "\0" * 32, "\u0661" * 32, "", 5, [], {},
    ]:  # fmt: skip
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("revision"), ids=str)
def test_a_record_revision_is_text_or_an_integer(field: Field) -> None:
    """Routers are told it in either form; the error is one sentence for both."""
    for good in ["", "3", LONGEST, 0, BIGGEST]:
        assert accepts(field, good) == good
        assert type(accepts(field, good)) is type(good)
    for bad in [LONGEST + "x", "\0", -1, BIGGEST + 1, 1.0, True, [], {}]:
        refuses(field, bad)
    assert detail_of(field.model, field.wire(1.5)).count(";") == 0


@pytest.mark.parametrize("field", holding("basis_points"), ids=str)
def test_a_weight_is_from_zero_to_ten_thousand(field: Field) -> None:
    """Basis points are integers; more than the whole is no share."""
    for bad in [-1, 10_001, *WRONG_TYPES["integer"]]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("parts", "modalities"), ids=str)
def test_lists_are_lists(field: Field) -> None:
    """Nothing else stands for a list, and their items are named by position."""
    for bad in ["text", 1, {}, True, [1], [[]], [None]]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("epochs", "scores"), ids=str)
def test_objects_are_objects(field: Field) -> None:
    """Nothing else stands for an object, and what is wrong inside is found."""
    for bad in ["text", 1, [], True, {"a": "1"}, {"a": None}, {"a": []}]:
        refuses(field, bad)


@pytest.mark.parametrize("field", holding("epochs", "scores"), ids=str)
def test_the_names_in_an_object_are_names(field: Field) -> None:
    """1 to 256 characters without NUL: the store keeps them too."""
    value = {"epoch": 1, "applied_at": "2026-11-23T12:00:00Z"} if field.holds == "epochs" else 0.5
    assert list(accepts(field, {LONGEST: value, "x": value})) == [LONGEST, "x"]
    for bad in ["", "\0", "a\0b", LONGEST + "x"]:
        refuses(field, {bad: value})


def test_a_trace_has_at_most_64_attempts() -> None:
    """64 are in, 65 are out."""
    one = fields_on_wire(trace())["attempts"]
    assert len(decode(Trace, wire(trace(), attempts=one * 64)).message.attempts) == 64
    assert detail_of(Trace, wire(trace(), attempts=one * 65)).startswith("attempts: ")


def test_modalities_are_at_most_64() -> None:
    """The same limit as for attempts."""
    assert decode(Trace, wire(trace(), modalities=["text"] * 64)).message.modalities == ("text",) * 64
    assert detail_of(Trace, wire(trace(), modalities=["text"] * 65)).startswith("modalities: ")


def test_scores_are_at_most_64() -> None:
    """The same limit as for attempts."""
    scores = {str(number): 0.5 for number in range(65)}
    assert detail_of(Outcome, wire(outcome(), scores=scores)).startswith("scores: ")
    scores.popitem()
    assert decode(Outcome, wire(outcome(), scores=scores)).message.scores == scores
