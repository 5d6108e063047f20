"""The interval for a rate that is to hold at every request at once."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import rate_interval
from analytics.evidence.rate_interval import log_e_against
from bench.evidence.experiment import Experiment, Figure, share_of

_REQUESTS = 100_000
_RATES = (0.005, 0.05, 0.5)
_LEVEL = 0.95
_LIMIT = -math.log1p(-_LEVEL)


def _missed(requests: int, random: np.random.Generator) -> list[bool]:
    """For each rate one stream of so many requests: whether the interval missed it at any of them.

    Looked at where a row of equal outcomes ends. Within a row ln E is convex in the number of requests (what one more
    equal outcome adds grows with each), so it is never larger between both ends than at one of them, and the end of
    the row before is the beginning of this one: nothing is left out.
    """
    return [_ever_missed(random.random(requests) < rate, rate) for rate in _RATES]


def _ever_missed(bad: "np.ndarray[tuple[int], np.dtype[np.bool_]]", rate: float) -> bool:
    """Whether one stream was missed where any of its rows ends."""
    ends = np.append(np.flatnonzero(bad[1:] != bad[:-1]) + 1, len(bad))
    bads = np.cumsum(bad)[ends - 1]
    missed = any(log_e_against(n, k, rate) >= _LIMIT for n, k in zip(ends.tolist(), bads.tolist(), strict=True))
    last = int(bads[-1])
    low, high = rate_interval(len(bad), last, _LEVEL)
    if (low < rate < high) is (log_e_against(len(bad), last, rate) >= _LIMIT):
        raise AssertionError(f"the interval of {last} in {len(bad)} does not agree with its membership function")
    return missed


def _figures(results: Sequence[list[bool]]) -> list[Figure]:
    """One share for each rate."""
    return [
        share_of(f"interval: {100 * rate:g} % ever missed in 100,000 requests", missed, 7.0)
        for rate, missed in zip(_RATES, zip(*results, strict=True), strict=True)
    ]


EXPERIMENTS = (Experiment("rate-interval", 300, 10, partial(_missed, _REQUESTS), _figures, partial(_missed, 20_000)),)
