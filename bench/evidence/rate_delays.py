"""How soon a rate above its limit is seen, from the first request on and after a healthy stretch."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence import oracles
from bench.evidence.experiment import Experiment, Figure, median_of, ratio_of_medians, share_of
from bench.evidence.rates import LIMIT, LOOK

PLANNED = 200_000
HEALTHY = 0.003
ONSETS = (0.01, 0.02, 0.05)
# Requests after the onset that are simulated: several times what half of the runs take.
AFTER = 60_000
# For each onset the boundary at which a CUSUM in looks of 10 has a false alarm in 1 % of 200,000 requests at the limit,
# found by simulation; `rate-late-onset-cusum` sees to it that it has.
_BOUNDARIES = (10.05, 11.37, 12.35)
# The rate, and the ratio to the oracle's median delay that is allowed.
_FROM_THE_FIRST = ((0.0075, 1.55), (0.01, 1.50), (0.02, 1.50), (0.05, 1.65))
_LONGEST = 200_000
# Looks of the healthy stretch that are one in a quick look.
_TOGETHER = 10


def requests_to_fail(evidence: RateEvidence, bads: Sequence[int]) -> float:
    """Requests in looks of 10 until the evidence fails; infinite where it never does."""
    for at, bad in enumerate(bads, 1):
        evidence.update(LOOK, bad)
        if evidence.failed:
            return float(at * LOOK)
    return math.inf


def _delays(random: np.random.Generator) -> list[tuple[float, float]]:
    """For each rate one stream that is bad from its first request on: requests until ours and the oracle fail it."""
    found = []
    for rate, _ in _FROM_THE_FIRST:
        bads = random.binomial(LOOK, rate, _LONGEST // LOOK)
        own = requests_to_fail(RateEvidence(LIMIT, planned=PLANNED), bads.tolist())
        found.append((own, oracles.wald(bads, LOOK, LIMIT, rate)))
    return found


def _delay_figures(results: Sequence[list[tuple[float, float]]]) -> list[Figure]:
    """One ratio for each rate."""
    figures = []
    for at, (rate, limit) in enumerate(_FROM_THE_FIRST):
        own, oracle = [one[at][0] for one in results], [one[at][1] for one in results]
        figures.append(ratio_of_medians(f"rate: delay at {100 * rate:g} % against Wald", own, oracle, limit))
    return figures


class Onset(NamedTuple):
    """Delays in requests after the onset, one for each rate: nothing where it failed before."""

    own: list[float] | None
    oracle: list[float | None]


def _late(random: np.random.Generator, quick: bool, *, healthy: int) -> Onset:
    """So many requests at 0.3 %, then three ways to go on: a stream for each rate that begins there.

    A run that failed before the onset has no delay. It is left out of the medians, since a delay of 0 would make a rule
    that fires at anything look quick, and counted in a figure of its own: a rollback below the limit is a false one.
    The oracle is a CUSUM that knows the rate and begins with the healthy stretch.
    """
    before = random.binomial(LOOK, HEALTHY, healthy // LOOK)
    after = [random.binomial(LOOK, rate, AFTER // LOOK) for rate in ONSETS]
    oracle: list[float | None] = []
    for rate, boundary, bads in zip(ONSETS, _BOUNDARIES, after, strict=True):
        delay = oracles.cusum(np.concatenate([before, bads]), LOOK, LIMIT, rate, boundary) - healthy
        oracle.append(delay if delay > 0 else None)
    evidence = RateEvidence(LIMIT, planned=PLANNED)
    # Most of the time goes here, and in larger looks the same requests say the same: enough for a quick look.
    together = _TOGETHER if quick else 1
    for bad in before.reshape(-1, together).sum(axis=1).tolist():
        evidence.update(together * LOOK, bad)
    if evidence.failed:
        return Onset(None, oracle)
    state = evidence.state()
    return Onset([requests_to_fail(RateEvidence.from_state(state), bads.tolist()) for bads in after], oracle)


def _late_figures(healthy: int, limits: Sequence[float], results: Sequence[Onset]) -> list[Figure]:
    """Runs that failed too soon, then for each rate the median of the others and that of the oracle."""
    figures = [share_of(f"rate: failed before an onset after {healthy:,}", [one.own is None for one in results], 2.46)]
    for at, (rate, limit) in enumerate(zip(ONSETS, limits, strict=True)):
        what = f"rate: delay at {100 * rate:g} % after {healthy:,} at 0.3 %"
        own = [one.own[at] for one in results if one.own is not None]
        oracle = [delay for one in results if (delay := one.oracle[at]) is not None]
        figures += [median_of(what, own, limit), median_of(f"{what}, CUSUM that knows it", oracle, math.inf)]
    return figures


def _false_alarms(random: np.random.Generator) -> list[bool]:
    """200,000 requests at the limit itself: whether the CUSUM of each onset has an alarm."""
    bads = random.binomial(LOOK, LIMIT, PLANNED // LOOK)
    return [
        math.isfinite(oracles.cusum(bads, LOOK, LIMIT, rate, boundary))
        for rate, boundary in zip(ONSETS, _BOUNDARIES, strict=True)
    ]


def _false_alarm_figures(results: Sequence[list[bool]]) -> list[Figure]:
    """About 1 % each: with more the oracle would be too quick, with fewer too slow, and ours would look good."""
    figures = []
    for rate, alarmed in zip(ONSETS, zip(*results, strict=True), strict=True):
        what = f"rate: false alarms of the CUSUM for {100 * rate:g} % in 200,000"
        figures += [share_of(what, alarmed, 1.5), share_of(what, alarmed, 0.5, sense="at least")]
    return figures


EXPERIMENTS = (
    Experiment("rate-delay", 500, 12, _delays, _delay_figures),
    Experiment.sized(
        "rate-late-onset-100k",
        250,
        15,
        partial(_late, healthy=100_000),
        partial(_late_figures, 100_000, (7_500, 1_400, 310)),
    ),
    Experiment.sized(
        "rate-late-onset-400k",
        250,
        10,
        partial(_late, healthy=400_000),
        partial(_late_figures, 400_000, (9_500, 1_550, 350)),
    ),
    # So many that the share is known to 0.16 %.
    Experiment("rate-late-onset-cusum", 4000, 100, _false_alarms, _false_alarm_figures),
)
