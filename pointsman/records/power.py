"""The power function that `pointsman mdr lint` hands to the lints: how many requests evidence takes to speak."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, cast

from alerts.records.lints.traffic import Power
from pointsman.evidence.planning import Asked, plan_of
from pointsman.evidence.traffic import Traffic

# Enough for a median to within some percent; the same seed gives the same sentence each time.
RUNS = 100
# Of each limit: at twice and at half of it.
SIMULATIONS = 2 * RUNS
_SEED = 1
_LEVEL = 0.05
_TO_FAIL, _TO_PASS = 2.0, 0.5
# A rate is below 1, also that of twice a half.
_HIGHEST_RATE = 0.999
# Requests are asked for, so that any rate of them will do.
_ANY_TRAFFIC = Traffic(1.0, "s")


class SimulatedPower:
    """Simulates canaries with the evidence that decides; remembers what it was asked."""

    def __init__(self, progress: Callable[[int], None] = lambda _done: None, *, runs: int = RUNS) -> None:
        """`progress` is told how many simulations are done in all, `SIMULATIONS` for each limit."""
        self._progress = progress
        self._runs = runs
        self._done = 0
        self._known = lru_cache(maxsize=256)(self._simulate)

    def __call__(self, limit: float, *, alpha: float, planned: float, margin: float, incidents: str) -> Power:
        """Medians of the requests to FAIL at twice the limit and to PASS at half of it. Raises ValueError."""
        return self._known(limit, alpha, planned, margin, incidents)

    def _simulate(self, limit: float, alpha: float, planned: float, margin: float, incidents: str) -> Power:
        kind = cast("Literal['count', 'clip']", incidents)
        times = (min(_TO_FAIL, _HIGHEST_RATE / limit), _TO_PASS)
        asked = Asked(limit, _ANY_TRAFFIC, planned, alpha, _LEVEL, margin, times, self._runs, _SEED, kind)
        before = self._done
        to_fail, to_pass = plan_of(asked, lambda done: self._progress(before + done))
        self._done += len(times) * self._runs
        return Power(to_fail.median, to_pass.median)
