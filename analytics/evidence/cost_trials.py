"""Costs and successes of paired requests: what they say about cost per success, and the sums for the estimate."""

import math
from collections.abc import Sequence
from typing import Protocol

from analytics.evidence.costs import Costs, CostSums, ratio_of
from analytics.evidence.estimate import Estimate
from analytics.evidence.mixture import Mixture
from analytics.evidence.pairing import Block, Pairing
from analytics.evidence.process import State

# How much of the capital that cannot be lost is bet, by alternative.
FRACTIONS = (0.015, 0.04, 0.1, 0.2, 0.4, 0.7, 0.95)


class Bet(Protocol):
    """What one pair is worth to the candidate's accuser."""

    def __call__(self, block: Block, /) -> float:
        """U, in the unit of the costs; never below the bound that the fractions were chosen for."""


class CostTrials:
    """Capital that bets on U: `M_j <- M_j (1 + lam_j U)` for each pair, `lam_j = f_j / bound`, U >= -bound.

    U has a mean of at most 0 while the null holds, so E is at most 1 on the average: betting on a bounded mean. Source:
    Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86 (2024).
    """

    def __init__(self, bet: Bet, bound: float, planned: float | None) -> None:
        self._bet = bet
        self._lambdas = [fraction / bound for fraction in FRACTIONS]
        self._mixture = Mixture([1.0] * len(FRACTIONS), planned)
        self._pairing = Pairing()
        self._candidate, self._baseline = CostSums(), CostSums()

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._mixture.log_value

    @property
    def estimate(self) -> Estimate:
        """Cost per success of the candidate over that of the baseline."""
        return ratio_of(self._candidate, self._baseline)

    def look(self, candidate: Costs, baseline: Costs) -> None:
        """Close one look: both arms in the order in which they are to be paired."""
        self._candidate.add(candidate)
        self._baseline.add(baseline)
        self._mixture.inject(len(candidate[0]))
        self._mixture.multiply(
            log_growths([self._bet(block) for block in self._pairing.pair(candidate, baseline)], self._lambdas)
        )

    def state(self) -> State:
        """The capitals, what waits for a partner, and the sums."""
        return {
            **self._mixture.state(),
            **self._pairing.state(),
            "candidate": self._candidate.state(),
            "baseline": self._baseline.state(),
        }

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._mixture.restore(state)
        self._pairing.restore(state)
        self._candidate.restore(state["candidate"])
        self._baseline.restore(state["baseline"])


def log_growths(stakes: Sequence[float], lambdas: Sequence[float]) -> list[float]:
    """The sum of ln(1 + lam U) over all U, for each lam; exactly rounded, so that the order does not count."""
    return [math.fsum([math.log1p(lam * stake) for stake in stakes]) for lam in lambdas]
