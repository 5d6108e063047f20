"""Costs beside successes: their sums, and what cost per success they make."""

import math

from analytics.evidence.estimate import DEVIATIONS, Estimate, divided, finite_or_none
from analytics.evidence.process import State, finite, whole

# Costs, and for each request 1 where it was a success and 0 where it was none.
Costs = tuple[list[float], list[float]]
_WIDEST = 600.0
OF_RATIO = "cost per success of candidate / of baseline"
OF_COST = "cost per success"


class CostSums:
    """Requests, successes, and sums of c, c^2 and c s."""

    __slots__ = ("cost", "cost_sq", "cost_success", "n", "successes")

    def __init__(self) -> None:
        self.n = self.successes = 0
        self.cost = self.cost_sq = self.cost_success = 0.0

    def add(self, costs: Costs) -> None:
        """More requests. Sums of a look are exactly rounded, so that their order does not count."""
        self.n += len(costs[0])
        self.successes += int(math.fsum(costs[1]))
        self.cost += math.fsum(costs[0])
        self.cost_sq += math.fsum([cost * cost for cost in costs[0]])
        self.cost_success += math.fsum([cost * success for cost, success in zip(*costs, strict=True)])

    @property
    def per_success(self) -> float | None:
        """Cost per success; None without any."""
        return divided(self.cost, self.successes)

    @property
    def relative_error(self) -> float | None:
        """The standard error of cost per success as a share of it; None where it cannot be said.

        Delta method for a ratio of sums: se^2 = n/(n - 1) sum((c - R s)^2) / (sum s)^2.
        """
        ratio = self.per_success
        if ratio is None or self.n < 2 or ratio == 0:
            return None
        squares = max(self.cost_sq - 2 * ratio * self.cost_success + ratio * ratio * self.successes, 0.0)
        return math.sqrt(squares * self.n / (self.n - 1)) / self.cost

    def state(self) -> State:
        """All sums."""
        return {name: getattr(self, name) for name in self.__slots__}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self.n, self.successes = whole(state["n"]), whole(state["successes"])
        self.cost, self.cost_sq = finite(state["cost"]), finite(state["cost_sq"])
        self.cost_success = finite(state["cost_success"])


def cost_of(sums: CostSums) -> Estimate:
    """Cost per success with its normal interval, on the logarithm because costs are skewed."""
    return _normal(OF_COST, sums.per_success, sums.relative_error)


def ratio_of(candidate: CostSums, baseline: CostSums) -> Estimate:
    """Cost per success of one arm over that of the other, with its normal interval on the logarithm."""
    own, other = candidate.per_success, baseline.per_success
    errors = candidate.relative_error, baseline.relative_error
    error = None if errors[0] is None or errors[1] is None else math.hypot(errors[0], errors[1])
    return _normal(OF_RATIO, None if own is None or other is None else divided(own, other), error)


def _normal(of: str, value: float | None, error: float | None) -> Estimate:
    if value is None or error is None:
        return Estimate(of, value, 0.0, None, "normal")
    width = min(DEVIATIONS * error, _WIDEST)
    return Estimate(of, value, value * math.exp(-width), finite_or_none(value * math.exp(width)), "normal")
