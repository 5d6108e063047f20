"""A quantile of latency against a limit: the rate of requests that are slower, against 5 %."""

import math
from collections.abc import Sequence
from functools import partial
from statistics import NormalDist

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence import oracles
from bench.evidence.experiment import Experiment, Figure, ratio_of_medians, share_of
from bench.evidence.oracles import Counts
from bench.evidence.rate_delays import requests_to_fail
from bench.evidence.rates import LOOK

_SLOWER_THAN_P95 = 0.05
_SIGMA = 0.6
_P95 = math.exp(_SIGMA * NormalDist().inv_cdf(1 - _SLOWER_THAN_P95))
_REQUESTS = 200_000
# How much slower everything is, and the ratio to the oracle's median delay that is allowed.
_SLOWER = ((1.1, 1.6), (1.2, 1.6), (1.5, 1.6))
_LONGEST = 40_000


def _slow(random: np.random.Generator, times: float, requests: int) -> Counts:
    """In looks of 10, how many lognormal latencies that are so many times longer are above the healthy P95."""
    latencies = times * random.lognormal(0.0, _SIGMA, requests)
    found: Counts = (latencies > _P95).reshape(-1, LOOK).sum(axis=1)
    return found


def _healthy(requests: int, random: np.random.Generator) -> bool:
    """So many latencies whose P95 is the limit itself: whether they were rolled back."""
    evidence = RateEvidence(_SLOWER_THAN_P95, planned=requests)
    return math.isfinite(requests_to_fail(evidence, _slow(random, 1.0, requests).tolist()))


def _healthy_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs at the limit."""
    return [share_of("P95: false rollbacks, 200,000 requests at the limit", results, 2.16)]


def _delays(random: np.random.Generator) -> list[tuple[float, float]]:
    """For each slowdown one stream: requests until ours and an oracle on the same indicators fail it."""
    found = []
    for times, _ in _SLOWER:
        bads = _slow(random, times, _LONGEST)
        own = requests_to_fail(RateEvidence(_SLOWER_THAN_P95, planned=_REQUESTS), bads.tolist())
        rate = 1 - NormalDist(0.0, _SIGMA).cdf(math.log(_P95 / times))
        found.append((own, oracles.wald(bads, LOOK, _SLOWER_THAN_P95, rate)))
    return found


def _delay_figures(results: Sequence[list[tuple[float, float]]]) -> list[Figure]:
    """One ratio for each slowdown."""
    figures = []
    for at, (times, limit) in enumerate(_SLOWER):
        own, oracle = [one[at][0] for one in results], [one[at][1] for one in results]
        figures.append(ratio_of_medians(f"P95: delay at latency x {times} against Wald", own, oracle, limit))
    return figures


EXPERIMENTS = (
    Experiment("rate-p95-healthy", 400, 10, partial(_healthy, _REQUESTS), _healthy_figures, partial(_healthy, 30_000)),
    Experiment("rate-p95-delay", 400, 15, _delays, _delay_figures),
)
