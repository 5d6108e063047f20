"""How much later two arms are told apart than by the test that knows both rates, and how soon one may advance."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import ArmCounts, ArmsAdvance, ArmsEvidence
from bench.evidence.arm_streams import SHARE, alone, counted, dispatched, requests_to_decide
from bench.evidence.experiment import Experiment, Figure, median_of, ratio_of_medians, share_of
from bench.evidence.oracles import LOG_100

_REQUESTS = 500_000
_MARGIN = 0.5
# Rates of the baseline and the candidate in percent, and the limit of the ratio.
_WORSE = ((5, 6, 1.75), (5, 7.5, 1.55), (5, 10, 1.60), (10, 13, 1.70), (0.5, 2, 1.80))


def oracle(looks: Sequence[ArmCounts], baseline: float, candidate: float) -> float:
    """Requests until the one bet on the rates as they are has won 100 times its stake; infinite where it never has."""
    counts = np.array(looks, dtype=float)
    candidate_n, candidate_bad, baseline_n, baseline_bad = counts.T
    share = candidate_n / (candidate_n + baseline_n)
    # At equal rates the nearest point of the null is the mean of both.
    pooled = share * candidate + (1 - share) * baseline
    steps = (
        candidate_bad * np.log(candidate / pooled)
        + (candidate_n - candidate_bad) * np.log((1 - candidate) / (1 - pooled))
        + baseline_bad * np.log(baseline / pooled)
        + (baseline_n - baseline_bad) * np.log((1 - baseline) / (1 - pooled))
    )
    won = np.cumsum(steps) >= LOG_100
    return float(np.cumsum(candidate_n + baseline_n)[np.argmax(won)]) if won.any() else math.inf


def _delays(random: np.random.Generator, quick: bool, *, baseline: float, candidate: float) -> tuple[float, float]:
    """Requests of both arms to FAIL, bad from the first: ours, and the oracle's on the same looks."""
    del quick  # It ends early by itself.
    looks = counted(random, dispatched(random, _REQUESTS, SHARE), candidate, baseline)
    own = requests_to_decide(ArmsEvidence(planned=_REQUESTS), alone(looks))
    return own, oracle(looks, baseline, candidate)


def _delay(baseline: float, candidate: float, limit: float) -> Experiment:
    what = f"two arms: delay ratio, {baseline:g} -> {candidate:g} %"

    def figures(results: Sequence[tuple[float, float]]) -> list[Figure]:
        own, best = zip(*results, strict=True)
        return [ratio_of_medians(what, own, best, limit)]

    run = partial(_delays, baseline=baseline / 100, candidate=candidate / 100)
    return Experiment.sized(f"arms-delay-{baseline:g}-{candidate:g}", 300, 8, run, figures)


def _passed(random: np.random.Generator, quick: bool, *, requests: int, baseline: float, candidate: float) -> float:
    """Requests of both arms until a candidate may advance with a margin of 50 %."""
    requests = requests // 10 if quick and candidate > baseline else requests
    looks = counted(random, dispatched(random, requests, SHARE), candidate, baseline)
    return requests_to_decide(ArmsAdvance(margin=_MARGIN), alone(looks))


def _wrong_figures(results: Sequence[float]) -> list[Figure]:
    passed = [found < math.inf for found in results]
    return [share_of("two arms to advance: wrong, at 1.5 times the baseline's 5 %", passed, 7)]


def _often_figures(results: Sequence[float]) -> list[Figure]:
    return [median_of("two arms to advance: equal at 5 %, margin 50 %", results, 1.15 * 7150)]


def _rare_figures(results: Sequence[float]) -> list[Figure]:
    return [median_of("two arms to advance: equal at 0.5 %, margin 50 %", results, 1.15 * 74_600)]


EXPERIMENTS = (
    *(_delay(*worse) for worse in _WORSE),
    Experiment.sized(
        "arms-advance-wrong",
        500,
        12,
        partial(_passed, requests=200_000, baseline=0.05, candidate=(1 + _MARGIN) * 0.05),
        _wrong_figures,
    ),
    Experiment.sized(
        "arms-advance-often", 300, 8, partial(_passed, requests=100_000, baseline=0.05, candidate=0.05), _often_figures
    ),
    Experiment.sized(
        "arms-advance-rare",
        300,
        5,
        partial(_passed, requests=1_000_000, baseline=0.005, candidate=0.005),
        _rare_figures,
    ),
)
