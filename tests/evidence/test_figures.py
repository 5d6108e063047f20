"""What is shown beside a verdict: estimates of every kind, references and limits from them."""

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import (
    ArmCounts,
    ArmsAdvance,
    ArmsEvidence,
    CostAdvance,
    CostEvidence,
    CostLimitEvidence,
    PairedAdvance,
    PairedEvidence,
    RateAdvance,
    RateDetector,
    RateEvidence,
    SampleRatio,
    cost_reference,
    rate_interval,
    tail_share_limit,
    wilson_limit,
)
from tests.evidence.streams import BY_NAME, Kind
from tests.evidence.test_states import kinds

BELL = NormalDist()
_NORMAL = BELL.inv_cdf(0.975)
OF = {
    "rate": "rate",
    "clip": "rate",
    "rate_advance": "rate",
    "rate_detector": "rate",
    "arms": "bad of candidate / bad of baseline",
    "arms_advance": "bad of candidate / bad of baseline",
    "cost": "cost per success of candidate / of baseline",
    "cost_advance": "cost per success of candidate / of baseline",
    "cost_limit": "cost per success",
    "paired": "bad of candidate / bad of baseline, same prompts",
    "paired_advance": "bad of candidate / bad of baseline, same prompts",
    "mean_detector": "mean",
    "sample_ratio": "share of baseline",
    "any_of": "rate",
    "all_of": "rate",
}
NORMAL = ("cost", "cost_advance", "cost_limit", "mean_detector")


@kinds
def test_without_data_there_is_no_figure(kind: Kind) -> None:
    """No value, bounds that exclude nothing, named for what it is and what kind of interval it has."""
    found = kind.make().estimate
    assert found.value is None
    assert found.low in (0.0, None)
    assert found.high in (1.0, None)
    assert found.of == OF[kind.name]
    assert found.interval == ("normal" if kind.name in NORMAL else "anytime-valid")
    assert found.level == 0.95


@kinds
@settings(max_examples=20)
@given(data=st.data())
def test_a_value_lies_in_its_interval(kind: Kind, data: st.DataObject) -> None:
    """After any looks an estimate is plain JSON, and no bound is on the wrong side of the value."""
    process = kind.make()
    for look in data.draw(st.lists(kind.look, max_size=3)):
        process.update(*look)
    found = process.estimate
    json.dumps(found, allow_nan=False)
    if found.value is not None:
        slack = 1e-12 * (1 + abs(found.value))
        assert found.low is None or found.low <= found.value + slack
        assert found.high is None or found.high >= found.value - slack


def test_a_rate_has_the_interval_of_rates() -> None:
    """Bad among all closed looks; of one request, and of none that is bad."""
    for process in (RateEvidence(0.1, planned=9), RateAdvance(0.1), RateDetector(0.1, run_length=9)):
        process.update(1, 0)
        assert process.estimate[1:4] == (0.0, 0.0, rate_interval(1, 0)[1])
        process.update(299, 30)
        assert process.estimate[1:4] == (0.1, *rate_interval(300, 30))


def test_two_arms_are_compared_on_the_candidates_mix() -> None:
    """20 of 100 and 10 of 400 bad, where the baseline's rates give 100 * 0.1 + 400 * 0.02 = 18; others do not count."""
    for process in (ArmsEvidence(planned=9), ArmsAdvance(margin=1)):
        process.update({"a": ArmCounts(100, 20, 1000, 100), "b": ArmCounts(400, 10, 500, 10)})
        process.update({"only": ArmCounts(70, 70, 0, 0), "none": ArmCounts(0, 0, 60, 9)})
        level = 1 - 0.05 / 3
        own, a, b = rate_interval(500, 30, level), rate_interval(1000, 100, level), rate_interval(500, 10, level)
        assert process.estimate[1:4] == pytest.approx(
            (30 / 18, own[0] * 500 / (100 * a[1] + 400 * b[1]), own[1] * 500 / (100 * a[0] + 400 * b[0]))
        )
    assert process.estimate.level == 0.95


@pytest.mark.parametrize(
    ("counts", "value"), [((1, 0, 1, 0), None), ((1, 1, 1, 0), None), ((1, 0, 1, 1), 0.0), ((1, 1, 1, 1), 1.0)]
)
def test_two_arms_of_one_request_each(counts: tuple[int, int, int, int], value: float | None) -> None:
    """Without a failure of the baseline there is no ratio, and nothing that bounds it from above."""
    process = ArmsEvidence(planned=9)
    process.update({"a": ArmCounts(*counts)})
    found = process.estimate
    assert found.value == value
    assert (found.high is None) == (counts[3] == 0)
    assert (found.low == 0) == (counts[1] == 0)


def test_pairs_have_an_interval_of_their_three_kinds() -> None:
    """(both + candidate's) / (both + baseline's); the ends are the extremes of what the three intervals allow."""
    for process in (PairedEvidence(planned=9), PairedAdvance(margin=1)):
        process.update(30, 20, 10, 940)
        level = 1 - 0.05 / 3
        both, own, other = (rate_interval(1000, k, level) for k in (30, 20, 10))
        low = min((one + own[0]) / (one + other[1]) for one in both)
        high = max((one + own[1]) / (one + other[0]) for one in both)
        assert process.estimate[1:4] == pytest.approx((50 / 40, low, high))
    one = PairedEvidence(planned=9)
    one.update(0, 0, 0, 1)
    assert one.estimate[1:4] == (None, 0.0, None)
    one.update(0, 5, 0)
    assert one.estimate.value is None
    assert one.estimate.high is None


def test_cost_per_success_by_hand() -> None:
    """Costs 1, 2, 6 with successes 1, 1, 0: 4.5, with an error of sqrt(3/2 * 54.5) / 2; normal on the logarithm."""
    process = CostLimitEvidence(4, cap=5, planned=9)
    process.update(([1, 2, 6], [1, 1, 0]))
    error = math.sqrt(3 / 2 * 54.5) / 2 / 4.5
    expected = (4.5, 4.5 * math.exp(-_NORMAL * error), 4.5 * math.exp(_NORMAL * error))
    assert process.estimate[1:4] == pytest.approx(expected)
    for pair in (CostEvidence(cap=5, tail_share=0, planned=9), CostAdvance(cap=5, margin=1)):
        pair.update(([1, 2], [1, 1]), ([2, 4], [1, 1]))
        pair.update(([6], [0]), ([12], [0]))
        width = _NORMAL * math.sqrt(2) * error
        assert pair.estimate[1:4] == pytest.approx((0.5, 0.5 * math.exp(-width), 0.5 * math.exp(width)))


def test_costs_of_one_request_and_of_no_success() -> None:
    """One request has a value and no interval; no success has neither; free ones cost 0."""
    process = CostLimitEvidence(4, cap=5, planned=9)
    process.update(([3], [0]))
    assert process.estimate[1:4] == (None, 0.0, None)
    process = CostLimitEvidence(4, cap=5, planned=9)
    process.update(([3], [1]))
    assert process.estimate[1:4] == (3.0, 0.0, None)
    process = CostLimitEvidence(4, cap=5, planned=9)
    process.update(([0, 0], [1, 1]))
    assert process.estimate[1:4] == (0.0, 0.0, None)


def test_a_mean_has_a_normal_interval() -> None:
    """Of one value itself; of several the mean +- 1.96 sd / sqrt(n)."""
    process = BY_NAME["mean_detector"].make()
    process.update([3.5])
    assert process.estimate.value == pytest.approx(3.5)
    assert process.estimate[2:4] == (None, None)
    process.update([1.0, 2.0, 5.5])
    half = _NORMAL * float(np.std([3.5, 1, 2, 5.5], ddof=1)) / 2
    assert process.estimate[1:4] == pytest.approx((3.0, 3.0 - half, 3.0 + half))


def test_the_sample_ratio_shows_the_arm_that_is_farthest_away() -> None:
    """The share of the arm whose count differs most from what its weight says."""
    process = SampleRatio({"a": 50, "b": 30, "c": 20})
    process.update({"a": 55, "b": 20, "c": 25})
    assert process.estimate[:4] == ("share of b", 0.2, *rate_interval(100, 20, 1 - 0.05 / 3))


def test_a_reference_of_costs() -> None:
    """The 99th percentile, linear between ranks as numpy's is, and the share of all costs that lies above."""
    costs = np.random.default_rng(20261129).lognormal(0, 1, 3001)
    cap, tail_share = cost_reference(costs)
    assert cap == pytest.approx(np.quantile(costs, 0.99), rel=1e-14)
    assert tail_share == pytest.approx(np.maximum(costs - cap, 0).sum() / costs.sum(), rel=1e-12)
    assert cost_reference(list(reversed(costs.tolist()))) == (cap, tail_share)
    # 0 to 999: rank 989.01, above it 990 to 999 by 0.99 to 9.99, of 499,500.
    assert cost_reference(list(range(1000))) == pytest.approx((989.01, 54.9 / 499_500))
    assert cost_reference([2.0] * 1000) == (2.0, 0.0)


@pytest.mark.parametrize(("sigma", "share"), [(0.5, 0.005), (1.0, 0.03), (1.5, 0.1)])
def test_the_tail_shares_that_the_rules_speak_of(sigma: float, share: float) -> None:
    """0.5, 3 and 10 % of lognormal costs lie above their 99th percentile: at its exact quantiles."""
    costs = [math.exp(sigma * BELL.inv_cdf((at + 0.5) / 100_000)) for at in range(100_000)]
    assert cost_reference(costs)[1] == pytest.approx(share, rel=0.25)


def test_the_limit_of_a_tail_share() -> None:
    """Above the share of the whole distribution for nearly all references, which the measured share is not."""
    random, sigma, runs = np.random.default_rng(20261129), 1.0, 200
    below = measured_below = 0
    for _ in range(runs):
        costs = random.lognormal(0, sigma, 1000)
        cap, tail_share = cost_reference(costs)
        away = math.log(cap)
        true = 1 - BELL.cdf(away - sigma) - cap * (1 - BELL.cdf(away)) / math.exp(sigma**2 / 2)
        below += tail_share_limit(costs) < true
        measured_below += tail_share < true
    assert below <= 0.08 * runs
    assert measured_below >= 0.4 * runs


def test_the_limit_of_a_tail_share_by_its_formula() -> None:
    """Odds(l) exp(2.326 se / (l (1 - l))), se by the delta method: in numpy, in whatever unit costs are."""
    costs = np.random.default_rng(20261129).lognormal(0, 1, 5000)
    cap, share = cost_reference(costs)
    error = math.sqrt(np.square(np.maximum(costs - cap, 0) - share * costs).sum()) / costs.sum()
    odds = share / (1 - share) * math.exp(2.326 * error / (share * (1 - share)))
    for unit in (1.0, 1e-170, 1e90):
        assert tail_share_limit(unit * costs) == pytest.approx(odds / (1 + odds), rel=1e-9)


def test_corners_of_the_limit_of_a_tail_share() -> None:
    """Nothing above the cap: 0. Nearly everything: still a share. Large references: hardly above what is measured."""
    assert tail_share_limit([2.0] * 1000) == 0
    for largest in (10.0, 1e6, 1e100):
        almost_all = [*[1.0] * 999, largest]
        assert min(cost_reference(almost_all)[1], 1 - 1e-9) <= tail_share_limit(almost_all) < 1
    costs = np.random.default_rng(20261129).lognormal(0, 0.5, 200_000)
    measured = cost_reference(costs)[1]
    assert measured < tail_share_limit(costs) < 1.12 * measured
    assert tail_share_limit(costs[::-1]) == tail_share_limit(costs)


def test_the_upper_end_of_a_reference() -> None:
    """The Wilson score: where the share is 2.326 of its own deviations below the limit; and its corners."""
    for n, bad in ((1, 0), (20, 1), (1000, 5), (10**6, 5000), (2**53, 2**40)):
        limit = wilson_limit(n, bad)
        assert (limit - bad / n) / math.sqrt(limit * (1 - limit) / n) == pytest.approx(2.326, rel=1e-6)
    assert wilson_limit(20, 20) == pytest.approx(1.0, abs=1e-15)
    assert wilson_limit(100, 0) == pytest.approx(2.326**2 / (100 + 2.326**2))
