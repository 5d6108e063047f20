"""Rules in common use, on healthy canaries at a limit of 0.5 %: each is held to the limit of ours, and must fail it."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateEvidence, alternatives
from analytics.evidence.counted_trials import CountedTrials
from bench.evidence import oracles
from bench.evidence.dispatches import Traffic, dispatched
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.late_results import COLD_START, FALLING
from bench.evidence.rate_delays import AFTER, HEALTHY
from bench.evidence.rates import LIMIT, LOOK
from bench.evidence.thresholds import last_above, z_test

_REQUESTS = 200_000
# Windows of a minute at 10 requests a second.
_WINDOW = 600
_BAD_WINDOWS = 5
_ONSET, _BAD_RATE = 100_000, 0.02
# Seconds, on the average, after which successes are known where they are counted at completion.
_SUCCEEDED_AFTER = 30.0


class Fired(NamedTuple):
    """Whether a healthy canary was ever rolled back, by each rule."""

    z_test: bool
    last_thousand: bool
    windows: bool
    windows_in_a_row: bool


def _thresholds(random: np.random.Generator) -> Fired:
    """200,000 requests at the limit itself, 10 a second."""
    bads = random.binomial(LOOK, LIMIT, _REQUESTS // LOOK)
    windows = np.cumsum(bads)[_WINDOW // LOOK - 1 :: _WINDOW // LOOK]
    bad_windows = np.diff(windows, prepend=0) > _WINDOW * LIMIT
    in_a_row = np.convolve(bad_windows, np.ones(_BAD_WINDOWS), mode="valid")
    return Fired(
        z_test=bool(z_test(bads, LOOK, LIMIT).any()),
        last_thousand=bool(last_above(bads, LOOK, LIMIT).any()),
        windows=int(bad_windows.sum()) >= _BAD_WINDOWS,
        windows_in_a_row=bool((in_a_row >= _BAD_WINDOWS).any()),
    )


def _threshold_figures(results: Sequence[Fired]) -> list[Figure]:
    """One share for each rule."""
    names = (
        "repeated z-test at 1 %",
        "last 1,000 requests above the limit",
        "five bad one-minute windows in all",
        "five bad one-minute windows in a row",
    )
    return [
        share_of(f"{name}: false rollbacks", fired, 1.73, must_fail=True)
        for name, fired in zip(names, zip(*results, strict=True), strict=True)
    ]


def _all_at_the_start(random: np.random.Generator) -> float:
    """Late onset for the mixture without injection: requests after the onset until it fails.

    Not above 0 where it failed before, and infinite where it never did.
    """
    trials = CountedTrials(LIMIT, *alternatives.above(LIMIT), None)
    before = random.binomial(LOOK, HEALTHY, _ONSET // LOOK)
    after = random.binomial(LOOK, _BAD_RATE, AFTER // LOOK)
    for at, bad in enumerate([*before.tolist(), *after.tolist()], 1):
        trials.look(LOOK, bad)
        if bad and trials.log_value >= oracles.LOG_100:
            return float(at * LOOK - _ONSET)
    return math.inf


def _start_figures(results: Sequence[float]) -> list[Figure]:
    """The median of the runs that did not fail before the onset."""
    late = [delay for delay in results if delay > 0]
    return [median_of("all capital at the start: delay at 2 % after 100,000 at 0.3 %", late, 1_400, must_fail=True)]


def _on_arrival(random: np.random.Generator) -> bool:
    """Failures after 60 s, booked in the second in which they arrive, while traffic falls from 50/s to 5/s.

    Where more arrive than requests were dispatched in that second, the rest is booked in the next.
    """
    traffic = dispatched(random, FALLING, LIMIT)
    evidence, waiting = RateEvidence(LIMIT, planned=sum(FALLING)), 0
    for n, arrived in zip(traffic.n, traffic.arrivals(60.0), strict=False):
        waiting += len(arrived)
        bad = min(waiting, n)
        waiting -= bad
        evidence.update(n, bad)
    return evidence.failed


def _at_completion(random: np.random.Generator) -> bool:
    """A cold start at 50/s, counted at completion: failures after 0.2 s, successes after 30 s on the average."""
    traffic = dispatched(random, COLD_START, LIMIT)
    failed = [len(arrived) for arrived in traffic.arrivals(0.2)]
    evidence = RateEvidence(LIMIT, planned=sum(COLD_START))
    for good, bad in zip(_successes(random, traffic), failed, strict=False):
        evidence.update(good + bad, bad)
    return evidence.failed


def _successes(random: np.random.Generator, traffic: Traffic) -> list[int]:
    """How many requests turn out well in each second."""
    failed = np.bincount(traffic.failed.astype(int), minlength=traffic.seconds)
    began = np.repeat(np.arange(traffic.seconds), np.array(traffic.n) - failed)
    ended = began + random.random(len(began)) + random.exponential(_SUCCEEDED_AFTER, len(began))
    counted: list[int] = np.bincount(ended.astype(int))[: traffic.seconds].tolist()
    return counted


def _one_figure(what: str, limit: float, results: Sequence[bool]) -> list[Figure]:
    """A share that must be above the limit."""
    return [share_of(what, results, limit, must_fail=True)]


EXPERIMENTS = (
    Experiment("rate-thresholds", 1000, 50, _thresholds, _threshold_figures),
    Experiment("rate-all-at-the-start", 250, 7, _all_at_the_start, _start_figures),
    Experiment(
        "rate-on-arrival",
        200,
        10,
        _on_arrival,
        partial(_one_figure, "booked on arrival: failures after 60 s, traffic falls", 2.6),
    ),
    Experiment(
        "rate-at-completion",
        200,
        20,
        _at_completion,
        partial(_one_figure, "counted at completion: cold start", 2.6),
    ),
)
