"""Requests of a canary at its limit whose failures come back later, second by second."""

import math
from typing import Any, NamedTuple

import numpy as np

from bench.evidence.oracles import Counts

Times = np.ndarray[Any, np.dtype[np.float64]]


class Traffic(NamedTuple):
    """`n` requests were dispatched in each second; `failed` are the times at which the bad ones were."""

    n: list[int]
    failed: Times

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return len(self.n)

    def arrivals(self, delay: float) -> list[list[int]]:
        """For each second and a little longer, the seconds of dispatch of the failures that became known in it.

        A failure that became known at 7.3 is there for whoever looks at the end of second 7.
        """
        found: list[list[int]] = [[] for _ in range(self.seconds + math.ceil(delay) + 1)]
        for at in self.failed.tolist():
            found[int(at + delay)].append(int(at))
        return found


def dispatched(random: np.random.Generator, a_second: list[float], rate: float) -> Traffic:
    """Independent requests, so many on the average in each second, of which `rate` will fail."""
    n: Counts = random.poisson(a_second)
    bad = random.binomial(n, rate)
    return Traffic(n.tolist(), np.repeat(np.arange(len(n)), bad) + random.random(int(bad.sum())))
