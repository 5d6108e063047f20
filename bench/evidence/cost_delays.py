"""How much later a dearer candidate is rolled back than by a test that knows the moments of the same bets."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import CostEvidence
from analytics.evidence.paired_stake import PairedStake
from analytics.evidence.pairing import Pairing
from bench.evidence.cost_streams import MEASURED, Arm, Frozen, Reference, cost_looks, stake_moments
from bench.evidence.experiment import Experiment, Figure, median_of, ratio_of_medians
from bench.evidence.oracles import LOG_100

_REQUESTS = 500_000
_PLANNED = 20_000
_WORSE = (
    ("+20 %", {"mean": 1.2}),
    ("+50 %", {"mean": 1.5}),
    ("success 0.9 -> 0.7", {"success": 0.7}),
)
_LIMITS = {0.5: math.inf, 1.0: 2.0, 1.5: math.inf}


class NormalTest:
    """Sequential probability ratio test of U as a normal variable of known mean and variance, against a mean of 0."""

    def __init__(self, candidate: Arm, baseline: Arm, reference: Reference) -> None:
        self._mean, self._variance = stake_moments(candidate, baseline, reference)
        self._stake = PairedStake(reference.cap, 0.0, reference.tail_share)
        self._pairing = Pairing()
        self.log_ratio = 0.0

    def update(self, own: tuple[list[float], list[float]], other: tuple[list[float], list[float]]) -> None:
        """One look."""
        for block in self._pairing.pair(own, other):
            self.log_ratio += self._mean * (self._stake(block) - self._mean / 2) / self._variance


def _delays(
    random: np.random.Generator, quick: bool, *, candidate: Arm, baseline: Arm, frozen: Frozen
) -> tuple[float, float]:
    """Candidate requests to FAIL, bad from the first: ours, and the oracle's on the same looks."""
    del quick  # It ends early by itself.
    reference = frozen.of(baseline, random)
    evidence = CostEvidence(cap=reference.cap, tail_share=reference.tail_share, planned=_PLANNED)
    test = NormalTest(candidate, baseline, reference)
    seen, own_delay, best = 0, math.inf, math.inf
    for own, other in cost_looks(random, _REQUESTS, candidate, baseline):
        seen += len(own[0])
        if own_delay == math.inf:
            evidence.update(own, other)
            own_delay = seen if evidence.failed else math.inf
        if best == math.inf:
            test.update((own[0].tolist(), own[1].tolist()), (other[0].tolist(), other[1].tolist()))
            best = seen if test.log_ratio >= LOG_100 else math.inf
        if max(own_delay, best) < math.inf:
            break
    return own_delay, best


def _delay(name: str, what: str, candidate: Arm, baseline: Arm, frozen: Frozen = MEASURED) -> Experiment:
    what = f"sigma {baseline.sigma:g}, {what}"

    def figures(results: Sequence[tuple[float, float]]) -> list[Figure]:
        own, best = zip(*results, strict=True)
        return [
            ratio_of_medians(f"cost: delay ratio, {what}", own, best, _LIMITS[baseline.sigma]),
            median_of(f"cost: candidate requests to FAIL, {what}", own, math.inf),
        ]

    # Three runs are enough for comparison, since some are long.
    quick = 5 if math.isfinite(_LIMITS[baseline.sigma]) else 3
    run = partial(_delays, candidate=candidate, baseline=baseline, frozen=frozen)
    return Experiment.sized(name, 150, quick, run, figures)


EXPERIMENTS = (
    *(
        _delay(f"cost-delay-{sigma:g}-{at}", what, Arm(sigma, **change), Arm(sigma))
        for sigma in _LIMITS
        for at, (what, change) in enumerate(_WORSE, start=1)
    ),
    *(
        _delay(
            f"cost-delay-limit-of-tail-{n}",
            f"+20 %, reference of {n:,}, limit of the tail",
            Arm(mean=1.2),
            Arm(),
            Frozen(n, "limit"),
        )
        for n in (1000, 20_000)
    ),
)
