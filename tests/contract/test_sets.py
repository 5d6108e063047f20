"""Strict sets refuse what they do not know, describing sets keep the message and count."""

import json
from typing import get_args

import pytest

from pointsman_contract import vocabulary
from pointsman_contract.decode import decode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.failure_modes import FAILURE_MODES, Detectability, FailureModeTraits, Recoverability, Severity
from pointsman_contract.fields import values_of
from pointsman_contract.policy import Policy
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import OUTCOME_RANKS
from tests.builders import outcome, policy, trace, wire
from tests.contract import catalogue
from tests.contract.catalogue import DESCRIBING_SETS, STRICT_SETS, Field, holding
from tests.contract.refusals import detail_of, refusal_of

# An arm of a policy cannot change alone: the weights of the others would no longer sum to the whole.
STRICT = [field for field in holding("strict") if field.model is not Policy]


@pytest.mark.parametrize("field", STRICT, ids=str)
def test_a_strict_set_takes_its_values(field: Field) -> None:
    """Each value of the design, as it is."""
    for value in STRICT_SETS[field.name].split():
        decoded = decode(field.model, field.wire(value))
        assert (field.read(decoded.message), decoded.unknowns) == (value, None)


@pytest.mark.parametrize("field", holding("strict"), ids=str)
def test_a_strict_set_refuses_everything_else(field: Field) -> None:
    """What a trace counts for must not be guessed: a newer value, another case and `other` are errors."""
    for value in ["other", "", "Baseline", "success ", "new", "\0", 1, True, ["canary"], {}]:
        error = refusal_of(field.model, field.wire(value))
        assert error.reason is DeadLetterReason.INVALID_FIELD
        assert error.detail.startswith(f"{field.shown_path}: Input should be '")


@pytest.mark.parametrize("field", holding("describing"), ids=str)
def test_a_describing_set_takes_its_values(field: Field) -> None:
    """Each value of the design, `other` among them, as it is and uncounted."""
    for value in DESCRIBING_SETS[field.name].split():
        decoded = decode(field.model, field.wire(value))
        assert (field.read(decoded.message), decoded.unknowns) == (value, None)


@pytest.mark.parametrize("field", holding("describing"), ids=str)
def test_an_unknown_describing_value_becomes_other_and_is_counted(field: Field) -> None:
    """A newer router must not blind an older monitor; 256 characters of any kind are no reason to refuse."""
    for value in ["brand_new", "", "OK", "\U0001f682" * 256]:
        decoded = decode(field.model, field.wire(value))
        assert field.read(decoded.message) == "other"
        assert decoded.unknowns is not None
        assert (decoded.unknowns.values, decoded.unknowns.fields) == ([field.name], [])


@pytest.mark.parametrize("field", holding("describing"), ids=str)
def test_a_describing_value_is_a_string_within_the_limits(field: Field) -> None:
    """Lenient about meaning, strict about type, length and NUL."""
    for value in ["x" * 257, "\0", "a\0", 1, 1.5, True, [], {}]:
        error = refusal_of(field.model, field.wire(value))
        assert error.reason is DeadLetterReason.INVALID_FIELD
        assert error.detail.startswith(f"{field.shown_path}: Input should be a string")


def test_unknown_modalities_become_other_one_by_one() -> None:
    """Known ones in the same list stay, each unknown one counts."""
    decoded = decode(Trace, wire(trace(), modalities=["text", "smell", "image", "taste"]))
    assert decoded.message.modalities == ("text", "other", "image", "other")
    assert decoded.unknowns is not None
    assert decoded.unknowns.values == ["modalities", "modalities"]
    assert detail_of(Trace, wire(trace(), modalities=["text", 5])).startswith("modalities.1: Input should be a string")


@pytest.mark.parametrize(("name", "listed"), [*STRICT_SETS.items(), *DESCRIBING_SETS.items()])
def test_the_vocabulary_is_the_designs(name: str, listed: str) -> None:
    """No value more, none less, in the same order."""
    names = {"outcome": "OutcomeValue", "source": "OutcomeSource"}
    literal = getattr(vocabulary, names.get(name, name.title().replace("_", "")))
    assert list(values_of(literal)) == listed.split()


def test_each_failure_mode_has_its_row() -> None:
    """Severity, detectability and recoverability of every mode, in words that are known."""
    assert list(FAILURE_MODES) == catalogue.FAILURE_MODES.split()
    for traits in FAILURE_MODES.values():
        assert traits.severity in get_args(Severity)
        assert traits.detectability in get_args(Detectability)
        assert traits.recoverability in get_args(Recoverability)


@pytest.mark.parametrize(
    ("mode", "traits"),
    [
        ("preamble_contamination", FailureModeTraits("low", "very_high", "automated")),
        ("malformed_json", FailureModeTraits("high", "high", "automated")),
        ("tool_argument_mismatch", FailureModeTraits("critical", "high", "partly")),
        ("refusal", FailureModeTraits("high", "high", "manual")),
        ("silent_drift", FailureModeTraits("critical", "low", "manual")),
        ("citation_hallucination", FailureModeTraits("high", "medium", "manual")),
        ("prompt_injection", FailureModeTraits("critical", "medium", "manual")),
    ],
)
def test_the_failure_modes_of_the_design(mode: vocabulary.FailureModeName, traits: FailureModeTraits) -> None:
    """The rows that the design names are its own."""
    assert FAILURE_MODES[mode] == traits


def test_each_outcome_source_has_its_own_rank() -> None:
    """Human counts most, then business, user, judge, auto; a source that is not known counts least."""
    assert sorted(OUTCOME_RANKS, key=OUTCOME_RANKS.__getitem__, reverse=True) == DESCRIBING_SETS["source"].split()
    assert len(set(OUTCOME_RANKS.values())) == len(OUTCOME_RANKS)


def test_the_arms_of_a_policy_are_a_whole() -> None:
    """Serving arms sum to 10,000, shadow comes on top, each arm once, one arm at least."""

    def arms(*pairs: tuple[str, int]) -> bytes:
        return wire(policy(), arms=[{"arm": arm, "model": "m", "weight_bp": weight} for arm, weight in pairs])

    for good in [
        arms(("baseline", 10_000)),
        arms(("canary", 10_000)),
        arms(("canary", 10_000), ("baseline", 0)),
        arms(("baseline", 9_999), ("canary", 1), ("shadow", 10_000)),
        arms(("shadow", 0), ("baseline", 10_000)),
    ]:
        sent = json.loads(good)["arms"]
        assert [arm.weight_bp for arm in decode(Policy, good).message.arms] == [arm["weight_bp"] for arm in sent]
    for bad in [
        arms(), arms(("baseline", 9_999)), arms(("baseline", 10_000), ("canary", 1)), arms(("shadow", 10_000)),
        arms(("baseline", 5_000), ("shadow", 5_000)),
    ]:  # fmt: skip
        assert detail_of(Policy, bad) == "message: the weight_bp of the serving arms do not sum to 10,000"
    assert detail_of(Policy, arms(("baseline", 5_000), ("baseline", 5_000))) == "message: each arm comes once"
    assert detail_of(Policy, arms(("baseline", 1), ("canary", 1), ("shadow", 1), ("canary", 1))).startswith("arms: ")


def test_an_unknown_source_of_an_outcome_is_kept() -> None:
    """The verdict itself is known, only its weight is not."""
    decoded = decode(type(outcome()), wire(outcome(), source="oracle"))
    assert (decoded.message.source, decoded.message.outcome) == ("other", "success")
