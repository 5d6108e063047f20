"""What a block of requests says about cost per success, for the accuser and for the defence."""

import math

from analytics.evidence.pairing import Block


class PairedStake:
    """`U = min(c, (1 + d) B) s_b - (1 + d)/(1 - l) min(c_b, B) s`, c and s of the candidate, c_b and s_b of the
    baseline.

    Means stand for the arm of which a block has several. The baseline's capped costs are raised by 1/(1 - l), the share
    that the cap takes from them: without that, a candidate of the same mean and a lighter tail would look dearer. U is
    never below -`bound`; its mean is at most 0 while the null holds.
    """

    def __init__(self, cap: float, margin: float, tail_share: float) -> None:
        self._cap = cap
        self._candidate_cap = (1 + margin) * cap
        self._raise = (1 + margin) / (1 - tail_share)
        self.bound = self._raise * cap

    def __call__(self, block: Block, /) -> float:
        """U of one block, in the unit of the costs."""
        of_candidate = _capped_mean(block.candidate_costs, self._candidate_cap) * _mean(block.baseline_successes)
        of_baseline = _capped_mean(block.baseline_costs, self._cap) * _mean(block.candidate_successes)
        return of_candidate - self._raise * of_baseline


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _capped_mean(costs: list[float], cap: float) -> float:
    return math.fsum([min(cost, cap) for cost in costs]) / len(costs)
