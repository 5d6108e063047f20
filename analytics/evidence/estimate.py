"""What was seen, beside the evidence: a figure with its interval."""

import math
from typing import Literal, NamedTuple

from analytics.evidence.rate_interval import interval_of

LEVEL = 0.95
# The 97.5th percentile of the normal distribution: how far both ends of a normal interval are, in deviations.
DEVIATIONS = 1.959963984540054


class Estimate(NamedTuple):
    """A figure and both ends of its interval, which contains it with a probability of `level`.

    `of` says what it is. None is what cannot be said yet: no value without trials, no `high` where nothing bounds it.
    The interval is "anytime-valid" (it holds at all looks at once) or "normal" (it holds for one look, and better the
    more was seen): verdicts never come from a normal one.
    """

    of: str
    value: float | None
    low: float | None
    high: float | None
    interval: Literal["anytime-valid", "normal"]
    level: float = LEVEL


def rate_of(n: int, bad: int, of: str = "rate") -> Estimate:
    """Bad among all, with the interval that holds at every look."""
    low, high = interval_of(n, bad, LEVEL)
    return Estimate(of, bad / n if n else None, low, high, "anytime-valid")


def divided(above: float, below: float) -> float | None:
    """A quotient; None where nothing can be said, or it is too large for a number."""
    return None if below <= 0 else finite_or_none(above / below)


def finite_or_none(value: float) -> float | None:
    """The value; None where it is too large for a number."""
    return value if math.isfinite(value) else None
