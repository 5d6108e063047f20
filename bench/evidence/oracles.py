"""Rules that know what nobody knows, the rate that a candidate really has: what ours is measured against."""

import math
from typing import Any

import numpy as np

Counts = np.ndarray[Any, np.dtype[np.int64]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

# The ln of 1/alpha: what evidence must win at an alpha of 1 %.
LOG_100 = math.log(100)


def log_ratios(bads: Counts, look: int, limit: float, rate: float) -> Numbers:
    """What each look of `look` requests says for `rate` against `limit`."""
    bad, good = math.log(rate / limit), math.log((1 - rate) / (1 - limit))
    return np.asarray(bads * (bad - good) + look * good, dtype=float)


def wald(bads: Counts, look: int, limit: float, rate: float) -> float:
    """Requests until a sequential probability ratio test with boundary 1/alpha decides for `rate`; infinite where it
    never does.

    Without a lower boundary: it goes on as long as ours.
    """
    return look * first(np.cumsum(log_ratios(bads, look, limit, rate)) >= LOG_100)


def cusum(bads: Counts, look: int, limit: float, rate: float, boundary: float) -> float:
    """Requests until a CUSUM for `rate` reaches its boundary; infinite where it never does."""
    sums = np.cumsum(log_ratios(bads, look, limit, rate))
    lowest = np.minimum(np.minimum.accumulate(sums), 0)
    return look * first(sums - lowest >= boundary)


def first(hits: "np.ndarray[Any, np.dtype[np.bool_]]") -> float:
    """The number of the first look that hits, from 1 on; infinite where none does."""
    at = int(hits.argmax())
    return float(at + 1) if hits[at] else math.inf
