"""Exactly, by all outcomes: the mean of E is at most 1 while the null holds, which is what its verdicts rest on."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import pytest

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
    all_of,
    any_of,
)
from analytics.evidence.process import Process

_SLACK = 1e-11
Outcomes = list[tuple[float, Any]]


def binomial(n: int, rate: float) -> list[float]:
    """The probabilities of 0 to n."""
    return [math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]


def mean_e(make: Callable[[], Process], looks: Sequence[Outcomes]) -> float:
    """The mean of E over every outcome of the looks: probabilities, and arguments of `update`."""
    found = []
    for path in itertools.product(*looks):
        process = make()
        for _, arguments in path:
            process.update(*arguments)
        found.append(math.prod(chance for chance, _ in path) * math.exp(process.log_e))
    return math.fsum(found)


def counts(n: int, rate: float) -> Outcomes:
    """A look at n requests."""
    return [(chance, (n, bad)) for bad, chance in enumerate(binomial(n, rate))]


@pytest.mark.parametrize("limit", [0.005, 0.1, 0.6])
def test_rate(limit: float) -> None:
    """A rate at the limit has a mean of exactly 1, a smaller one less: over looks of 4, 1 and 6 requests."""
    for below in (1.0, 0.9, 0.3, 0.0):
        looks = [counts(n, limit * below) for n in (4, 1, 6)]
        found = mean_e(lambda: RateEvidence(limit, planned=9), looks)
        assert found <= 1 + _SLACK
        assert (found == pytest.approx(1, abs=_SLACK)) == (below == 1)


def test_clip() -> None:
    """Clipped and halved it is below 1, within a block and over the ends of three."""
    for limit, below in itertools.product((0.1, 0.25), (1.0, 0.5)):
        looks = [counts(n, limit * below) for n in (7, 6, 9)]
        found = mean_e(lambda limit=limit: RateEvidence(limit, planned=9, incidents="clip"), looks)  # type: ignore[misc]
        assert found <= 1 + _SLACK


@pytest.mark.parametrize(("limit", "margin"), [(0.1, 0.0), (0.2, 0.5)])
def test_rate_advance(limit: float, margin: float) -> None:
    """At the limit and its margin the mean is exactly 1, above it less."""
    for above in (1.0, 1.1, 2.0):
        rate = limit * (1 + margin) * above
        found = mean_e(lambda: RateAdvance(limit, margin=margin), [counts(n, rate) for n in (4, 3, 5)])
        assert found <= 1 + _SLACK
        assert (found == pytest.approx(1, abs=_SLACK)) == (above == 1)


def test_detector() -> None:
    """The mean of R is exactly the requests at the limit, which makes mean run lengths at least A; below it less."""
    for below in (1.0, 0.5):
        found = mean_e(lambda: RateDetector(0.1, run_length=100), [counts(n, 0.1 * below) for n in (4, 3, 5)])
        assert found <= 12 + 1e-9
        assert (found == pytest.approx(12, abs=1e-9)) == (below == 1)


def arms(candidate: tuple[int, float], baseline: tuple[int, float], name: str = "a") -> Outcomes:
    """One look of one stratum: requests and rate of each arm."""
    return [
        (own * other, ({name: ArmCounts(candidate[0], at, baseline[0], beside)},))
        for at, own in enumerate(binomial(*candidate))
        for beside, other in enumerate(binomial(*baseline))
    ]


RATES = (0.01, 0.05, 0.2, 0.5, 0.9)
SIZES = ((1, 1), (1, 9), (4, 4), (9, 2), (2, 25), (20, 20))


@pytest.mark.parametrize("margin", [0.0, 0.3, 1.5])
@pytest.mark.parametrize("trained", [None, (3000, 3), (200, 100)])
def test_arms(margin: float, trained: tuple[int, int] | None) -> None:
    """Whatever the baseline's rate really is, for candidates at rho times it and below, and shares of any size."""

    def make() -> Process:
        process = ArmsEvidence(planned=30, margin=margin)
        if trained:
            for _ in range(2):
                process.update({"a": ArmCounts(0, 0, *trained)})
            process.update({"b": ArmCounts(1, 0, 1, 0)})
        return process

    before = math.exp(make().log_e)
    for rate, below, (own, other) in itertools.product(RATES, (1.0, 0.7), SIZES):
        chance = min((1 + margin) * rate, 1.0) * below
        assert mean_e(make, [arms((own, chance), (other, rate))]) <= before * (1 + _SLACK)


@pytest.mark.parametrize("margin", [0.1, 0.5, 2.0])
def test_arms_advance(margin: float) -> None:
    """The same for candidates at (1 + margin) times the baseline's rate, and above."""
    for rate, above, (own, other) in itertools.product(RATES, (1.0, 1.4), SIZES):
        chance = (1 + margin) * rate * above
        if chance <= 1:
            assert mean_e(lambda: ArmsAdvance(margin=margin), [arms((own, chance), (other, rate))]) <= 1 + _SLACK


@pytest.mark.parametrize("rates", [(0.1, 0.1, 0.1), (0.5, 0.5, 0.02)])
def test_arms_over_looks_that_carry(rates: tuple[float, float, float]) -> None:
    """Looks of one arm, carried and dropped, while the rate of both arms moves: between looks that are not joined."""
    looks = [arms((own, rate), (other, rate)) for rate, own, other in zip(rates, (3, 0, 4), (0, 5, 2), strict=True)]
    alone = [arms((own, 0.1), (other, 0.1)) for own, other in ((3, 0), (2, 0), (0, 6))]
    for make in (lambda: ArmsEvidence(planned=10), lambda: ArmsEvidence(planned=1000, margin=0.4)):
        assert mean_e(make, looks) <= 1 + _SLACK
        assert mean_e(make, alone) <= 1 + _SLACK
    for margin in (0.2, 1.0):
        dearer = [arms((own, (1 + margin) * rate / 2), (other, rate / 2)) for rate, own, other in
                  zip(rates, (3, 0, 4), (0, 5, 2), strict=True)]  # fmt: skip
        assert mean_e(lambda margin=margin: ArmsAdvance(margin=margin), dearer) <= 1 + _SLACK  # type: ignore[misc]


def pairs(n: int, both: float, candidate: float, baseline: float) -> Outcomes:
    """All outcomes of n pairs with these probabilities."""
    chances = (both, candidate, baseline, 1 - both - candidate - baseline)
    found = []
    for of in itertools.product(range(n + 1), repeat=4):
        if sum(of) == n:
            ways = math.factorial(n) // math.prod(map(math.factorial, of))
            found.append((ways * math.prod(p**k for p, k in zip(chances, of, strict=True)), of))
    return found


@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0])
def test_pairs(margin: float) -> None:
    """At P(candidate bad) = rho P(baseline bad) the mean is exactly 1, with any share of common failures."""
    for common, beside in ((0.0, 0.1), (0.04, 0.1), (0.2, 0.05)):
        candidate = (1 + margin) * (common + beside) - common
        looks = [pairs(3, common, candidate, beside), pairs(2, common, candidate, beside)]
        assert mean_e(lambda: PairedEvidence(planned=4, margin=margin), looks) == pytest.approx(1, abs=_SLACK)
        better = [pairs(4, common, candidate * 0.8, beside)]
        assert mean_e(lambda: PairedEvidence(planned=4, margin=margin), better) < 1
        if margin:
            assert mean_e(lambda: PairedAdvance(margin=margin), looks) == pytest.approx(1, abs=_SLACK)
            worse = [pairs(4, common, candidate * 1.2, beside)]
            assert mean_e(lambda: PairedAdvance(margin=margin), worse) < 1


# Of one request: how likely, what it costs, whether it is a success.
Arm = tuple[tuple[float, float, int], ...]
BASELINE: Arm = ((0.6, 1.0, 1), (0.2, 4.0, 1), (0.2, 2.0, 0))
RETRIES: Arm = ((0.5, 1.0, 1), (0.5, 1.0, 0))
TAILED: Arm = ((0.8, 1.0, 1), (0.1, 12.0, 1), (0.1, 1.0, 0))


def per_success(arm: Arm) -> float:
    """E c / E s."""
    return sum(p * c for p, c, _ in arm) / sum(p * s for p, _, s in arm)


def dearer(arm: Arm, factor: float) -> Arm:
    """All costs times a factor."""
    return tuple((p, c * factor, s) for p, c, s in arm)


def requests(arm: Arm, n: int) -> Iterable[tuple[float, tuple[list[float], list[int]]]]:
    """All outcomes of n requests of an arm."""
    for path in itertools.product(arm, repeat=n):
        yield math.prod(p for p, _, _ in path), ([c for _, c, _ in path], [s for _, _, s in path])


def cost_look(own: Arm, other: Arm, n_own: int, n_other: int) -> Outcomes:
    """All outcomes of a look of both arms."""
    return [
        (p * q, (candidate, baseline))
        for (p, candidate), (q, baseline) in itertools.product(requests(own, n_own), requests(other, n_other))
    ]


SHAPES = [[(1, 1)], [(2, 2)], [(1, 3)], [(3, 1)], [(1, 0), (1, 2)], [(0, 1), (2, 1)]]


@pytest.mark.parametrize("margin", [0.0, 0.25])
@pytest.mark.parametrize("baseline", [BASELINE, RETRIES, TAILED])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_costs(margin: float, baseline: Arm, shape: list[tuple[int, int]]) -> None:
    """Cost per success at (1 + d) times the baseline's, or below; also with a lighter tail and the same mean."""
    cap = 5.0
    tail_share = sum(p * max(c - cap, 0) for p, c, _ in baseline) / sum(p * c for p, c, _ in baseline)
    for own in (BASELINE, RETRIES, TAILED):
        for below in (1.0, 0.8):
            factor = (1 + margin) * per_success(baseline) / per_success(own) * below
            candidate = dearer(own, factor)
            looks = [cost_look(candidate, baseline, *sizes) for sizes in shape]
            found = mean_e(
                lambda: CostEvidence(cap=cap, tail_share=tail_share, planned=2, margin=margin),
                looks,
            )
            assert found <= 1 + _SLACK


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cost_advance(shape: list[tuple[int, int]]) -> None:
    """Capped cost per success at (1 + d) times the baseline's, or above: no cost above the cap hides anything."""
    for own, below in itertools.product((BASELINE, RETRIES), (1.0, 1.2)):
        factor = 1.25 * per_success(BASELINE) / per_success(own) * below
        looks = [cost_look(dearer(own, factor), BASELINE, *sizes) for sizes in shape]
        assert mean_e(lambda: CostAdvance(cap=30.0, margin=0.25), looks) <= 1 + _SLACK


def test_costs_against_a_limit() -> None:
    """At the limit the mean is exactly 1 as long as nothing is capped, and less where something is."""
    for arm in (BASELINE, RETRIES, TAILED):
        looks: list[Outcomes] = [[(p, (costs,)) for p, costs in requests(arm, n)] for n in (2, 1, 2)]
        limit = per_success(arm)
        uncapped = mean_e(lambda limit=limit: CostLimitEvidence(limit, cap=50, planned=3), looks)  # type: ignore[misc]
        assert uncapped == pytest.approx(1, abs=_SLACK)
        assert mean_e(lambda limit=limit: CostLimitEvidence(limit * 1.2, cap=50, planned=3), looks) < 1  # type: ignore[misc]
        assert mean_e(lambda limit=limit: CostLimitEvidence(limit, cap=3, planned=3), looks) <= 1 + _SLACK  # type: ignore[misc]


def test_sample_ratio() -> None:
    """Sent by the weights, the mean is exactly 1."""
    weights = {"a": 0.7, "b": 0.2, "c": 0.1}
    look: Outcomes = []
    for of in itertools.product(range(6), repeat=3):
        if sum(of) == 5:
            ways = math.factorial(5) // math.prod(map(math.factorial, of))
            chance = ways * math.prod(p**k for p, k in zip(weights.values(), of, strict=True))
            look.append((chance, (dict(zip(weights, of, strict=True)),)))
    assert mean_e(lambda: SampleRatio(weights), [look, look]) == pytest.approx(1, abs=_SLACK)


@pytest.mark.parametrize("second", ["count", "clip"])
def test_any_of_dependent_triggers(second: Literal["count", "clip"]) -> None:
    """Two triggers on the same requests are as dependent as can be: the mean stays at most 1, that of all is smaller.

    The first is about failures, the second about failures and slow ones.
    """
    look: Outcomes = []
    for bad, slow in itertools.product(range(6), repeat=2):
        if bad + slow <= 5:
            ways = math.factorial(5) // math.factorial(bad) // math.factorial(slow) // math.factorial(5 - bad - slow)
            look.append((ways * 0.1**bad * 0.1**slow * 0.8 ** (5 - bad - slow), ((5, bad), (5, bad + slow))))

    def children() -> list[RateEvidence]:
        return [RateEvidence(0.1, planned=9), RateEvidence(0.2, planned=9, incidents=second)]

    any_mean = mean_e(lambda: any_of(children(), weights=[0.7, 0.3]), [look, look])
    assert any_mean <= 1 + _SLACK
    assert mean_e(lambda: all_of(children()), [look, look]) < any_mean
