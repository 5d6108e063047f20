"""Notices when the mean of a value has moved, up or down, from what it was in a reference."""

import math
from typing import Any, Self

from analytics.evidence.checking import numbers
from analytics.evidence.detector import Detector, log_run_length
from analytics.evidence.detector_book import DetectorBook
from analytics.evidence.estimate import DEVIATIONS, Estimate
from analytics.evidence.mean_reference import SHIFTS, MeanReference, mean_reference, reference_of
from analytics.evidence.process import State, finite


class MeanDetector(Detector):
    """Alarm once the mean of `R_j = (R_j + n) exp(theta_j sum z - n psi_j)` reaches `run_length`.

    `reference`: at least 20,000 values from before; skewed positive ones as logarithms. `z = clip((x - m)/sd, +-4)`,
    theta = +-(0.1, 0.2, 0.4, 0.8, 1.5, 2.5); psi_j is what makes each bet fair over the reference, and dearer by
    `tolerance`: a drift of the mean by so much (in units of x, for logarithms ln(1 + tol)) is not to be noticed. With
    independent values and a right reference `run_length` values or more pass on the average before a false alarm.
    `log_e` is ln of the mean of R, -inf before the first value; the p-value is min(1, values / largest mean of R).
    Sources: statistics rules of this project, §4; Shin, Ramdas and Rinaldo (arXiv 2203.03532).

    Raises ValueError for fewer than 20,000 values, one that is not finite, values that are all alike, a negative
    tolerance, or a run length below 1.
    """

    kind = "mean_detector"
    _trials: "_MeanRuns"

    def __init__(self, reference: Any, *, run_length: float, tolerance: float = 0.0) -> None:
        known = reference if isinstance(reference, MeanReference) else mean_reference(reference, tolerance)
        super().__init__(
            _MeanRuns(known), log_run_length(run_length), reference=known.to_json(), run_length=float(run_length)
        )

    def update(self, values: Any) -> None:
        """Close one look of values, in any order. Raises ValueError for one that is not finite."""
        self._trials.look(numbers(values, "values"))
        self._see(self.log_e)

    @classmethod
    def _made(cls, state: State) -> Self:
        parameters = state["parameters"]
        return cls(reference_of(parameters["reference"]), run_length=parameters["run_length"])

    def _seen(self) -> int:
        return self._trials.seen


class _MeanRuns:
    def __init__(self, reference: MeanReference) -> None:
        self._reference = reference
        self._book = DetectorBook([1.0] * len(SHIFTS))
        self._sum = self._squares = 0.0

    @property
    def log_value(self) -> float:
        return self._book.log_value

    @property
    def seen(self) -> int:
        return self._book.seen

    @property
    def estimate(self) -> Estimate:
        n = self._book.seen
        if n < 2:
            return Estimate("mean", self._reference.mean + self._sum if n else None, None, None, "normal")
        # Sums are of differences to the reference's mean, which is near: nothing is lost between large numbers.
        shift = self._sum / n
        half = DEVIATIONS * math.sqrt(max(self._squares - n * shift * shift, 0.0) / (n - 1) / n)
        mean = self._reference.mean + shift
        return Estimate("mean", mean, mean - half, mean + half, "normal")

    def look(self, values: list[float]) -> None:
        n = len(values)
        away = [value - self._reference.mean for value in values]
        total = math.fsum([self._reference.scaled(value) for value in values])
        self._book.look(n, [theta * total - n * psi for theta, psi in zip(SHIFTS, self._reference.prices, strict=True)])
        self._sum += math.fsum(away)
        self._squares += math.fsum([value * value for value in away])

    def state(self) -> State:
        return {**self._book.state(), "sum": self._sum, "squares": self._squares}

    def restore(self, state: State) -> None:
        self._book.restore(state)
        self._sum, self._squares = finite(state["sum"]), finite(state["squares"])
