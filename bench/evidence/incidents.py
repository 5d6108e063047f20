"""Rates whose bursts are clipped: that one burst does not decide, whenever it comes, and what that costs.

A burst is a row of bad requests, one after the other; all others are bad with the limit's own rate.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.oracles import Counts
from bench.evidence.rate_delays import HEALTHY, requests_to_fail
from bench.evidence.rates import LIMIT, LOOK

_HEALTHY, _PLANNED = 100_000, 200_000
_REQUESTS, _QUICK_REQUESTS = 20_000, 2_000
_BURSTS = (20, 60, 300)
_LOOKS = (1, 10, 100)
_BAD_RATES = (0.02, 0.05)
_LONGEST = 200_000


class Burst(NamedTuple):
    """How many requests are bad, and whether they are the first ones; at a random place otherwise."""

    length: int
    is_first: bool

    @property
    def what(self) -> str:
        """In words."""
        return f"burst of {self.length} {'at the start' if self.is_first else 'later'}"


def _clipped(planned: float) -> RateEvidence:
    return RateEvidence(LIMIT, planned=planned, incidents="clip")


def _healthy(requests: int, random: np.random.Generator) -> bool:
    """So many requests at the limit itself, in looks of 10: whether they were rolled back."""
    bads = random.binomial(LOOK, LIMIT, requests // LOOK)
    return math.isfinite(requests_to_fail(_clipped(requests), bads.tolist()))


def _healthy_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs without a burst."""
    return [share_of("clipped: false rollbacks, 100,000 requests at the limit", results, 1.73)]


def _with_burst(random: np.random.Generator, quick: bool, *, burst: Burst) -> list[bool]:
    """20,000 requests with one burst: whether they were rolled back, in looks of each size."""
    requests = _QUICK_REQUESTS if quick else _REQUESTS
    bad = random.random(requests) < LIMIT
    at = 0 if burst.is_first else int(random.integers(1, requests - burst.length + 1))
    bad[at : at + burst.length] = True
    return [_rolled_back(bad.reshape(-1, look).sum(axis=1), look) for look in _LOOKS]


def _rolled_back(bads: Counts, look: int) -> bool:
    """Whether looks of this size roll it back."""
    evidence = _clipped(bads.size * look)
    for bad in bads.tolist():
        evidence.update(look, bad)
        if evidence.failed:
            return True
    return False


def _burst_figures(burst: Burst, results: Sequence[list[bool]]) -> list[Figure]:
    """One share for each size of look."""
    return [
        share_of(f"clipped: false rollbacks, {burst.what}, looks of {look}", rolled_back, 2.9)
        for look, rolled_back in zip(_LOOKS, zip(*results, strict=True), strict=True)
    ]


def _delays(random: np.random.Generator) -> list[float]:
    """Requests until FAIL at each bad rate, from the first request on."""
    return [
        requests_to_fail(_clipped(_PLANNED), random.binomial(LOOK, rate, _LONGEST // LOOK).tolist())
        for rate in _BAD_RATES
    ]


def _late_outage(random: np.random.Generator) -> float:
    """Requests until FAIL where all fail after 100,000 at a rate below the limit; 0 where it failed before."""
    evidence = _clipped(_PLANNED)
    for bad in random.binomial(LOOK, HEALTHY, _HEALTHY // LOOK).tolist():
        evidence.update(LOOK, bad)
    if evidence.failed:
        return 0.0
    return requests_to_fail(evidence, [LOOK] * (_LONGEST // LOOK))


def _late_figures(results: Sequence[float]) -> list[Figure]:
    """For comparison: what the clip costs where an outage comes late."""
    return [median_of("clipped: requests to FAIL in an outage after 100,000 requests", results, math.inf)]


def _delay_figures(results: Sequence[list[float]]) -> list[Figure]:
    """One median for each rate: what the clip costs."""
    return [
        median_of(f"clipped: requests to FAIL at {100 * rate:g} %", delays, math.inf)
        for rate, delays in zip(_BAD_RATES, zip(*results, strict=True), strict=True)
    ]


EXPERIMENTS = (
    Experiment("rate-clip-healthy", 300, 10, partial(_healthy, _HEALTHY), _healthy_figures, partial(_healthy, 10_000)),
    *(
        Experiment.sized(
            f"rate-clip-burst-{burst.length}-{'first' if burst.is_first else 'later'}",
            150,
            10,
            partial(_with_burst, burst=burst),
            partial(_burst_figures, burst),
        )
        for burst in (Burst(length, is_first) for length in _BURSTS for is_first in (True, False))
    ),
    Experiment("rate-clip-delay", 150, 10, _delays, _delay_figures),
    Experiment("rate-clip-late-outage", 150, 5, _late_outage, _late_figures),
)
