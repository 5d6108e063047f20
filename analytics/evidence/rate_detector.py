"""Notices when a rate has risen above a limit, at any time after promotion."""

from typing import Any

from analytics.evidence import alternatives
from analytics.evidence.checking import share, trials
from analytics.evidence.detector import Detector, log_run_length
from analytics.evidence.detector_book import DetectorBook
from analytics.evidence.estimate import Estimate, rate_of
from analytics.evidence.process import State, whole


class RateDetector(Detector):
    """Alarm once the weighted sum of `R_j = (R_j + n) L_j(look)` reaches `run_length`.

    `limit`: the record's, or `wilson_limit` of a reference: never a reference's own share, which is too low as often as
    not. Alternatives, weights and L_j as in `RateEvidence`. While the rate is at most `limit`, `run_length` requests or
    more pass on the average before a false alarm. `log_e` is ln of the mean of R, -inf before the first request; the
    p-value is min(1, requests / largest mean of R). Sources: statistics rules of this project, §4; Shin, Ramdas and
    Rinaldo (arXiv 2203.03532).

    Raises ValueError for a limit that is not between 0 and 1 or a run length below 1.
    """

    kind = "rate_detector"
    _trials: "_RateRuns"

    def __init__(self, limit: float, *, run_length: float) -> None:
        limit = share(limit, "limit")
        super().__init__(_RateRuns(limit), log_run_length(run_length), limit=limit, run_length=float(run_length))

    def update(self, n: int, bad: int) -> None:
        """Close one look of `n` requests, `bad` of them bad.

        Raises ValueError for negative numbers and for more bad ones than there are.
        """
        self._trials.look(*trials(n, bad))
        self._see(self.log_e)

    def _seen(self) -> int:
        return self._trials.seen


class _RateRuns:
    def __init__(self, limit: float) -> None:
        rates, weights = alternatives.above(limit)
        self._of_bad, self._of_good = alternatives.log_ratios(rates, limit)
        self._book = DetectorBook(weights)
        self._bad = 0

    @property
    def log_value(self) -> float:
        return self._book.log_value

    @property
    def seen(self) -> int:
        return self._book.seen

    @property
    def estimate(self) -> Estimate:
        return rate_of(self._book.seen, self._bad)

    def look(self, n: int, bad: int) -> None:
        self._book.look(n, [bad * b + (n - bad) * g for b, g in zip(self._of_bad, self._of_good, strict=True)])
        self._bad += bad

    def state(self) -> State:
        return {**self._book.state(), "bad": self._bad}

    def restore(self, state: Any) -> None:
        self._book.restore(state)
        self._bad = whole(state["bad"])
