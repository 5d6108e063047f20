"""The bins of the latency histograms: logarithmic, with a relative error of 1 %. Source: design §4 (as in DDSketch).

Bin b holds the times t with GAMMA^(b-1) < t <= GAMMA^b, t in microseconds; bin 0 holds all up to 1 microsecond. A
bin stands for 2*GAMMA^b/(GAMMA+1), which is within 1 % of every time in it.
"""

import math

import numpy as np

from analytics.intervals import Numbers

RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)


def bins_of(seconds: Numbers) -> Numbers:
    """The bin of each time, in seconds. Raises ValueError for a time that is negative, infinite or missing."""
    if not np.isfinite(seconds).all() or (seconds < 0).any():
        raise ValueError("a time is negative, infinite or missing")
    return np.ceil(np.log(np.maximum(seconds * 1e6, 1)) / math.log(GAMMA))


def seconds_of(bins: Numbers) -> Numbers:
    """The time in seconds for which each bin stands."""
    return 2 * np.exp(bins * math.log(GAMMA)) / (GAMMA + 1) / 1e6


def last_bin_within(seconds: float) -> int:
    """The last bin that stands for at most so long. Raises ValueError for no time at all."""
    return math.floor(math.log(seconds * 1e6 * (GAMMA + 1) / 2) / math.log(GAMMA))
