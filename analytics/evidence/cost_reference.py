"""What a candidate's costs are measured by: where costs are capped, and how much lies above."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analytics.evidence.checking import amounts

FEWEST = 1000
_QUANTILE = 0.99


def cost_reference(costs: Sequence[float] | npt.NDArray[np.float64]) -> tuple[float, float]:
    """`(cap, tail_share)` of at least 1,000 costs of the baseline, to be frozen before a candidate is looked at.

    The cap B is their 99th percentile (linear between ranks), in their unit; the tail share is sum max(c - B, 0) /
    sum c, from 0 to 1. Raises ValueError for fewer costs, for one that is negative or not finite, and where the cap
    would be 0.
    """
    values = sorted(amounts(costs, "costs"))
    if len(values) < FEWEST:
        raise ValueError(f"a cost reference takes at least {FEWEST:,} costs, not {len(values):,}")
    place = _QUANTILE * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    cap = values[below] + (values[above] - values[below]) * (place - below)
    if cap <= 0:
        raise ValueError("99 % of the reference costs are 0: there is no cost to measure by")
    return cap, math.fsum([cost - cap for cost in values if cost > cap]) / math.fsum(values)
