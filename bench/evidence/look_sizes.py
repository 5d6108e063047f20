"""The same requests in small looks and in large ones."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.rates import LIMIT

_REQUESTS = 30_000
_RATES = (LIMIT, 0.0075, 0.01, 0.02, 0.05)
_LOOKS = (1, 10, 100)
_SLACK = 0.05
# Streams of one rate that have a median worth comparing: a quick look may have fewer.
_FEWEST = 5


class Stream(NamedTuple):
    """The true rate, and for each size of look the requests until it failed."""

    rate: float
    failed_after: list[float]


def _one_stream(random: np.random.Generator) -> Stream:
    """30,000 requests in looks of 1, 10 and 100, at the limit or at one of four worse rates, each as likely."""
    rate = float(random.choice(_RATES))
    requests = random.random(_REQUESTS) < rate
    return Stream(rate, [_failed_after(requests.reshape(-1, look).sum(axis=1).tolist(), look) for look in _LOOKS])


def _failed_after(bads: Sequence[int], look: int) -> float:
    """Requests until FAIL in looks of this size; infinite where it never does."""
    evidence = RateEvidence(LIMIT, planned=_REQUESTS)
    for at, bad in enumerate(bads, 1):
        evidence.update(look, bad)
        if evidence.failed:
            return float(at * look)
    return math.inf


def _figures(results: Sequence[Stream]) -> list[Figure]:
    """Whether the verdicts are the same ones, and for larger looks the rate at which medians are furthest apart."""
    different = [len({math.isfinite(after) for after in one.failed_after}) > 1 for one in results]
    figures = [share_of("looks of 1, 10, 100: streams decided differently", different, 1.0)]
    for at, look in enumerate(_LOOKS[1:], 1):
        apart, error = max(_apart(results, rate, at) for rate in _RATES[1:])
        what = f"looks of {look} against 1: medians apart / (one look + 5 %)"
        figures.append(Figure(what, apart, error, 1.0, unit="x"))
    return figures


def _apart(results: Sequence[Stream], rate: float, at: int) -> tuple[float, float]:
    """How far apart the median delays with looks of 1 and with larger ones are, over what is allowed, and its error.

    The error is that of one median: too large, since both are of the same streams.
    """
    delays = [one.failed_after for one in results if one.rate == rate]
    if len(delays) < _FEWEST:
        return 0.0, 0.0
    one_by_one = median_of("looks of 1", [each[0] for each in delays], math.inf)
    larger = median_of("larger looks", [each[at] for each in delays], math.inf)
    if larger.value == one_by_one.value:
        return 0.0, 0.0
    allowed = _LOOKS[at] + _SLACK * one_by_one.value
    return abs(larger.value - one_by_one.value) / allowed, larger.error / allowed


EXPERIMENTS = (Experiment("rate-look-sizes", 500, 40, _one_stream, _figures),)
