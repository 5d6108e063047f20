"""The same requests in small looks and in large ones."""

import math
from collections.abc import Sequence

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.rates import LIMIT

_REQUESTS = 30_000
# At the limit nothing ends early, and a quick look has no time for it all.
_QUICK_AT_LIMIT = 5_000
_BAD_RATES = (0.0075, 0.01, 0.02, 0.05)
_RATES = (LIMIT, *_BAD_RATES)
# Rates at which a stream may end undecided, and those at which none does.
_NEAR, _FAR = _RATES[:2], _RATES[2:]
_LOOKS = (1, 10, 100)
_SLACK = 0.05

# Of one stream for each size of look: the requests until it failed, infinite where it never did.
Delays = list[float]


def _streams(random: np.random.Generator, quick: bool) -> list[Delays]:
    """For each rate one stream of 30,000 requests in looks of 1, 10 and 100."""
    found = []
    for rate in _RATES:
        requests = _QUICK_AT_LIMIT if quick and rate == LIMIT else _REQUESTS
        stream = random.random(requests) < rate
        found.append([_failed_after(stream.reshape(-1, look).sum(axis=1).tolist(), look) for look in _LOOKS])
    return found


def _failed_after(bads: Sequence[int], look: int) -> float:
    """Requests until FAIL in looks of this size; infinite where it never does."""
    evidence = RateEvidence(LIMIT, planned=_REQUESTS)
    for at, bad in enumerate(bads, 1):
        evidence.update(look, bad)
        if evidence.failed:
            return float(at * look)
    return math.inf


def _figures(results: Sequence[list[Delays]]) -> list[Figure]:
    """Whether the verdicts are the same ones, and for larger looks the rate at which medians are furthest apart."""
    by_rate = dict(zip(_RATES, zip(*results, strict=True), strict=True))
    different = {rate: [_is_different(delays) for delays in streams] for rate, streams in by_rate.items()}
    what = "looks of 1, 10, 100: decided differently at"
    figures = [share_of(f"{what} {100 * rate:g} %", different[rate], 1.0) for rate in _NEAR]
    figures.append(share_of(f"{what} 1, 2, 5 %", [one for rate in _FAR for one in different[rate]], 1.0))
    for at, look in enumerate(_LOOKS[1:], 1):
        apart, error = max(_apart(by_rate[rate], at) for rate in _BAD_RATES)
        text = f"looks of {look} against 1: medians apart / (one look + 5 %)"
        figures.append(Figure(text, apart, error, 1.0, unit="x"))
    return figures


def _is_different(delays: Delays) -> bool:
    return len({math.isfinite(after) for after in delays}) > 1


def _apart(streams: Sequence[Delays], at: int) -> tuple[float, float]:
    """How far apart the median delays with looks of 1 and with larger ones are, over what is allowed, and its error.

    Infinite where half of the streams never failed: nothing can be said then. The error is that of one median: too
    large, since both are of the same streams.
    """
    one_by_one = median_of("looks of 1", [each[0] for each in streams], math.inf)
    larger = median_of("larger looks", [each[at] for each in streams], math.inf)
    if math.isinf(max(larger.value, one_by_one.value)):
        return math.inf, math.inf
    allowed = _LOOKS[at] + _SLACK * one_by_one.value
    return abs(larger.value - one_by_one.value) / allowed, larger.error / allowed


EXPERIMENTS = (Experiment.sized("rate-look-sizes", 500, 12, _streams, _figures),)
