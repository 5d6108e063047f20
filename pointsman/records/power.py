"""The power function that `pointsman mdr lint` hands to the lints: how many requests evidence takes to speak."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, cast

import numpy as np

from alerts.records.lints.traffic import Power
from analytics.evidence import RateAdvance, RateEvidence
from analytics.evidence.power import quantile, run_to_fail, run_to_pass

# Enough for a median to within some percent; the same seed gives the same sentence each time.
RUNS = 100
_SEED = 1
_TO_FAIL, _TO_PASS = 2.0, 0.5


class SimulatedPower:
    """Simulates canaries with the evidence that decides; remembers what it was asked. `progress` is told each run."""

    def __init__(self, progress: Callable[[int], None] = lambda _done: None, *, runs: int = RUNS) -> None:
        """`progress` is told how many runs are done in all."""
        self._progress = progress
        self._runs = runs
        self._done = 0
        self._known = lru_cache(maxsize=256)(self._simulate)

    def __call__(self, limit: float, *, alpha: float, planned: float, margin: float, incidents: str) -> Power:
        """Medians of the requests to FAIL at twice the limit and to PASS at half of it. Raises ValueError."""
        return self._known(limit, alpha, planned, margin, incidents)

    def _simulate(self, limit: float, alpha: float, planned: float, margin: float, incidents: str) -> Power:
        kind = cast("Literal['count', 'clip']", incidents)
        to_fail = []
        to_pass = []
        for number in range(self._runs):
            random = np.random.default_rng([_SEED, number])
            evidence = RateEvidence(limit, planned=planned, alpha=alpha, incidents=kind)
            # Twice a half is everything, which is no rate between 0 and 1.
            to_fail.append(run_to_fail(min(_TO_FAIL * limit, 0.999), evidence, random))
            to_pass.append(run_to_pass(_TO_PASS * limit, RateAdvance(limit, margin=margin), random))
            self._done += 1
            self._progress(self._done)
        return Power(quantile(to_fail, 0.5), quantile(to_pass, 0.5))
