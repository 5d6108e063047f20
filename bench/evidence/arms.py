"""Two arms that are equally good: how often the candidate is rolled back nevertheless."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from analytics.evidence import ArmsEvidence
from bench.evidence.arm_streams import SHARE, Strata, alone, counted, dispatched, requests_to_decide
from bench.evidence.experiment import Experiment, Figure, share_of

AT_MOST = 2.34
_RATE = 0.05
# A bad hour is 20 looks long and multiplies the rate of both arms.
_HOUR, _BAD_HOURS, _WORSE = 20, 0.03, 10
_EASY, _HARD = 0.02, 0.2

Stream = Callable[[np.random.Generator, int], Sequence[Strata]]


def _equal(random: np.random.Generator, requests: int, *, rate: float = _RATE, share: float = SHARE) -> list[Strata]:
    """The same rate on both arms, all the time."""
    return alone(counted(random, dispatched(random, requests, share), rate, rate))


def _bad_hours(random: np.random.Generator, requests: int) -> list[Strata]:
    """The same rate on both arms, ten times as high during 3 % of the hours."""
    numbers = dispatched(random, requests, SHARE)
    looks = len(numbers[0])
    hours = np.where(random.random(looks // _HOUR + 1) < _BAD_HOURS, _WORSE * _RATE, _RATE)
    rates = np.repeat(hours, _HOUR)[:looks]
    return alone(counted(random, numbers, rates, rates))


def moving_mix(random: np.random.Generator, requests: int) -> list[Strata]:
    """Easy and hard requests, 2 and 20 % bad on both arms: half of the baseline's are hard, and of the candidate's 20 %
    at first and 80 % at last.
    """
    candidate_n, baseline_n = dispatched(random, requests, SHARE)
    hard = (
        random.binomial(candidate_n, np.linspace(0.2, 0.8, len(candidate_n))),
        random.binomial(baseline_n, 0.5),
    )
    of_easy = counted(random, (candidate_n - hard[0], baseline_n - hard[1]), _EASY, _EASY)
    of_hard = counted(random, hard, _HARD, _HARD)
    return [{"easy": easy, "hard": look} for easy, look in zip(of_easy, of_hard, strict=True)]


def _rolled_back(random: np.random.Generator, quick: bool, *, requests: int, stream: Stream) -> bool:
    """Whether the candidate is rolled back within so many requests of both arms."""
    requests = requests // 20 if quick else requests
    looks = stream(random, requests)
    return requests_to_decide(ArmsEvidence(planned=requests), looks) < math.inf


def _never(name: str, requests: int, stream: Stream, what: str) -> Experiment:
    text = f"two arms: false rollbacks, {what}"
    return Experiment.sized(
        name,
        300,
        12,
        partial(_rolled_back, requests=requests, stream=stream),
        lambda results: _figures(results, text),
    )


def _figures(results: Sequence[bool], what: str) -> list[Figure]:
    return [share_of(what, results, AT_MOST)]


EXPERIMENTS = (
    _never("arms-healthy", 500_000, _equal, "500,000 requests at 5 %"),
    _never("arms-healthy-rare", 500_000, partial(_equal, rate=0.005), "500,000 requests at 0.5 %"),
    *(
        _never(f"arms-share-{share}", 200_000, partial(_equal, share=share / 100), f"real share {share} %")
        for share in (2, 5, 12, 50, 90)
    ),
    _never("arms-bad-hours", 200_000, _bad_hours, "shared bad hours"),
    _never("arms-mix", 200_000, moving_mix, "mix of two strata moves"),
)
