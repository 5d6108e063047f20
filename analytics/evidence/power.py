"""How many requests evidence takes to speak: what a canary is planned by."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from analytics.evidence.checking import share
from analytics.evidence.rate import RateEvidence
from analytics.evidence.rate_advance import RateAdvance

# A rate at which this many bad requests do not decide is next to the limit: nobody waits for the rest.
MOST_BAD = 20_000
_AT_ONCE = 256
# Of clipped incidents: looks of a block, and blocks after which those of an outage have decided.
_LOOKS, _BLOCKS = 12, 8


class Run(NamedTuple):
    """One simulated canary: after how many requests the verdict fell, or how many had passed when it was given up."""

    n: int
    decided: bool


def run_to_fail(rate: float, evidence: RateEvidence, random: np.random.Generator) -> Run:
    """Requests of which `rate` are bad, one after the other, until `evidence` fails.

    From one bad request to the next in one look, since E only ever rises at a bad one; a dozen to a block at the
    shortest where incidents are clipped. Raises ValueError for a rate that is not between 0 and 1.
    """
    seen, most_bad, longest = 0, MOST_BAD, None
    if evidence.block is not None:
        longest = max(evidence.block // _LOOKS, 1)
        # Of a block few count, so that many bad requests are but a short time.
        most_bad = max(MOST_BAD, math.ceil(_BLOCKS * evidence.block * rate))
    for gap in _gaps(share(rate, "rate"), random, most_bad):
        seen += gap
        left = gap
        while longest is not None and left > longest:
            evidence.update(longest, 0)
            left -= longest
        evidence.update(left, 1)
        if evidence.failed:
            return Run(seen, decided=True)
    return Run(seen, decided=False)


def run_to_pass(rate: float, advance: RateAdvance, random: np.random.Generator) -> Run:
    """The same until `advance` passes, which it does after a good request. Raises ValueError as `run_to_fail`."""
    seen = 0
    for gap in _gaps(share(rate, "rate"), random, MOST_BAD):
        if _passes(advance, gap - 1):
            return Run(seen + _first_that_passes(advance, gap - 1), decided=True)
        seen += gap
        advance.update(gap, 1)
    return Run(seen, decided=False)


def quantile(runs: Sequence[Run], share_of_runs: float) -> int | None:
    """Requests after which this share of the runs was decided; None where fewer ever were."""
    decided = sorted(run.n for run in runs if run.decided)
    rank = max(math.ceil(share_of_runs * len(runs)), 1)
    return decided[rank - 1] if rank <= len(decided) else None


def _passes(advance: RateAdvance, good: int) -> bool:
    return bool(good) and advance.path([(good, 0)])[0] >= advance.threshold


def _first_that_passes(advance: RateAdvance, good: int) -> int:
    """The fewest of `good` good requests that are enough: E rises with each of them."""
    too_few, enough = 0, good
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if _passes(advance, middle) else (middle, enough)
    return enough


def _gaps(rate: float, random: np.random.Generator, most: int) -> Iterator[int]:
    """From one bad request to the next, the bad one included."""
    for _ in range(0, most, _AT_ONCE):
        yield from random.geometric(rate, _AT_ONCE).tolist()
