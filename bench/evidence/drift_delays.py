"""How soon a change is noticed, beside a CUSUM that knows it and is wrong as often."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from analytics.evidence import MeanDetector, RateDetector
from bench.evidence.drift_streams import (
    REFERENCE,
    SCHEMA,
    Cusum,
    Detector,
    Draw,
    chars_cusum,
    chars_per_token,
    latency_cusum,
    log_latency,
    rate_cusum,
    schema_failures,
    values_to_alarm,
)
from bench.evidence.experiment import Experiment, Figure, ratio_of_medians, share_of

RUN_LENGTH = 50_000
_CHANGE, _AFTER = 2000, 20_000
# Streams side by side, and how long they are, for the run length of a CUSUM.
_STREAMS, _LENGTH = 500, 20_000
_RUNS, _QUICK = 100, 10


def mean_detector(random: np.random.Generator, draw: Draw, run_length: float = RUN_LENGTH) -> MeanDetector:
    """One with a reference of its own."""
    return MeanDetector(draw(random, REFERENCE), run_length=run_length)


class Watched(NamedTuple):
    """A change, who is to notice it, and a CUSUM that knows it."""

    name: str
    what: str
    limit: float
    detector: Callable[[np.random.Generator], Detector]
    before: Draw
    after: Draw
    cusum: Cusum


def _delays(random: np.random.Generator, quick: bool, *, watched: Watched) -> tuple[float, float]:
    """Values to the alarm after a change at 2,000: ours, and the CUSUM's; negative where it came before."""
    del quick  # It ends early by itself.
    detector = watched.detector(random)
    values = np.concatenate([watched.before(random, _CHANGE), watched.after(random, _AFTER)])
    return values_to_alarm(detector, values) - _CHANGE, watched.cusum.first(values) - _CHANGE


def _delay(watched: Watched) -> Experiment:
    def figures(results: Sequence[tuple[float, float]]) -> list[Figure]:
        early = [own <= 0 for own, _ in results]
        own, best = zip(*(both for both in results if min(both) > 0), strict=True)
        return [
            ratio_of_medians(f"drift: delay ratio, {watched.what}", own, best, watched.limit),
            # 2,000 values are 4 % of the run length; the rest is what 100 runs may add.
            share_of(f"drift: alarms in 2,000 values before, {watched.what}", early, 8.6),
        ]

    return Experiment.sized(f"drift-delay-{watched.name}", _RUNS, _QUICK, partial(_delays, watched=watched), figures)


def _false_alarms(random: np.random.Generator, quick: bool, *, draw: Draw, cusum: Cusum) -> tuple[int, int]:
    """Values, and false alarms of a CUSUM that begins anew after each, in many streams side by side."""
    length = _LENGTH // 10 if quick else _LENGTH
    sums, alarms = np.zeros(_STREAMS), 0
    for _ in range(length):
        sums = np.maximum(sums + cusum.score(draw(random, _STREAMS)), 0.0)
        reached = sums >= cusum.threshold
        alarms += int(np.count_nonzero(reached))
        sums[reached] = 0.0
    return _STREAMS * length, alarms


def _run_length(watched: Watched) -> Experiment:
    def figures(results: Sequence[tuple[int, int]]) -> list[Figure]:
        values, alarms = (sum(column) for column in zip(*results, strict=True))
        mean = values / max(alarms, 1)
        error = mean / math.sqrt(max(alarms, 1))
        what = f"drift: mean run length of the CUSUM, {watched.what}"
        return [
            Figure(what, mean, error, 0.9 * RUN_LENGTH, "at least", "requests"),
            Figure(what, mean, error, 1.1 * RUN_LENGTH, "at most", "requests"),
        ]

    run = partial(_false_alarms, draw=watched.before, cusum=watched.cusum)
    return Experiment.sized(f"drift-cusum-{watched.name}", 10, 2, run, figures)


def _chars(shift: float, limit: float, threshold: float) -> Watched:
    return Watched(
        f"chars{shift:g}",
        f"chars/token {100 * shift:g} %",
        limit,
        partial(mean_detector, draw=chars_per_token),
        chars_per_token,
        lambda random, n: (1 + shift) * chars_per_token(random, n),
        chars_cusum(shift, threshold),
    )


_WATCHED = (
    _chars(-0.1, 2.3, 8.845),
    _chars(-0.35, 2.0, 9.63),
    Watched(
        "schema",
        "schema 0.5 -> 2 %",
        1.6,
        lambda _: RateDetector(SCHEMA, run_length=RUN_LENGTH),
        schema_failures,
        partial(schema_failures, rate=0.02),
        rate_cusum(SCHEMA, 0.02, 5.54),
    ),
    Watched(
        "latency",
        "latency +20 %",
        1.9,
        partial(mean_detector, draw=log_latency),
        log_latency,
        lambda random, n: math.log(1.2) + log_latency(random, n),
        latency_cusum(1.2, 7.355),
    ),
)

EXPERIMENTS = (
    *(_delay(watched) for watched in _WATCHED),
    *(_run_length(watched) for watched in _WATCHED),
)
