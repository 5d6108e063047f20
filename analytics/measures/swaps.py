"""The forms of measures that compare a candidate with a baseline on the same prompts: a ratio, and a difference."""

import numpy as np
import pandas as pd

from analytics.intervals import Z, divided, numbers, positive_interval, ratio_error
from analytics.measures.shares import coverage, result
from analytics.measures.spend import NANO


def ratio(
    shadows: pd.DataFrame, paired: str, candidate: str, baseline: str, *, squares: tuple[str, str], product: str
) -> pd.DataFrame:
    """Sum of the candidate's / sum of the baseline's, with the delta method's interval. Arguments are columns.

    `count` is the pairs, `coverage` their share of all shadow requests. NaN where the baseline's sum is 0.
    """
    n, above, below = numbers(shadows[paired]), numbers(shadows[candidate]), numbers(shadows[baseline])
    error = ratio_error(
        n,
        above,
        below,
        above_sq=numbers(shadows[squares[0]]),
        below_sq=numbers(shadows[squares[1]]),
        product=numbers(shadows[product]),
    )
    value = divided(above, below)
    low, high = positive_interval(value, error)
    known = coverage(n, numbers(shadows["shadows"]))
    return result(shadows.index, count=n, coverage=known, value=value, low=low, high=high)


def mean_difference(shadows: pd.DataFrame, paired: str, candidate: str, baseline: str, *, squares: str) -> pd.DataFrame:
    """US dollars a request: (candidate's - baseline's) / pairs, with the normal interval of a mean.

    `squares` are those of the differences, in nano-dollars. NaN without a pair; one pair has no interval.
    """
    n = numbers(shadows[paired])
    difference = numbers(shadows[candidate]) - numbers(shadows[baseline])
    value = divided(difference, n)
    spread = np.maximum(numbers(shadows[squares]) - value * difference, 0)
    error = np.sqrt(divided(spread, (n - 1) * n))
    known = coverage(n, numbers(shadows["shadows"]))
    figures = {"value": value * NANO, "low": (value - Z * error) * NANO, "high": (value + Z * error) * NANO}
    return result(shadows.index, count=n, coverage=known, **figures)
