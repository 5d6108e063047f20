"""Advances of a stage on a rate: how often wrongly, and how soon rightly."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import RateAdvance
from bench.evidence import oracles
from bench.evidence.experiment import Experiment, Figure, median_of, share_of
from bench.evidence.rates import LIMIT, LOOK

_REQUESTS = 50_000
# The true rate, and the median of requests to PASS that is allowed.
_BETTER = ((0.001, 1_650), (0.003, 6_900), (0.004, 30_000))
_PIECE = 5_000
_LONGEST = 10_000_000
# Seconds: after how many, on the average, successes are known, and how old a cohort is when it is decided.
_SUCCEEDED_AFTER, _HORIZON = 2.0, 30.0


def _at_the_limit(random: np.random.Generator) -> bool:
    """50,000 requests at the limit itself, in looks of 10: whether the stage advanced."""
    evidence = RateAdvance(LIMIT)
    for bad in random.binomial(LOOK, LIMIT, _REQUESTS // LOOK).tolist():
        evidence.update(LOOK, bad)
    return evidence.passed


def _wrong_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs at the limit."""
    return [share_of("advance: wrong at the limit, 50,000 requests", results, 7.0)]


def _to_pass(random: np.random.Generator) -> list[float]:
    """Requests until PASS at each rate below the limit; a run ends when it has passed."""
    return [_requests_to_pass(random, rate) for rate, _ in _BETTER]


def _requests_to_pass(random: np.random.Generator, rate: float) -> float:
    """Requests in looks of 10 until PASS; infinite where ten million are not enough."""
    evidence, requests = RateAdvance(LIMIT), 0
    while requests < _LONGEST:
        for bad in random.binomial(LOOK, rate, _PIECE // LOOK).tolist():
            evidence.update(LOOK, bad)
            requests += LOOK
            if evidence.passed:
                return float(requests)
    return math.inf


def _to_pass_figures(results: Sequence[list[float]]) -> list[Figure]:
    """One median for each rate, and that every run ended."""
    figures = [
        median_of(f"advance: requests to PASS at {100 * rate:g} %", delays, limit)
        for (rate, limit), delays in zip(_BETTER, zip(*results, strict=True), strict=True)
    ]
    unended = [math.inf in delays for delays in results]
    return [*figures, share_of("advance: runs that never passed", unended, 0.0)]


class Advanced(NamedTuple):
    """Whether the stage advanced: with unknown outcomes as bad, and on known ones alone."""

    unknown_is_bad: bool
    known_alone: bool


class Late(NamedTuple):
    """When failures are known: after so many seconds, each of them or on the average."""

    seconds: float
    is_mean: bool = False

    @property
    def what(self) -> str:
        """In words."""
        return f"failures after {'a mean of ' if self.is_mean else ''}{self.seconds:g} s"

    def delays(self, random: np.random.Generator, shape: tuple[int, int]) -> oracles.Numbers:
        """So many of them."""
        return random.exponential(self.seconds, shape) if self.is_mean else np.full(shape, self.seconds)


# Known before a cohort is decided, just then, some before and some after, and all of them after.
_LATE = (Late(20.0), Late(30.0), Late(30.0, is_mean=True), Late(60.0))


def _late_failures(random: np.random.Generator, quick: bool, *, late: Late) -> Advanced:
    """5,000 cohorts of a second, 10 requests each, at the limit itself, decided once when they are 30 s old.

    Successes take 2 s on the average.
    """
    cohorts = _REQUESTS // LOOK // (5 if quick else 1)
    bad = random.random((cohorts, LOOK)) < LIMIT
    began = random.random((cohorts, LOOK))
    known_at = began + np.where(bad, late.delays(random, bad.shape), random.exponential(_SUCCEEDED_AFTER, bad.shape))
    known = known_at <= 1 + _HORIZON
    careful, careless = RateAdvance(LIMIT), RateAdvance(LIMIT)
    not_good = (bad | ~known).sum(axis=1).tolist()
    seen, seen_bad = known.sum(axis=1).tolist(), (bad & known).sum(axis=1).tolist()
    for bad_or_unknown, n, known_bad in zip(not_good, seen, seen_bad, strict=True):
        careful.update(LOOK, bad_or_unknown)
        careless.update(n, known_bad)
    return Advanced(careful.passed, careless.passed)


def _late_figures(late: Late, results: Sequence[Advanced]) -> list[Figure]:
    """What is not known taken as bad; and left out, which must be wrong where all failures are among it."""
    what = f"advance: wrong, {late.what}"
    figures = [share_of(f"{what}, unknown ones are bad", [one.unknown_is_bad for one in results], 7.0)]
    known = [one.known_alone for one in results]
    if late == _LATE[-1]:
        return [*figures, share_of(f"{what}, of known ones", known, 7.0, must_fail=True)]
    return [*figures, share_of(f"{what}, of known ones", known, math.inf)]


EXPERIMENTS = (
    Experiment("rate-advance-wrong", 500, 12, _at_the_limit, _wrong_figures),
    Experiment("rate-advance-delay", 500, 10, _to_pass, _to_pass_figures),
    *(
        Experiment.sized(
            f"rate-advance-late-{late.seconds:g}{'-mean' if late.is_mean else ''}",
            500,
            10,
            partial(_late_failures, late=late),
            partial(_late_figures, late),
        )
        for late in _LATE
    ),
)
