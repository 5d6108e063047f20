"""What a candidate's costs are measured by: where costs are capped, and how much lies above."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analytics.evidence.checking import amounts
from analytics.evidence.wilson_limit import ONE_SIDED

FEWEST = 1000
_QUANTILE = 0.99
# Where the tail is nearly all of it, so that what remains is a number still.
_LARGEST, _FARTHEST = 1 - 1e-9, 100.0
_HUGE = 1e140

Costs = Sequence[float] | npt.NDArray[np.float64]


def cost_reference(costs: Costs) -> tuple[float, float]:
    """`(cap, tail_share)` of at least 1,000 costs of the baseline, to be frozen before a candidate is looked at.

    The cap B is their 99th percentile (linear between ranks), in their unit; the tail share is l = sum max(c - B, 0) /
    sum c, from 0 to 1, as measured: see `tail_share_limit`. Raises ValueError for fewer costs, for one that is negative
    or not finite, and where the cap would be 0.
    """
    values = _reference(costs)
    cap = _cap(values)
    return cap, _tail_share(values, cap)


def tail_share_limit(costs: Costs) -> float:
    """The upper end of a one-sided 99 % interval for the tail share, below 1; raises ValueError as `cost_reference`.

    The tail is made of 1 % of the reference, so its measured share is too low as often as not, and a candidate of the
    same mean without such a tail is then rolled back. `odds(l) exp(z se / (l (1 - l)))`, se by the delta method for a
    ratio of sums, z = 2.326: on the log odds because l is skewed. In simulations the end was above the true share for
    95 % of references of 1,000 log-normal costs of sigma 0.5 and 1, 93 % at 1.5 and 89 % at 2, where most of a tail is
    in no reference at all. From about a half on it leaves nothing that raw costs could show: hold capped ones.
    """
    values = _reference(costs)
    unit = _cap(values)
    # In units of the cap, so that no square is too small or too large for a number.
    values, cap = [min(cost / unit, _HUGE) for cost in values], 1.0
    tail_share = _tail_share(values, cap)
    if tail_share == 0:
        return 0.0
    squares = math.fsum([(max(cost - cap, 0.0) - tail_share * cost) ** 2 for cost in values])
    error = math.sqrt(squares) / math.fsum(values)
    rest = max(1 - tail_share, 1 - _LARGEST)
    odds = tail_share / rest * math.exp(min(ONE_SIDED * error / (tail_share * rest), _FARTHEST))
    return min(odds / (1 + odds), _LARGEST)


def _reference(costs: Costs) -> list[float]:
    values = sorted(amounts(costs, "costs"))
    if len(values) < FEWEST:
        raise ValueError(f"a cost reference takes at least {FEWEST:,} costs, not {len(values):,}")
    return values


def _cap(values: list[float]) -> float:
    place = _QUANTILE * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    cap = values[below] + (values[above] - values[below]) * (place - below)
    if cap <= 0:
        raise ValueError("99 % of the reference costs are 0: there is no cost to measure by")
    return cap


def _tail_share(values: list[float], cap: float) -> float:
    return math.fsum([cost - cap for cost in values if cost > cap]) / math.fsum(values)
