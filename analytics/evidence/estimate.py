"""What was seen, beside the evidence: a figure with its interval."""

from typing import Literal, NamedTuple

from analytics.evidence.rate_interval import rate_interval

LEVEL = 0.95


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
    low, high = rate_interval(n, bad, LEVEL)
    return Estimate(of, bad / n if n else None, low, high, "anytime-valid")


def divided(above: float, below: float) -> float | None:
    """A quotient; None where nothing can be said."""
    return above / below if below > 0 else None
