"""Looks that only some of several children have, looks that one refuses, and evidence that is told another plan."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from analytics.evidence import (
    AnyOf,
    ArmCounts,
    ArmsAdvance,
    ArmsEvidence,
    CostEvidence,
    PairedEvidence,
    RateAdvance,
    RateEvidence,
    SampleRatio,
    all_of,
    any_of,
    replanned,
)
from analytics.evidence.process import FailingProcess


def several() -> AnyOf:
    """A rate and two arms."""
    return any_of([RateEvidence(0.05, planned=1000), ArmsEvidence(planned=1000)])


def test_a_child_may_have_no_look() -> None:
    """None closes nothing: what the arms carry still waits. An empty look would end the wait."""
    whole = several()
    arms = whole.children[1]
    whole.update((10, 0), ({"a": ArmCounts(5, 5, 0, 0)},))
    whole.update((10, 0), None)
    whole.update(None, ({"a": ArmCounts(0, 0, 50, 1)},))
    alone = ArmsEvidence(planned=1000)
    alone.update({"a": ArmCounts(5, 5, 0, 0)})
    alone.update({"a": ArmCounts(0, 0, 50, 1)})
    assert arms.log_e == alone.log_e != 0


@pytest.mark.parametrize("wrong", [(1, 2, 3), 5, ([1],), ({"a": (1, 2, 3)},), ({1: (1, 0, 1, 0)},), ()])
def test_whatever_a_child_refuses_changes_none(wrong: Any) -> None:
    """A look of another shape is a wrong argument, and the first child has not closed its own."""
    whole = several()
    before = json.dumps(whole.state())
    with pytest.raises(ValueError, match=r"look|name|stratum"):
        whole.update((10, 9), wrong)
    assert json.dumps(whole.state()) == before


def test_a_refused_look_changes_no_child_of_a_child() -> None:
    """Also where a whole is a child itself, and has closed its look before a sibling refused."""
    inner = any_of([RateEvidence(0.05, planned=10)])
    outer = any_of([inner, RateEvidence(0.05, planned=10)])
    before = json.dumps(outer.state())
    with pytest.raises(ValueError, match="bad must not be more"):
        outer.update(((5, 5),), (5, 9))
    assert json.dumps(outer.state()) == before


def test_children_keep_their_own_verdicts_when_the_whole_decides() -> None:
    """A preview of the whole is a look of the whole alone."""
    whole = any_of([RateEvidence(0.05, planned=1000), RateEvidence(0.05, planned=1000)])
    assert whole.decide([[(20, 20)], [(20, 20)]])
    assert not any(child.failed for child in whole.children)


@pytest.mark.parametrize("look", [[1], None, {"a": (1, 2, 3)}, {"a": 5}, {3: ArmCounts(1, 0, 1, 0)}, "ab"])
@pytest.mark.parametrize("arms", [ArmsEvidence(planned=10), ArmsAdvance(margin=0.5)])
def test_what_is_no_look_of_two_arms(arms: ArmsEvidence | ArmsAdvance, look: Any) -> None:
    """Named, and never an error of Python's own."""
    with pytest.raises(ValueError, match=r"ArmCounts of each stratum|four counts"):
        arms.update(look)


@pytest.mark.parametrize("looks", [None, 5, [1], [(2, 1), None]])
def test_what_are_no_open_looks(looks: Any) -> None:
    """Pairs, oldest first."""
    with pytest.raises(ValueError, match=r"pairs \(n, bad\)"):
        RateEvidence(0.1, planned=10).preview(looks)


@pytest.mark.parametrize("wrong", [[1, 2], None, {1: 2}])
def test_what_are_no_counts_by_arm(wrong: Any) -> None:
    """Weights and requests are by arm."""
    with pytest.raises(ValueError, match="of two arms or more, by name"):
        SampleRatio(wrong)
    with pytest.raises(ValueError, match="requests of each arm, by name"):
        SampleRatio({"a": 1, "b": 1}).update(wrong)


def test_a_request_to_an_arm_of_weight_0_is_certain() -> None:
    """After a rollback the candidate has 0 %: the first request that it gets is an alarm, and figures stay JSON."""
    process = SampleRatio({"baseline": 10_000, "candidate": 0})
    process.update({"baseline": 100_000})
    assert abs(process.log_e) < 1e-9
    before = process.alarmed
    process.update({"baseline": 100, "candidate": 1})
    assert (before, process.alarmed) == (False, True)
    assert process.p_value < 1e-300
    json.dumps([process.state(), process.log_e, process.estimate], allow_nan=False)
    assert process.estimate.of == "share of candidate"
    process.update({"baseline": 1000})
    assert process.log_e >= 700
    with pytest.raises(ValueError, match="above 0"):
        SampleRatio({"a": 0, "b": 0})


def test_what_is_certain_is_not_less_than_what_was_known() -> None:
    """Evidence of the other arms may be larger still, and is not made smaller by a request that is certain."""
    process = SampleRatio({"a": 1, "b": 1, "c": 0})
    process.update({"a": 20_000})
    before = process.log_e
    process.update({"c": 20})
    assert process.log_e == before > 700
    assert process.estimate.of == "share of c"


@pytest.mark.parametrize(
    ("evidence", "look", "worse"),
    [
        (RateEvidence(0.01, planned=1000), (500, 5), (20, 20)),
        (RateEvidence(0.01, planned=1000, incidents="clip"), (500, 5), (20, 20)),
        (ArmsEvidence(planned=1000), ({"a": ArmCounts(200, 2, 300, 3)},), ({"a": ArmCounts(20, 20, 20, 0)},)),
        (PairedEvidence(planned=1000), (1, 4, 4, 491), (0, 20, 0)),
        (
            CostEvidence(cap=2, tail_share=0, planned=1000),
            (([1.0] * 500, [1] * 500),) * 2,
            (([2.0], [0]), ([1.0], [1])),
        ),
    ],
    ids=lambda one: getattr(one, "kind", ""),
)
def test_another_plan_makes_no_cash_and_loses_none(evidence: FailingProcess, look: Any, worse: Any) -> None:
    """E is what it was, whatever is planned from now on; what the cash is invested in later differs."""
    evidence.update(*look)
    for planned in (10.0, 1e6):
        other = replanned(evidence, planned)
        assert other.log_e == pytest.approx(evidence.log_e, abs=1e-12)
        assert type(other) is type(evidence)
        again = type(other).from_state(json.loads(json.dumps(other.state())))
        for one in (other, again):
            one.update(*worse)
        assert other.log_e == again.log_e
        assert other.log_e != pytest.approx(_updated(evidence, worse).log_e, abs=1e-9)


def _updated(evidence: FailingProcess, look: Any) -> FailingProcess:
    found = type(evidence).from_state(evidence.state())
    found.update(*look)
    return found


def test_the_same_plan_is_no_other() -> None:
    """Told again what is planned, evidence goes on as it would have."""
    evidence, told = (RateEvidence(0.01, planned=1000) for _ in range(2))
    for _ in range(20):
        evidence.update(100, 1)
        told.update(100, 1)
        told = replanned(told, 1000)
    assert told.log_e == pytest.approx(evidence.log_e, abs=1e-9)


def test_several_are_told_another_plan_each() -> None:
    """What has failed has, and the largest E stays; each child has the plan that it would have been told alone."""
    whole = any_of([RateEvidence(0.05, planned=1000), any_of([PairedEvidence(planned=100)])])
    whole.update((40, 30), ((0, 1, 1, 8),))
    whole.update((3000, 0), None)
    other = replanned(whole, [5000, [70]])
    assert whole.failed
    assert (other.failed, other.highest, other.log_e) == (True, whole.highest, whole.log_e)
    assert other.children[0].state() == replanned(whole.children[0], 5000).state()
    with pytest.raises(ValueError, match="one for each of 2 children"):
        replanned(whole, 5000)


def test_plans_that_cannot_be() -> None:
    """As the class refuses them; what is all invested has none."""
    with pytest.raises(ValueError, match="planned must be at least 1"):
        replanned(RateEvidence(0.1, planned=10), 0)
    with pytest.raises(ValueError, match="nothing is planned for 'sample_ratio'"):
        replanned(SampleRatio({"a": 1, "b": 1}), 10)  # type: ignore[type-var]


def test_evidence_that_cannot_fail_is_no_child_of_a_state() -> None:
    """A child that was dropped in silence would leave a whole of fewer."""
    state = several().state()
    state["trials"]["children"][0] = RateAdvance(0.1).state()
    with pytest.raises(ValueError, match="evidence that can fail"):
        AnyOf.from_state(state)


def test_a_child_is_not_given_twice() -> None:
    """Its looks would count twice, and after a restart there would be two of it."""
    child = RateEvidence(0.1, planned=10)
    for make in (any_of, all_of):
        with pytest.raises(ValueError, match="hold one twice"):
            make([child, child])


def test_strata_have_a_limit() -> None:
    """Names that never end (an id for a class) must not fill the memory, nor stop what has names already."""
    arms = ArmsEvidence(planned=10)
    arms.update({f"class {number}": ArmCounts(1, 0, 9, 0) for number in range(1000)})
    alone = ArmsEvidence.from_state(arms.state())
    arms.update({"one more": ArmCounts(5, 5, 9, 0), "class 3": ArmCounts(1, 1, 9, 0), "nobody": ArmCounts(0, 0, 0, 0)})
    alone.update({"class 3": ArmCounts(1, 1, 9, 0)})
    assert (arms.log_e, arms.left_out, alone.left_out) == (alone.log_e, 14, 0)
    assert ArmsEvidence.from_state(arms.state()).left_out == 14
    assert ArmsAdvance(margin=0.5).left_out == 0


def test_which_strata_are_kept_does_not_depend_on_what_they_bring() -> None:
    """Of too many new ones the first by name, in whatever order the mapping has them: bad ones first is no order."""
    look = {f"{number:04}": ArmCounts(10, 3 * (number % 2), 90, 3) for number in range(1020)}
    found = []
    for names in (list(look), list(reversed(look)), sorted(look, key=lambda name: -look[name].candidate_bad)):
        arms = ArmsEvidence(planned=50_000)
        arms.update({name: look[name] for name in names})
        found.append(arms.log_e)
        assert arms.left_out == 20 * 100
    assert found[0] == found[1] == found[2]


def test_stray_names_make_room() -> None:
    """A thousand names that came once, with one arm, must not end the comparison of those that come always."""
    arms = ArmsEvidence(planned=50_000)
    arms.update({f"id {number}": ArmCounts(0, 0, 1, 0) for number in range(1000)})
    for _ in range(3):
        arms.update({"code": ArmCounts(10, 9, 90, 1)})
    assert arms.failed
    assert len(arms.state()["trials"]["strata"]) < 1000
    assert arms.left_out == 100
    state = arms.state()
    state["trials"]["strata"] = {str(number): state["trials"]["strata"]["code"] for number in range(1001)}
    with pytest.raises(ValueError, match="1001 strata are more"):
        ArmsEvidence.from_state(state)


class Stops:
    """A look during whose closing somebody presses Ctrl-C."""

    def __iter__(self) -> Iterator[Any]:
        raise KeyboardInterrupt


def test_ctrl_c_within_a_look_changes_no_child() -> None:
    """Whoever catches it and goes on closes the look once."""
    whole = several()
    before = json.dumps(whole.state())
    with pytest.raises(KeyboardInterrupt):
        whole.update((10, 9), Stops())  # type: ignore[arg-type]
    assert json.dumps(whole.state()) == before


def test_what_waits_for_a_partner_has_a_limit() -> None:
    """A long look without a candidate carries a thousand of the baseline, not all of it."""
    costs = CostEvidence(cap=2, tail_share=0, planned=10)
    costs.update(([], []), ([1.0] * 100_000, [1] * 100_000))
    assert len(json.dumps(costs.state())) < 20_000
    rest = CostEvidence(cap=2, tail_share=0, planned=10)
    rest.update(([], []), (list(range(3000)), [1] * 3000))
    assert rest.state()["trials"]["baseline_rest"][0] == list(range(1000))
    costs.update(([1.5], [1]), ([], []))
    assert costs.state()["trials"]["baseline_rest"] == [[], []]
