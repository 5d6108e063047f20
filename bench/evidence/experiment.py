"""An experiment: many runs of one protocol, each with a stream of its own, and the figures that they make."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

# One run: its random numbers in, whatever the figures are made of out. A function of a module, or a partial one, so
# that processes can be given it.
Run = Callable[[np.random.Generator], Any]
# One that is told whether it is for a quick look, and may then be shorter.
SizedRun = Callable[[np.random.Generator, bool], Any]
_QUICK_ERRORS = 3.0
# How often few runs may be more than what is allowed them, where the share is the limit itself.
_QUICK_CHANCE = 0.001


class Figure(NamedTuple):
    """What came out: a value, its Monte Carlo standard error, and the limit that it is held to.

    `must_fail`: a rule that people use and that does not hold; if it held, the protocol would show nothing. A limit of
    infinity: for comparison only. `runs`: of how many the value is the share, 0 where it is no share.
    """

    what: str
    value: float
    error: float
    limit: float
    sense: Literal["at most", "at least"] = "at most"
    unit: Literal["%", "x", "requests", ""] = ""
    must_fail: bool = False
    runs: int = 0

    def holds(self, *, quick: bool) -> bool:
        """Whether it is within its limit; with few runs, whether it could be."""
        if quick and self.runs and self.sense == "at most" and math.isfinite(self.limit) and not self.must_fail:
            # Not by its own error, which is large where much went wrong.
            return round(self.value / 100 * self.runs) <= allowed_hits(self.runs, self.limit / 100)
        slack = _QUICK_ERRORS * self.error if quick and math.isfinite(self.error) and not self.must_fail else 0.0
        return self.value <= self.limit + slack if self.sense == "at most" else self.value >= self.limit - slack

    def passed(self, *, quick: bool) -> bool:
        """As it should be; what is no number is not."""
        return not math.isnan(self.value) and self.holds(quick=quick) is not self.must_fail


class Experiment(NamedTuple):
    """`runs` of `run`, fewer for a quick look; `figures` from what they returned, in order.

    `quick_run`: a shorter run for a quick look, where `run` takes seconds.
    """

    name: str
    runs: int
    quick: int
    run: Run
    figures: Callable[[Sequence[Any]], list[Figure]]
    quick_run: Run | None = None

    @classmethod
    def sized(
        cls, name: str, runs: int, quick: int, run: SizedRun, figures: Callable[[Sequence[Any]], list[Figure]]
    ) -> "Experiment":
        """One whose run is told whether it is for a quick look."""
        whole, short = partial(_told, run, False), partial(_told, run, True)  # noqa: FBT003 - as it is told
        return cls(name, runs, quick, whole, figures, short)

    def runner(self, *, quick: bool) -> Run:
        """What makes one run."""
        return self.quick_run if quick and self.quick_run else self.run


def _told(run: SizedRun, quick: bool, random: np.random.Generator) -> Any:
    return run(random, quick)


def allowed_hits(runs: int, limit: float) -> int:
    """The smallest k such that more than k hits in so many runs have a chance of at most 0.1 %, at the limit itself."""
    if not 0 < limit < 1:
        return 0 if limit <= 0 else runs
    bad, good, above = math.log(limit), math.log1p(-limit), 1.0
    for k in range(runs):
        ways = math.lgamma(runs + 1) - math.lgamma(k + 1) - math.lgamma(runs - k + 1)
        above -= math.exp(ways + k * bad + (runs - k) * good)
        if above <= _QUICK_CHANCE:
            return k
    return runs


def share_of(
    what: str,
    hits: Sequence[bool],
    limit: float,
    *,
    sense: Literal["at most", "at least"] = "at most",
    must_fail: bool = False,
) -> Figure:
    """The share of runs in which something happened, in percent; its error is at least that of one run."""
    n = len(hits)
    share = sum(hits) / n
    error = math.sqrt(max(share * (1 - share), (1 - 1 / n) / n) / n)
    return Figure(what, 100 * share, 100 * error, limit, sense, "%", must_fail, n)


def median_of(
    what: str,
    values: Sequence[float],
    limit: float,
    *,
    unit: Literal["requests", ""] = "requests",
    must_fail: bool = False,
) -> Figure:
    """The median of something, with the error of a median from its own order statistics."""
    ordered = np.sort(np.asarray(values, dtype=float))
    return Figure(what, float(np.median(ordered)), _median_error(ordered), limit, unit=unit, must_fail=must_fail)


def ratio_of_medians(
    what: str, own: Sequence[float], oracle: Sequence[float], limit: float, *, must_fail: bool = False
) -> Figure:
    """The median delay of a rule over that of an oracle on the same streams; infinite where half of them never
    ended.
    """
    first, second = np.sort(np.asarray(own, dtype=float)), np.sort(np.asarray(oracle, dtype=float))
    above, below = float(np.median(first)), float(np.median(second))
    ratio = above / below
    error = ratio * math.hypot(_median_error(first) / above, _median_error(second) / below)
    return Figure(what, ratio, error, limit, unit="x", must_fail=must_fail)


def _median_error(ordered: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Half the distance between the order statistics one binomial deviation to both sides of the median; infinite where
    the upper one never came.
    """
    n = len(ordered)
    half = math.sqrt(n) / 2
    low, high = max(math.floor(n / 2 - half), 0), min(math.ceil(n / 2 + half), n - 1)
    return float(ordered[high] - ordered[low]) / 2 if math.isfinite(ordered[high]) else math.inf
