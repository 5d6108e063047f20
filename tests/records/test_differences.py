"""What changed between two records, and what that means for the evidence."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from alerts.records.differences import Difference, differences
from alerts.records.printing import with_plain_texts
from pointsman_contract.record import CompiledRecord, Figures, ThresholdBounds
from pointsman_contract.stage import DAY_S, Stage
from pointsman_contract.trigger import Trigger
from tests.records.strategies import records, stages, triggers
from tests.store.records import compiled, condition

_SHADOW = Stage(kind="shadow", weight_bp=100, duration_s=86_400.0)
_CANARY = Stage(kind="canary", weight_bp=1000, duration_s=86_400.0)


_OF_STAGE: list[dict[str, object]] = [
    {"weight_bp": 4321}, {"duration_s": 54_321.0, "assumed": ()}, {"samples": 54_321},
    {"deadline_s": 31_000_000.0}, {"at_deadline": "hold"},
]  # fmt: skip
_OF_TRIGGER: list[dict[str, object]] = [
    {"enforcement": "observe"}, {"no_data": "alert"}, {"cooldown_s": 54_321.0}, {"verify_within_s": 54_321.0},
    {"margin": 0.54321}, {"incidents": "clip"}, {"costs": "capped"}, {"drift": "certify"}, {"confirmation": 54_321},
]  # fmt: skip


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    """From a record with these parts to one with those."""
    return differences(compiled(**old), compiled(**new))


def test_the_same_has_none() -> None:
    """Nor has another wording of the same: the text of a condition is not its meaning."""
    assert not changed({}, {})
    other = Trigger(conditions=(condition(text="errors above 0.5 percent"),))
    assert not changed({}, {"triggers": (other,)})


def test_another_candidate_begins_all_evidence_anew() -> None:
    """What was seen of one model says nothing of another."""
    assert changed({}, {"candidate": "llama-4"}) == [
        Difference("changed", "candidate", "qwen-3.5-72b", "llama-4", "all evidence begins anew")
    ]


def test_a_trigger_with_another_limit_begins_anew() -> None:
    """The same measure, limit and candidate go on; another limit, or a new trigger, begins anew."""
    (one,) = changed({}, {"triggers": (Trigger(conditions=(condition(threshold=0.01),)),)})
    assert one == Difference(
        "changed", "trigger", "attempt error rate > 0.5%", "attempt error rate > 1%", "its evidence begins anew"
    )
    refusals = Trigger(conditions=(condition(measure="refusal_rate"),))
    added, removed = (
        changed({}, {"triggers": (Trigger(conditions=(condition(),)), refusals)}),
        changed({"triggers": (Trigger(conditions=(condition(),)), refusals)}, {}),
    )
    assert [(one.change, one.after, one.follows) for one in added] == [
        ("added", "refusal rate > 0.5%", "its evidence begins anew")
    ]
    assert [(one.change, one.before) for one in removed] == [("removed", "refusal rate > 0.5%")]


def test_a_setting_keeps_the_evidence() -> None:
    """Unless the limit changed too."""
    (one,) = changed({}, {"triggers": (Trigger(conditions=(condition(),), enforcement="approve"),)})
    assert one == Difference(
        "changed", "enforcement of attempt error rate > 0.5%", "auto", "approve", "its evidence goes on"
    )
    both = changed({}, {"triggers": (Trigger(conditions=(condition(threshold=0.01),), enforcement="approve"),)})
    assert [one.follows for one in both] == ["its evidence begins anew"] * 2


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ((_SHADOW, _CANARY), (_CANARY,), [("changed", "stage 1"), ("removed", "stage 2")]),
        ((_CANARY,), (_CANARY, Stage(kind="canary", weight_bp=5000, samples=10)), [("added", "stage 2")]),
        ((_CANARY,), (_CANARY.model_copy(update={"deadline_s": 30 * DAY_S}),), [("changed", "deadline of stage 1")]),
        ((_CANARY,), (_CANARY.model_copy(update={"at_deadline": "hold"}),), [("changed", "at deadline of stage 1")]),
    ],
)
def test_stages_by_their_place(old: tuple[Stage, ...], new: tuple[Stage, ...], found: list[tuple[str, str]]) -> None:
    """Each place in the plan is one line; deadlines are told apart from steps."""
    assert [(one.change, one.what) for one in changed({"stages": old}, {"stages": new})] == found


def test_samples_count_where_the_time_is_assumed() -> None:
    """The sentence of such a stage does not name them."""
    day = Stage(kind="canary", weight_bp=1000, duration_s=86_400.0, samples=2000, assumed=("duration_s",))
    (one,) = changed({"stages": (day,)}, {"stages": (day.model_copy(update={"samples": 500_000}),)})
    assert one == Difference("changed", "samples of stage 1", "2,000", "500,000")


@pytest.mark.parametrize(
    ("new", "follows"),
    [
        ({"incidents": "clip"}, "its evidence begins anew"),
        ({"margin": 0.5}, "its evidence begins anew"),
        ({"no_data": "rollback"}, "its evidence goes on"),
        ({"cooldown_s": 5.0}, "its evidence goes on"),
    ],
)
def test_what_is_weighed_otherwise_begins_anew(new: dict[str, Any], follows: str) -> None:
    """Clipped and counted requests are two processes; what is done about a verdict changes none."""
    (one,) = changed({}, {"triggers": (Trigger.model_validate({"conditions": (condition(),), **new}),)})
    assert one.follows == follows


def test_another_route_or_baseline_begins_anew() -> None:
    """Evidence is about the requests of one route; comparisons are about one baseline."""
    compared = Trigger(conditions=(condition(threshold=0.2, against="baseline"),))
    alert = compared.model_copy(update={"enforcement": "alert"})
    for part, told in (("route", "all evidence begins anew"), ("baseline", "the evidence of comparisons begins anew")):
        first, second = changed({"triggers": (compared,)}, {part: "another", "triggers": (alert,)})
        assert (first.what, first.follows, second.follows) == (part, told, "its evidence begins anew")


def test_the_order_of_and_means_nothing() -> None:
    """A and B is B and A."""
    two = (condition(), condition(measure="refusal_rate"))
    assert not changed({"triggers": (Trigger(conditions=two),)}, {"triggers": (Trigger(conditions=two[::-1]),)})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(records(), triggers(), stages())
def test_no_change_of_meaning_is_passed_over(one: CompiledRecord, trigger: Trigger, plan: tuple[Stage, ...]) -> None:
    """Two records have no difference exactly where they are equal but for words and the order of triggers."""
    parts: list[dict[str, object]] = [
        {"triggers": (trigger,)},
        {"stages": plan},
        {"figures": Figures(latency_p95_s=0.123)},
        {"tau": ThresholdBounds(low=0.1234567, high=0.1234568)},
        {"tau": None},
        {"holdback_bp": 123},
        {"owner": "nobody else"},
        {"candidate": "no-such-model"},
        {"false_rollback_budget": 0.0123},
    ]
    stage, trigger = one.stages[0], one.triggers[0]
    parts += [{"stages": (stage.model_copy(update=part), *one.stages[1:])} for part in _OF_STAGE]
    parts += [{"triggers": (trigger.model_copy(update=part), *one.triggers[1:])} for part in _OF_TRIGGER]
    for new in (one, *(one.model_copy(update=part) for part in parts)):
        assert bool(differences(one, new)) is not (ordered(one) == ordered(new)), new


def ordered(record: CompiledRecord) -> CompiledRecord:
    """The record with its triggers, and their conditions, in one order."""
    plain = with_plain_texts(record).triggers
    triggers = (one.model_copy(update={"conditions": tuple(sorted(one.conditions, key=str))}) for one in plain)
    return record.model_copy(update={"triggers": tuple(sorted(triggers, key=str))})


def test_figures_money_and_bounds_in_plain_words() -> None:
    """Without trailing zeros, without a class name."""
    new = {
        "figures": Figures(latency_p95_s=0.9, cost_per_success_usd=Decimal("0.0042")),
        "tau": ThresholdBounds(low=0.5, high=0.8),
        "false_rollback_budget": 0.02,
    }
    assert [(one.what, one.before, one.after) for one in changed({}, new)] == [
        ("false rollback budget", "1%", "2%"),
        ("tau", "", "0.5 to 0.8, approve"),
        ("latency p95", "", "0.9 seconds"),
        ("cost per success", "", "$0.0042"),
    ]
