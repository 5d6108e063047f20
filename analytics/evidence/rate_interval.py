"""An interval for a rate that holds at every look at once."""

import math

from analytics.evidence.checking import share, trials
from analytics.evidence.gamma import LOG_2_PI, stirling_error

_STEPS = 200
_CLOSE = 1e-14
_NEAR = 0.5


def rate_interval(n: int, bad: int, level: float = 0.95) -> tuple[float, float]:
    """Both ends of the interval for the rate of which `bad` in `n` were seen; (0, 1) where n is 0.

    Its ends are those of {p : ln B(k + 1/2, n - k + 1/2) - ln B(1/2, 1/2) - k ln p - (n - k) ln(1 - p) < ln 1/(1 -
    level)}, k = bad: with a constant rate it is missed *ever*, over all looks, with a probability of at most 1 -
    level. The lower end is 0 at k = 0, the upper end 1 at k = n. Raises ValueError for numbers that make no sense.
    Source: Robbins' mixture with a Beta(1/2, 1/2), as in Howard et al., Ann. Statist. 49 (2021).
    """
    return interval_of(*trials(n, bad), level)


def interval_of(n: int, bad: int, level: float) -> tuple[float, float]:
    """The same for sums of many looks, which may be larger than a look. Raises ValueError for the level alone."""
    limit = -math.log1p(-share(level, "level"))
    if n == 0:
        return 0.0, 1.0
    at = bad / n
    low = 0.0 if bad == 0 else _end(n, bad, limit, outside=0.0, inside=at)
    high = 1.0 if bad == n else _end(n, bad, limit, outside=1.0, inside=at)
    return low, high


def log_e_against(n: int, bad: int, rate: float) -> float:
    """The evidence that the rate is another one, as ln E; a rate is in the interval while this is under ln 1/(1 -
    level).

    `rate` lies in (0, 1). The large terms of the beta function cancel before anything is added.
    """
    good = n - bad
    x, y, total = bad + 0.5, good + 0.5, n + 1.0
    rest = stirling_error(x) + stirling_error(y) - stirling_error(total) - 0.5 * math.log(total)
    # From one difference, so that its rounding cancels between both terms.
    apart = x / total - rate
    of_bad = bad * _log_ratio(apart / rate, x / total / rate) if bad else 0.0
    of_good = good * _log_ratio(-apart / (1 - rate), y / total / (1 - rate)) if good else 0.0
    return of_bad + of_good + rest + 0.5 * LOG_2_PI - math.log(math.pi)


def _log_ratio(apart: float, ratio: float) -> float:
    """The ln of a ratio, by how far it is apart from 1 where that is not far."""
    return math.log1p(apart) if abs(apart) < _NEAR else math.log(ratio)


def _end(n: int, bad: int, limit: float, *, outside: float, inside: float) -> float:
    """Between a rate that is outside of the interval and one that is inside: where it ends. Bisection."""
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        if abs(inside - outside) <= _CLOSE * min(middle, 1 - middle) or middle in (outside, inside):
            break
        if log_e_against(n, bad, middle) < limit:
            inside = middle
        else:
            outside = middle
    return outside
