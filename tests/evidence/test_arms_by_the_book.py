"""Two arms and their costs: strata and requests that wait for a partner once, and are dropped after that."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import ArmCounts, ArmsAdvance, ArmsEvidence, CostAdvance, CostEvidence, CostLimitEvidence
from tests.evidence import reference
from tests.evidence import reference_arms as by_the_book
from tests.evidence.reference_arms import Counts, Look, Request, arrays, feeding
from tests.evidence.streams import above_0, arm_looks, cost_looks, margins, plans, requests
from tests.evidence.test_by_the_book import close, log_path

_FEW = settings(max_examples=60)
ArmLooks = list[dict[str, ArmCounts]]


def plain(looks: ArmLooks) -> list[dict[str, Counts]]:
    """As plain tuples."""
    return [{name: (counts[0], counts[1], counts[2], counts[3]) for name, counts in look.items()} for look in looks]


@settings(max_examples=50)
@given(margins, plans, arm_looks)
def test_arms(margin: float, planned: float, looks: ArmLooks) -> None:
    """ArmsEvidence is §2's product over strata, one injection for a look, shares and b of each stratum its own."""
    process = ArmsEvidence(planned=planned, margin=margin)
    expected = by_the_book.arms(margin, planned, plain(looks))
    assert log_path(process, [(look,) for look in looks]) == close(expected)


@settings(max_examples=50)
@given(above_0, arm_looks)
def test_arms_advance(margin: float, looks: ArmLooks) -> None:
    """ArmsAdvance has the same factor with smaller rates, and no cash."""
    process = ArmsAdvance(margin=margin)
    assert log_path(process, [(look,) for look in looks]) == close(by_the_book.arms(margin, None, plain(looks)))


CANDIDATE, BASELINE, BOTH = ArmCounts(8, 5, 0, 0), ArmCounts(0, 0, 90, 3), ArmCounts(20, 6, 80, 2)
OTHER = ArmCounts(4, 1, 6, 1)


def log_of(*looks: dict[str, ArmCounts]) -> float:
    """The ln E of a stream; planned requests so many that the injection can be forgotten."""
    process = ArmsEvidence(planned=1e15)
    for look in looks:
        process.update(look)
    return process.log_e


@pytest.mark.parametrize("first", [CANDIDATE, BASELINE])
def test_one_arm_is_compared_with_the_next_look(first: ArmCounts) -> None:
    """What was carried counts as if it had come with the look after it."""
    assert log_of({"a": first}, {"a": BOTH}) == pytest.approx(log_of({"a": first.plus(BOTH)}), abs=1e-9)
    assert log_of({"a": first}) == pytest.approx(0, abs=1e-9)


def test_both_arms_in_turn_are_one_comparison() -> None:
    """A look of the candidate and then one of the baseline are compared; nothing is left of either."""
    process = ArmsEvidence(planned=1e15)
    process.update({"a": CANDIDATE})
    process.update({"a": BASELINE})
    assert process.log_e == pytest.approx(log_of({"a": CANDIDATE.plus(BASELINE)}), abs=1e-9)
    assert process.state()["trials"]["strata"]["a"]["carried"] == [0, 0, 0, 0]


def test_what_was_carried_once_is_dropped() -> None:
    """Two looks of the candidate alone: only the later one meets the baseline; a look of others ends the wait too."""
    twice = log_of({"a": CANDIDATE}, {"a": ArmCounts(7, 0, 0, 0)}, {"a": BASELINE})
    assert twice == pytest.approx(log_of({"a": ArmCounts(7, 0, 90, 3)}), abs=1e-9)
    late = log_of({"a": CANDIDATE}, {"b": OTHER}, {"a": BASELINE}, {"b": OTHER})
    assert late == pytest.approx(log_of({"b": OTHER}, {"b": OTHER}), abs=1e-9)


def test_a_dropped_baseline_still_teaches() -> None:
    """Baseline requests that met no candidate are among those that b is taken from: once they are dropped."""
    process = ArmsEvidence(planned=1000)
    process.update({"a": BASELINE})
    assert process.state()["trials"]["strata"]["a"]["n"] == 0
    process.update({"a": BASELINE})
    memory = process.state()["trials"]["strata"]["a"]
    assert (memory["n"], memory["bad"]) == (90, 3)
    process.update({"a": CANDIDATE})
    memory = process.state()["trials"]["strata"]["a"]
    assert memory["n"] == pytest.approx(90 * math.exp(-90 / 20_000) + 90)


def test_a_look_is_compared_before_it_teaches() -> None:
    """The first look is compared at b = (0 + 1/2) / (0 + 10), whatever the baseline did in it."""
    expected = by_the_book.arms(0.0, 1e15, [{"a": (10, 3, 100, 90)}])
    assert log_of({"a": ArmCounts(10, 3, 100, 90)}) == pytest.approx(expected[0], abs=1e-9)


@_FEW
@given(margins, st.sampled_from([0.0, 0.03, 0.5]), plans, cost_looks)
def test_cost(margin: float, tail_share: float, planned: float, looks: list[Look]) -> None:
    """CostEvidence bets on U of each block, blocks of either arm, with what is left carried once (§3)."""
    process = CostEvidence(cap=7.5, tail_share=tail_share, planned=planned, margin=margin)
    found = [process.log_e for _ in feeding(process.update, looks)]
    assert found == close(by_the_book.cost(7.5, tail_share, margin, planned, looks))


@_FEW
@given(above_0, cost_looks)
def test_cost_advance(margin: float, looks: list[Look]) -> None:
    """CostAdvance is the smaller of the capped bet turned round and the rate of costs above the raised cap at 1 %."""
    process = CostAdvance(cap=7.5, margin=margin)
    found = [process.log_e for _ in feeding(process.update, looks)]
    bulk = by_the_book.cost(7.5, 0.0, margin, None, looks)
    dear = [(len(own), sum(one.cost > (1 + margin) * 7.5 for one in own)) for own, _ in looks]
    tail = reference.rate_advance(0.01, 0.0, dear)
    assert found == close([min(both) for both in zip(bulk, tail, strict=True)])
    shown = min(max(0.0, *bulk), max(0.0, *tail)) if looks else 0.0
    assert process.highest == pytest.approx(shown, abs=1e-9)
    assert process.passed == (shown >= math.log(20))


@_FEW
@given(st.floats(0.1, 9), plans, st.lists(st.lists(requests, max_size=12), max_size=8))
def test_cost_limit(limit: float, planned: float, looks: list[list[Request]]) -> None:
    """CostLimitEvidence bets on min(c, B) - L s (§3)."""
    process = CostLimitEvidence(limit, cap=7.5, planned=planned)
    found = log_path(process, [(arrays(look),) for look in looks])
    assert found == close(by_the_book.cost_limit(limit, 7.5, planned, looks))


def test_what_is_left_of_a_look_goes_before_the_next_and_only_once() -> None:
    """5 for 2: blocks of 2 and one left; it is first in the next look; what was carried already is dropped."""
    process = CostEvidence(cap=10, tail_share=0, planned=100)
    rests = []
    for candidate, baseline in [([1, 2], [3, 4, 5, 6, 7]), ([8], []), ([9], []), ([1, 1, 1], [2]), ([], [])]:
        process.update((candidate, [1] * len(candidate)), (baseline, [1] * len(baseline)))
        state = process.state()["trials"]
        rests.append((state["candidate_rest"][0], state["baseline_rest"][0]))
    # The 7 meets the 8; the 9 comes first among (9, 1, 1, 1), of which all four make one block.
    assert rests == [([], [7]), ([], []), ([9], []), ([], []), ([], [])]


def test_both_parts_of_an_advance_count_each_at_its_best() -> None:
    """The tail is shown by cheap requests; later dear ones do not take that back, but ln E says what is now."""
    process = CostAdvance(cap=10, margin=0.5)
    cheap, dear = ([1.0] * 1200, [1] * 1200), ([100.0] * 60, [1] * 60)
    process.update(cheap, ([], []))
    assert process.p_value == 1
    process.update(dear, ([], []))
    assert process.log_e < 0
    assert process.p_value == 1
    for _ in range(2):
        process.update(([1.0] * 100, [1] * 100), ([9.0] * 100, [1] * 100))
    assert process.passed
    assert process.log_e < math.log(20)
    assert process.p_value <= 0.05
