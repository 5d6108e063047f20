"""Looks by dispatch, for results that come late: previewed each second while open, closed into the state later.

The number of requests in a look comes from dispatches, and only failures are booked, each into the look in which its
request began. So how long successes take plays no part, and nothing draws it here; where the rules that must fail
count at completion, `common_rules` does.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.dispatches import Traffic, dispatched
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.rates import LIMIT

# Seconds after its end from which on a look is closed: the longest latency that matters, and a heartbeat.
SETTLE = 61
_MINUTE = 60
COLD_START = [50.0] * 20 * _MINUTE
WEIGHT_STEP = [5.0] * 10 * _MINUTE + [50.0] * 10 * _MINUTE
FALLING = [50.0] * 10 * _MINUTE + [5.0] * 10 * _MINUTE
PAUSE = [50.0] * 8 * _MINUTE + [0.0] * 4 * _MINUTE + [5.0] * 8 * _MINUTE


class Case(NamedTuple):
    """Requests a second over 20 minutes, and how long failures take."""

    name: str
    what: str
    a_second: list[float]
    failures_after: float


_CASES = (
    Case("cold-start", "cold start at 50/s, failures after 0.2 s", COLD_START, 0.2),
    Case("weight-step", "weight step 5 to 50/s, failures after 0.2 s", WEIGHT_STEP, 0.2),
    Case("weight-step-60s", "weight step 5 to 50/s, failures after 60 s", WEIGHT_STEP, 60.0),
    Case("falling", "traffic falls 50 to 5/s, failures after 60 s", FALLING, 60.0),
    Case("pause", "pause of 4 min between 50 and 5/s, failures after 60 s", PAUSE, 60.0),
)
# When failures are known, and the median of seconds until FAIL that is allowed.
_SPEED = ((20.0, 22.0), (0.2, 2.0))


def seconds_to_fail(traffic: Traffic, planned: float, delay: float) -> float:
    """When looks of a second, previewed while they are open, fail the canary; infinite where they never do."""
    evidence = RateEvidence(LIMIT, planned=planned)
    bad, closed = [0] * traffic.seconds, 0
    arrivals = traffic.arrivals(delay)
    for now in range(1, traffic.seconds + SETTLE + 2):
        for second in arrivals[now - 1] if now <= len(arrivals) else ():
            bad[second] += 1
        ended = min(now, traffic.seconds)
        if evidence.decide([(traffic.n[at], bad[at]) for at in range(closed, ended)]):
            return float(now)
        while closed < ended and now - (closed + 1) > SETTLE:
            evidence.update(traffic.n[closed], bad[closed])
            closed += 1
    return float("inf")


def _healthy(case: Case, shorter: int, random: np.random.Generator) -> bool:
    """20 minutes at the limit itself, and until the last look is closed: whether it was rolled back."""
    a_second = case.a_second[::shorter]
    traffic = dispatched(random, a_second, LIMIT)
    return seconds_to_fail(traffic, sum(a_second), case.failures_after) < float("inf")


def _healthy_figures(case: Case, results: Sequence[bool]) -> list[Figure]:
    """Of the runs of one case."""
    return [share_of(f"dispatch looks: {case.what}", results, 2.6)]


def _speed(random: np.random.Generator) -> list[float]:
    """20 % bad at 20/s from the start: seconds until FAIL, when failures take 20 s and when they take 0.2 s."""
    a_second = [20.0] * _MINUTE
    return [seconds_to_fail(dispatched(random, a_second, 0.2), sum(COLD_START), delay) for delay, _ in _SPEED]


def _speed_figures(results: Sequence[list[float]]) -> list[Figure]:
    """One median for each delay of failures."""
    return [
        median_of(f"dispatch looks: 20 % bad at 20/s, failures after {delay:g} s: seconds", found, limit, unit="")
        for (delay, limit), found in zip(_SPEED, zip(*results, strict=True), strict=True)
    ]


EXPERIMENTS = (
    *(
        Experiment(
            f"rate-dispatch-{case.name}",
            200,
            10,
            partial(_healthy, case, 1),
            partial(_healthy_figures, case),
            # Two minutes: twice as long as failures take.
            partial(_healthy, case, 10),
        )
        for case in _CASES
    ),
    Experiment("rate-dispatch-speed", 200, 20, _speed, _speed_figures),
)
