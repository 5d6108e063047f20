"""What changed between two records, and what that means for the evidence."""

from decimal import Decimal
from typing import Any

import pytest

from alerts.records.differences import Difference, differences
from pointsman_contract.record import Figures, ThresholdBounds
from pointsman_contract.stage import DAY_S, Stage
from pointsman_contract.trigger import Trigger
from tests.store.records import compiled, condition

_SHADOW = Stage(kind="shadow", weight_bp=100, duration_s=86_400.0)
_CANARY = Stage(kind="canary", weight_bp=1000, duration_s=86_400.0)


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
    assert [one.follows for one in both] == ["its evidence begins anew", ""]


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
