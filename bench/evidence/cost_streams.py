"""Requests of two arms with log-normal costs, look by look, and the moments of what is bet on."""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.evidence import cost_reference, tail_share_limit
from bench.evidence.arm_streams import LOOK, SHARE, dispatched

Costs = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
_SUCCESS = 0.9


class Arm(NamedTuple):
    """Costs of a log-normal distribution with this mean and sigma, each request a success by itself."""

    sigma: float = 1.0
    mean: float = 1.0
    success: float = _SUCCESS

    def costs(self, random: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
        """So many costs."""
        return self.mean * random.lognormal(-self.sigma * self.sigma / 2, self.sigma, n)

    def requests(self, random: np.random.Generator, n: int) -> Costs:
        """So many costs and successes."""
        return self.costs(random, n), (random.random(n) < self.success).astype(float)

    def capped_moments(self, cap: float) -> tuple[float, float]:
        """The means of min(c, cap) and of its square."""
        away = (math.log(cap / self.mean) + self.sigma * self.sigma / 2) / self.sigma
        above = 1 - _normal(away)
        first = self.mean * _normal(away - self.sigma) + cap * above
        second = self.mean**2 * math.exp(self.sigma**2) * _normal(away - 2 * self.sigma) + cap**2 * above
        return first, second


class Reference(NamedTuple):
    """What is frozen of the baseline before the candidate is looked at."""

    cap: float
    tail_share: float


class Frozen(NamedTuple):
    """How large a reference is, and which tail share is taken from it: none, the measured one, or its upper end."""

    n: int = 20_000
    tail: Literal["none", "measured", "limit"] = "measured"

    def of(self, baseline: Arm, random: np.random.Generator) -> Reference:
        """One of this baseline."""
        costs = baseline.costs(random, self.n)
        cap, tail_share = cost_reference(costs)
        return Reference(cap, {"none": 0.0, "measured": tail_share, "limit": tail_share_limit(costs)}[self.tail])


MEASURED = Frozen()


def cost_looks(
    random: np.random.Generator, requests: int, candidate: Arm, baseline: Arm
) -> Iterator[tuple[Costs, Costs]]:
    """So many requests of both arms in looks of 100, the candidate's share 10 %."""
    numbers = dispatched(random, requests, SHARE)
    own = candidate.requests(random, int(numbers[0].sum()))
    other = baseline.requests(random, int(numbers[1].sum()))
    ends = np.cumsum(numbers[0]).tolist(), np.cumsum(numbers[1]).tolist()
    start = 0, 0
    for end in zip(*ends, strict=True):
        yield (
            (own[0][start[0] : end[0]], own[1][start[0] : end[0]]),
            (other[0][start[1] : end[1]], other[1][start[1] : end[1]]),
        )
        start = end


def stake_moments(candidate: Arm, baseline: Arm, reference: Reference) -> tuple[float, float]:
    """The mean and the variance of U at a margin of 0, for the blocks that looks of 100 make."""
    cap, factor, fewer = reference.cap, 1 / (1 - reference.tail_share), _mean_reciprocal_block()
    own, own_square = candidate.capped_moments(cap)
    other, other_square = baseline.capped_moments(cap)
    p, s = baseline.success, candidate.success
    mean = own * p - factor * other * s
    square = (
        own_square * (p * p + p * (1 - p) * fewer)
        + factor * factor * (other * other + (other_square - other * other) * fewer) * s
        - 2 * factor * own * p * other * s
    )
    return mean, square - mean * mean


def _mean_reciprocal_block() -> float:
    """The mean of 1 / (baseline requests for a candidate request), over candidate requests."""
    total = 0.0
    for n in range(1, LOOK // 2 + 1):
        chance = math.comb(LOOK, n) * SHARE**n * (1 - SHARE) ** (LOOK - n)
        total += chance * n / ((LOOK - n) // n)
    return total / (LOOK * SHARE)


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2
