"""Costs and successes against a limit: what they say, and the sums for the estimate."""

from analytics.evidence.cost_trials import FRACTIONS, log_growths
from analytics.evidence.costs import Costs, CostSums, cost_of
from analytics.evidence.estimate import Estimate
from analytics.evidence.mixture import Mixture
from analytics.evidence.process import State


class CostLimitTrials:
    """Capital that bets on U = min(c, B) - L s, which is never below -L."""

    def __init__(self, limit: float, cap: float, planned: float) -> None:
        self._limit, self._cap = limit, cap
        self._lambdas = [fraction / limit for fraction in FRACTIONS]
        self._mixture = Mixture([1.0] * len(FRACTIONS), planned)
        self._sums = CostSums()

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._mixture.log_value

    @property
    def estimate(self) -> Estimate:
        """Cost per success."""
        return cost_of(self._sums)

    def look(self, candidate: Costs) -> None:
        """Close one look."""
        self._sums.add(candidate)
        self._mixture.inject(len(candidate[0]))
        stakes = [min(cost, self._cap) - self._limit * success for cost, success in zip(*candidate, strict=True)]
        self._mixture.multiply(log_growths(stakes, self._lambdas))

    def state(self) -> State:
        """The capitals and the sums."""
        return {**self._mixture.state(), "candidate": self._sums.state()}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._mixture.restore(state)
        self._sums.restore(state["candidate"])
