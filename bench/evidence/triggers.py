"""Several triggers as one: of ten any is enough, of two both are needed."""

import math
from collections.abc import Sequence

import numpy as np

from analytics.evidence import AllOf, AnyOf, RateEvidence, all_of, any_of
from bench.evidence.experiment import Experiment, Figure, ratio_of_medians, share_of
from bench.evidence.rates import LIMIT, LOOK

_TRIGGERS = 10
_REQUESTS = 80_000
_ONE_BAD_AT = 0.02
_LONGEST = 20_000


def _healthy(random: np.random.Generator, quick: bool) -> bool:
    """80,000 requests, ten independent triggers all at their limit: whether any of them rolled it back."""
    requests = _REQUESTS // 20 if quick else _REQUESTS
    together = any_of([RateEvidence(LIMIT, planned=requests) for _ in range(_TRIGGERS)])
    return _rolled_back(together, random.binomial(LOOK, LIMIT, (requests // LOOK, _TRIGGERS)).tolist())


def _one_of_both(random: np.random.Generator, quick: bool) -> bool:
    """80,000 requests, two independent triggers that must both be met, one at 2 % and one at its limit."""
    requests = _REQUESTS // 10 if quick else _REQUESTS
    together = all_of([RateEvidence(LIMIT, planned=requests) for _ in range(2)])
    return _rolled_back(together, random.binomial(LOOK, (_ONE_BAD_AT, LIMIT), (requests // LOOK, 2)).tolist())


def _rolled_back(together: AnyOf | AllOf, looks: Sequence[Sequence[int]]) -> bool:
    """Whether looks of 10 requests, with so many bad ones for each trigger, roll the candidate back."""
    for bads in looks:
        together.update(*((LOOK, bad) for bad in bads))
        if together.failed:
            return True
    return False


def _healthy_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs at the limit."""
    return [share_of("ten triggers: false rollbacks, all at their limit", results, 2.34)]


def _one_of_both_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs in which one is met."""
    return [share_of("two triggers, both needed: false rollbacks, one at 2 %, one at its limit", results, 2.34)]


def _one_bad(random: np.random.Generator) -> tuple[float, float]:
    """Nine triggers at their limit and one at 2 %: requests until they fail together, and until that one alone does."""
    together = any_of([RateEvidence(LIMIT, planned=_REQUESTS) for _ in range(_TRIGGERS)])
    alone = RateEvidence(LIMIT, planned=_REQUESTS)
    rates = [_ONE_BAD_AT] + [LIMIT] * (_TRIGGERS - 1)
    ours = its = math.inf
    for at, bads in enumerate(random.binomial(LOOK, rates, (_LONGEST // LOOK, _TRIGGERS)).tolist(), 1):
        together.update(*((LOOK, bad) for bad in bads))
        alone.update(LOOK, bads[0])
        ours = min(ours, at * LOOK if together.failed else math.inf)
        its = min(its, at * LOOK if alone.failed else math.inf)
        if max(ours, its) < math.inf:
            break
    return ours, its


def _one_bad_figures(results: Sequence[tuple[float, float]]) -> list[Figure]:
    """Together against alone."""
    together, alone = [ours for ours, _ in results], [its for _, its in results]
    return [ratio_of_medians("ten triggers: delay of one at 2 % against alone", together, alone, 1.8)]


EXPERIMENTS = (
    Experiment.sized("rate-ten-triggers-healthy", 300, 10, _healthy, _healthy_figures),
    Experiment("rate-ten-triggers-one-bad", 300, 30, _one_bad, _one_bad_figures),
    Experiment.sized("rate-all-of-one-bad", 300, 10, _one_of_both, _one_of_both_figures),
)
