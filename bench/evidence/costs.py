"""Cost per success: how often a candidate that costs no more is rolled back, and how often one that does advances."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import CostAdvance, CostEvidence, CostLimitEvidence
from bench.evidence.arm_streams import SHARE
from bench.evidence.cost_streams import MEASURED, Arm, Frozen, cost_looks
from bench.evidence.experiment import Experiment, Figure, median_of, share_of

AT_MOST = 2.9
_SMALL_AND_HEAVY = 8.0
_RUNS, _QUICK = 150, 10
_REQUESTS = 200_000
_MARGIN = 0.2
_LOOK = 10


def _rolled_back(
    random: np.random.Generator,
    quick: bool,
    *,
    candidate: Arm,
    baseline: Arm,
    frozen: Frozen,
) -> bool:
    """Whether a candidate of the same mean is rolled back within 200,000 requests of both arms."""
    # Where it must fail it takes longer.
    requests = _REQUESTS // (4 if frozen.tail == "none" else 40) if quick else _REQUESTS
    reference = frozen.of(baseline, random)
    evidence = CostEvidence(cap=reference.cap, tail_share=reference.tail_share, planned=requests * SHARE)
    for look in cost_looks(random, requests, candidate, baseline):
        evidence.update(*look)
        if evidence.failed:
            return True
    return False


def _over_limit(random: np.random.Generator, quick: bool) -> bool:
    """Whether a candidate whose capped cost per success is the limit itself is rolled back within 20,000 requests."""
    n = 1000 if quick else 20_000
    arm = Arm()
    cap = MEASURED.of(arm, random).cap
    evidence = CostLimitEvidence(arm.capped_moments(cap)[0] / arm.success, cap=cap, planned=n)
    costs, successes = arm.requests(random, n)
    for at in range(0, n, _LOOK):
        evidence.update((costs[at : at + _LOOK], successes[at : at + _LOOK]))
    return evidence.failed


def _candidates_to_pass(random: np.random.Generator, quick: bool, *, candidate: Arm) -> float:
    """Candidate requests until one may advance with a margin of 20 %."""
    baseline = Arm()
    requests = _REQUESTS // 20 if quick and candidate != baseline else _REQUESTS
    evidence = CostAdvance(cap=MEASURED.of(baseline, random).cap, margin=_MARGIN)
    seen = 0
    for own, other in cost_looks(random, requests, candidate, baseline):
        seen += len(own[0])
        evidence.update(own, other)
        if evidence.passed:
            return seen
    return math.inf


def _never(name: str, what: str, limit: float, candidate: Arm, baseline: Arm, frozen: Frozen = MEASURED) -> Experiment:
    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(f"cost: false rollbacks, {what}", results, limit)]

    run = partial(_rolled_back, candidate=candidate, baseline=baseline, frozen=frozen)
    return Experiment.sized(name, _RUNS, _QUICK, run, figures)


def _over_limit_figures(results: Sequence[bool]) -> list[Figure]:
    return [share_of("cost against a limit: false rollbacks at the limit", results, AT_MOST)]


def _wrong_figures(results: Sequence[float]) -> list[Figure]:
    passed = [found < math.inf for found in results]
    return [share_of("cost to advance: wrong, success 0.9 -> 0.75, margin 20 %", passed, 7)]


def _equal_figures(results: Sequence[float]) -> list[Figure]:
    return [median_of("cost to advance: equal, margin 20 %, candidate requests", results, math.inf)]


def _without_tail_figures(results: Sequence[bool]) -> list[Figure]:
    return [share_of("cost: false, lighter tail, without 1/(1 - l)", results, AT_MOST, must_fail=True)]


_LIGHTER = Arm(sigma=0.5)

EXPERIMENTS = (
    _never("cost-healthy", "sigma 1", AT_MOST, Arm(), Arm()),
    _never("cost-healthy-1000", "sigma 1, reference of 1,000", AT_MOST, Arm(), Arm(), Frozen(1000)),
    _never("cost-healthy-light", "sigma 0.5", math.inf, Arm(sigma=0.5), Arm(sigma=0.5)),
    _never("cost-healthy-heavy", "sigma 1.5", math.inf, Arm(sigma=1.5), Arm(sigma=1.5)),
    _never("cost-lighter", "candidate of sigma 0.5, baseline of 1", AT_MOST, _LIGHTER, Arm()),
    _never("cost-lighter-1000", "the same, reference of 1,000", math.inf, _LIGHTER, Arm(), Frozen(1000)),
    _never("cost-lighter-heavy", "candidate of sigma 0.5, baseline of 1.5", math.inf, _LIGHTER, Arm(sigma=1.5)),
    *(
        _never(
            f"cost-limit-of-tail-{sigma:g}-{n}",
            f"0.5 against {sigma:g}, reference of {n:,}, limit of the tail",
            # The upper end of such a tail is too low for one small reference in twelve.
            _SMALL_AND_HEAVY if (sigma, n) == (1.5, 1000) else AT_MOST,
            _LIGHTER,
            Arm(sigma=sigma),
            Frozen(n, "limit"),
        )
        for sigma in (1.0, 1.5)
        for n in (1000, 20_000)
    ),
    Experiment.sized(
        "cost-without-tail",
        _RUNS,
        _QUICK,
        partial(_rolled_back, candidate=_LIGHTER, baseline=Arm(), frozen=Frozen(tail="none")),
        _without_tail_figures,
    ),
    Experiment.sized("cost-limit", _RUNS, _QUICK, _over_limit, _over_limit_figures),
    Experiment.sized(
        "cost-advance-wrong",
        _RUNS,
        _QUICK,
        partial(_candidates_to_pass, candidate=Arm(success=0.9 / (1 + _MARGIN))),
        _wrong_figures,
    ),
    Experiment.sized("cost-advance-equal", _RUNS, 4, partial(_candidates_to_pass, candidate=Arm()), _equal_figures),
)
