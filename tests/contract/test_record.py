"""The compiled record as values: what fits together, and what its parts are called."""

from typing import Any

import pytest
from pydantic import ValidationError

from analytics.evidence import RateEvidence
from pointsman_contract.condition import Condition
from pointsman_contract.record import CompiledRecord, ThresholdBounds
from pointsman_contract.stage import DAY_S, Stage
from pointsman_contract.trigger import MOST_CLIPPED, Trigger
from tests.store.records import compiled, condition


def latency(**overrides: Any) -> Condition:
    """P95 of duration over 1.2 s."""
    return condition(measure="duration", quantile=0.95, threshold=1.2, unit="s", text="P95 latency > 1.2s", **overrides)


@pytest.mark.parametrize(
    "wrong",
    [
        {"measure": "happiness"},
        {"op": "any"},
        {"threshold": None},
        {"quantile": 0.95},
        {"op": "=="},
        {"against": "last week"},
        {"threshold": float("nan")},
    ],
)
def test_a_condition_that_does_not_fit_together_is_refused(wrong: dict[str, Any]) -> None:
    """Unknown measures and operators, `any` with a threshold, others without, a quantile of a rate."""
    with pytest.raises(ValidationError):
        condition(**wrong)


def test_a_quantile_that_is_not_kept_is_refused() -> None:
    """Only those that measures have."""
    with pytest.raises(ValidationError):
        condition(measure="duration", quantile=0.999, threshold=1.0, unit="s")


@pytest.mark.parametrize(
    ("of", "limit"),
    [
        (condition(), 0.005),
        (condition(measure="schema_adherence", op="<", threshold=0.98), 0.02),
        (latency(), 0.05),
        (condition(threshold=0.2, against="baseline"), None),
        (condition(measure="injection_succeeded", op="any", threshold=None), None),
        (condition(measure="cost_per_success", threshold=0.02, unit="USD"), None),
    ],
)
def test_the_limit_of_bad_requests(of: Condition, limit: float | None) -> None:
    """A rate's threshold, what is left of one where more is better, what is left of a quantile; none of other kinds."""
    assert of.bad_limit == limit


def test_names_tell_what_a_condition_is_about() -> None:
    """The same for another threshold, another for another quantile, comparison or measure; joined in a trigger."""
    assert condition().name == condition(threshold=0.01).name == "attempt_error_rate"
    assert latency().name == "duration_p95"
    assert condition(threshold=0.2, against="baseline").name == "attempt_error_rate_vs_baseline"
    assert condition(threshold=0.2, against="reference").name == "attempt_error_rate_drift"
    assert Trigger(conditions=(condition(), latency())).name == "attempt_error_rate+duration_p95"


def test_who_takes_a_part_of_the_budget() -> None:
    """Who can roll back, and tolerates some: zero tolerance stands outside of it."""
    event = condition(measure="injection_succeeded", op="any", threshold=None)
    assert Trigger(conditions=(condition(),)).shares_budget
    assert Trigger(conditions=(condition(),), enforcement="approve").shares_budget
    assert not Trigger(conditions=(condition(),), enforcement="alert").shares_budget
    assert not Trigger(conditions=(event,)).shares_budget
    drift = condition(threshold=0.1, against="reference")
    assert not Trigger(conditions=(drift,)).shares_budget


def test_what_gates() -> None:
    """One limit, or a comparison with a margin: what has evidence to advance (statistics §2, §3, §6)."""
    event = condition(measure="injection_succeeded", op="any", threshold=None)
    compared = condition(threshold=0.2, against="baseline")
    cost = condition(measure="cost_per_success", threshold=0.02, unit="USD")
    gating = (Trigger(conditions=(condition(),)), Trigger(conditions=(condition(),), enforcement="alert"),
              Trigger(conditions=(latency(),)), Trigger(conditions=(compared,)),
              Trigger(conditions=(condition(threshold=0.0, against="baseline"),), margin=0.1))  # fmt: skip
    others = (Trigger(conditions=(condition(),), enforcement="observe"), Trigger(conditions=(event,)),
              Trigger(conditions=(condition(threshold=0.1, against="reference"),)), Trigger(conditions=(cost,)),
              Trigger(conditions=(condition(), latency())),
              Trigger(conditions=(condition(threshold=0.0, against="baseline"),)))  # fmt: skip
    assert [one.gates for one in (*gating, *others)] == [True] * len(gating) + [False] * len(others)


@pytest.mark.parametrize(
    "joined",
    [
        (condition(), condition(threshold=0.1, against="reference")),
        (condition(), condition(measure="injection_succeeded", op="any", threshold=None)),
        (condition(), condition(threshold=0.02)),
    ],
)
def test_what_cannot_be_met_together_is_refused(joined: tuple[Condition, ...]) -> None:
    """Drift comes after promotion, zero tolerance weighs nothing, and the same twice is once."""
    with pytest.raises(ValidationError):
        Trigger(conditions=joined)


@pytest.mark.parametrize(
    "settings",
    [{"no_data": "rollback", "enforcement": "alert"}, {"margin": 200.0}, {"costs": "capped"}, {"confirmation": 2}],
)
def test_settings_that_contradict_or_say_nothing_are_refused(settings: dict[str, Any]) -> None:
    """What does not roll back does not do so without data; a limit with its margin is a share; costs are of costs."""
    with pytest.raises(ValidationError):
        Trigger(conditions=(condition(),), **settings)


def test_a_limit_and_its_margin_are_a_share() -> None:
    """Of 40 % with a margin of 200 % nothing could pass: evidence would refuse it."""
    many = condition(threshold=0.4)
    assert Trigger(conditions=(many,), margin=1.0).margin == 1.0
    with pytest.raises(ValidationError):
        Trigger(conditions=(many,), margin=2.0)


def test_requests_of_a_stage() -> None:
    """Those of its time; its samples where they take longer, as far as the deadline lets them."""
    timed = Stage(kind="canary", weight_bp=1000, duration_s=DAY_S)
    assert timed.requests_at(1.0) == pytest.approx(8640)
    counted = Stage(kind="canary", weight_bp=1000, samples=10_000)
    assert counted.requests_at(1.0) == 10_000
    assert counted.requests_at(1000 / DAY_S) == pytest.approx(1400)
    assert timed.model_copy(update={"samples": 9000}).requests_at(1.0) == 9000


def test_a_stage_must_be_able_to_end() -> None:
    """By its time or by its samples; it asks after 14 days, or twice its time."""
    with pytest.raises(ValidationError):
        Stage(kind="canary", weight_bp=1000)
    assert Stage(kind="canary", weight_bp=1000, samples=10).deadline_s == 14 * DAY_S
    assert Stage(kind="canary", weight_bp=1000, duration_s=10 * DAY_S).deadline_s == 20 * DAY_S


def test_bounds_have_an_order() -> None:
    """The lower one first."""
    with pytest.raises(ValidationError):
        ThresholdBounds(low=0.8, high=0.5)


@pytest.mark.parametrize("wrong", [{"triggers": ()}, {"stages": ()}, {"false_rollback_budget": 0.0}, {"route": ""}])
def test_a_record_without_a_part_that_it_needs_is_refused(wrong: dict[str, Any]) -> None:
    """No trigger, no stage, no budget, no route."""
    with pytest.raises(ValidationError):
        compiled(**wrong)


def test_rests_of_the_whole_record() -> None:
    """The longest cool-down, the shortest time to see a rollback: of what no trigger did."""
    two = compiled(triggers=(
        Trigger(conditions=(condition(),), cooldown_s=60.0, verify_within_s=30.0), Trigger(conditions=(latency(),)),
    ))  # fmt: skip
    assert (two.cooldown_s, two.verify_within_s) == (600.0, 30.0)


def test_a_record_survives_json() -> None:
    """To the last digit of every float, strictly."""
    record = compiled(triggers=(Trigger(conditions=(condition(threshold=0.1 + 0.2),)),))
    assert CompiledRecord.model_validate_json(record.model_dump_json()) == record


def test_what_may_be_clipped_is_what_evidence_takes() -> None:
    """A record that compiles does not fail when its evidence begins."""
    RateEvidence(MOST_CLIPPED, planned=1000, incidents="clip")
    with pytest.raises(ValueError, match="clip"):
        RateEvidence(MOST_CLIPPED + 0.01, planned=1000, incidents="clip")
