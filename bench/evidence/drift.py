"""How long detectors run until a false alarm, and what becomes of that with a reference that is taken as it is."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from analytics.evidence import RateDetector, wilson_limit
from bench.evidence.drift_delays import RUN_LENGTH, mean_detector
from bench.evidence.drift_streams import (
    REFERENCE,
    SCHEMA,
    Detector,
    Draw,
    chars_per_token,
    log_latency,
    schema_failures,
    values_to_alarm,
)
from bench.evidence.experiment import Experiment, Figure, share_of

# Short enough for a quick look; a figure is the share of what was promised.
_QUICK_LENGTH = 500
# Longer runs end here, which can only lower the mean.
_LONGEST = 10
_BLOCK, _LOOK_OF_RUN = 2000, 10
# False alarms within 50,000 requests: at most 1 % of references where the run length is 5 million.
_WITHIN, _LONG, _LOOK = 50_000, 5_000_000, 100
_FEW = 2000
_ONE_PERCENT = 2.34

Make = Callable[[np.random.Generator, float], Detector]


def _length(random: np.random.Generator, quick: bool, *, make: Make, draw: Draw) -> float:
    """Values to a false alarm, as a share of the run length that was asked for."""
    asked = _QUICK_LENGTH if quick else RUN_LENGTH
    detector, seen = make(random, asked), 0
    while seen < _LONGEST * asked:
        passed = values_to_alarm(detector, draw(random, _BLOCK), _LOOK_OF_RUN)
        if passed < math.inf:
            return (seen + passed) / asked
        seen += _BLOCK
    return float(_LONGEST)


def _wilson(random: np.random.Generator, n: int) -> float:
    return wilson_limit(n, int(random.binomial(n, SCHEMA)))


def _as_it_is(random: np.random.Generator, n: int) -> float:
    return max(int(random.binomial(n, SCHEMA)), 1) / n


def _alarmed(
    random: np.random.Generator,
    quick: bool,
    *,
    limit: Callable[[np.random.Generator, int], float],
    of_reference: int,
    run_length: int,
) -> bool:
    """Whether there is a false alarm within 50,000 requests at the rate of the reference itself."""
    detector = RateDetector(limit(random, of_reference), run_length=run_length)
    look = 5 * _LOOK if quick else _LOOK
    for bad in random.binomial(look, SCHEMA, _WITHIN // look).tolist():
        detector.update(look, bad)
    return detector.alarmed


def _runs(name: str, what: str, make: Make, draw: Draw) -> Experiment:
    def figures(results: Sequence[float]) -> list[Figure]:
        error = float(np.std(results, ddof=1)) / math.sqrt(len(results))
        return [Figure(f"drift: mean run length / 50,000, {what}", float(np.mean(results)), error, 0.8, "at least")]

    return Experiment.sized(f"drift-run-{name}", 40, 6, partial(_length, make=make, draw=draw), figures)


def _within(
    name: str,
    what: str,
    limit: Callable[[np.random.Generator, int], float],
    *,
    of_reference: int,
    run_length: int = _LONG,
    at_most: float = _ONE_PERCENT,
    must_fail: bool = False,
) -> Experiment:
    what = f"drift: false within 50,000 at A = {run_length:,}, {what}"

    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(what, results, at_most, must_fail=must_fail)]

    run = partial(_alarmed, limit=limit, of_reference=of_reference, run_length=run_length)
    return Experiment.sized(f"drift-{name}", 300, 60, run, figures)


EXPERIMENTS = (
    _runs(
        "chars",
        "chars/token",
        lambda random, asked: mean_detector(random, chars_per_token, asked),
        chars_per_token,
    ),
    _runs("latency", "log latency", lambda random, asked: mean_detector(random, log_latency, asked), log_latency),
    _runs("rate", "0.5 % known", lambda _, asked: RateDetector(SCHEMA, run_length=asked), schema_failures),
    _runs(
        "wilson",
        "0.5 %, upper end of 20,000",
        lambda random, asked: RateDetector(_wilson(random, REFERENCE), run_length=asked),
        schema_failures,
    ),
    _within("wilson", "upper end of 2,000", _wilson, of_reference=_FEW),
    _within("as-it-is", "k/n of 2,000", _as_it_is, of_reference=_FEW, must_fail=True),
    _within("wilson-20000", "upper end of 20,000", _wilson, of_reference=REFERENCE),
    _within(
        "short-known", "rate known", lambda *_: SCHEMA, of_reference=REFERENCE, run_length=RUN_LENGTH, at_most=math.inf
    ),
    _within(
        "short-as-it-is", "k/n of 20,000", _as_it_is, of_reference=REFERENCE, run_length=RUN_LENGTH, at_most=math.inf
    ),
    _within(
        "short-wilson", "upper end of 20,000", _wilson, of_reference=REFERENCE, run_length=RUN_LENGTH, at_most=math.inf
    ),
)
