"""What is watched once promoted, as it is and as it becomes, and CUSUMs that know the change."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.evidence import MeanDetector, RateDetector

Values = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Values]
Detector = MeanDetector | RateDetector

REFERENCE = 20_000
SCHEMA = 0.005
# Characters per token of prose and of code: share, mean, deviation.
_PROSE, _CODE = (0.85, 4.2, 0.5), (0.15, 2.9, 0.4)
_SLOWNESS = 0.6


class Cusum(NamedTuple):
    """Sums of scores, the log-likelihood ratios of the change, that begin anew at 0; alarm at the threshold.

    Thresholds were found by simulation, so that 50,000 values pass on the average before a false alarm; the
    experiments named `drift-cusum` see to it that they do.
    """

    score: Callable[[Values], Values]
    threshold: float

    def first(self, values: Values) -> float:
        """The number of values up to the alarm; infinite without one."""
        sums = np.concatenate([[0.0], np.cumsum(self.score(values))])
        reached = (sums - np.minimum.accumulate(sums))[1:] >= self.threshold
        return float(np.argmax(reached)) + 1 if reached.any() else math.inf


def chars_per_token(random: np.random.Generator, n: int) -> Values:
    """85 % prose, 15 % code."""
    code = random.random(n) < _CODE[0]
    return random.normal(np.where(code, _CODE[1], _PROSE[1]), np.where(code, _CODE[2], _PROSE[2]))


def log_latency(random: np.random.Generator, n: int) -> Values:
    """Logarithms of log-normal latencies."""
    return random.normal(0.0, _SLOWNESS, n)


def schema_failures(random: np.random.Generator, n: int, rate: float = SCHEMA) -> Values:
    """1 where a response does not satisfy its schema, 0 where it does."""
    return (random.random(n) < rate).astype(float)


def rate_cusum(before: float, after: float, threshold: float) -> Cusum:
    """One that knows both rates."""
    bad, good = math.log(after / before), math.log((1 - after) / (1 - before))
    return Cusum(lambda values: np.where(values > 0, bad, good), threshold)


def chars_cusum(shift: float, threshold: float) -> Cusum:
    """One that knows by what share characters per token change, and both distributions."""
    factor = 1 + shift
    return Cusum(lambda values: np.log(_density(values / factor) / factor / _density(values)), threshold)


def latency_cusum(factor: float, threshold: float) -> Cusum:
    """One that knows the factor by which latencies grow, and their distribution."""
    steps = math.log(factor) / _SLOWNESS
    return Cusum(lambda values: steps * (values / _SLOWNESS - steps / 2), threshold)


def values_to_alarm(detector: Detector, values: Values, look: int = 1) -> float:
    """The number of values up to the look with the alarm; infinite without one."""
    for at in range(0, len(values), look):
        seen = values[at : at + look].tolist()
        if isinstance(detector, MeanDetector):
            detector.update(seen)
        else:
            detector.update(len(seen), int(sum(seen)))
        if detector.alarmed:
            return at + len(seen)
    return math.inf


def _density(values: Values) -> Values:
    """Of characters per token, apart from a constant."""
    total = np.zeros_like(values)
    for share, mean, deviation in (_PROSE, _CODE):
        total += share / deviation * np.exp(-(((values - mean) / deviation) ** 2) / 2)
    return total
