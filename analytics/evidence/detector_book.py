"""Sums of evidence over all the moments at which a change may have begun."""

import math
from collections.abc import Iterable, Sequence

from analytics.evidence.mixture import log_add, log_sum
from analytics.evidence.process import State, finite_list, whole


class DetectorBook:
    """Shiryaev-Roberts sums `R_j <- (R_j + n) L_j(look)`, one for each alternative, as logarithms; 0 at first.

    Each trial opens a bet of 1 of its own, so the weighted mean of R is on the average at most the number of trials,
    and the mean run to a false alarm at A is at least A. Source: Shin, Ramdas and Rinaldo, "E-detectors" (arXiv
    2203.03532).
    """

    def __init__(self, weights: Sequence[float]) -> None:
        total = math.fsum(weights)
        self._log_weights = [math.log(weight / total) for weight in weights]
        self._logs: list[float] | None = None
        self.seen = 0

    @property
    def log_value(self) -> float:
        """The ln of the weighted mean of R; -inf before the first trial."""
        if self._logs is None:
            return -math.inf
        return log_sum([log + weight for log, weight in zip(self._logs, self._log_weights, strict=True)])

    def look(self, n: int, log_factors: Iterable[float]) -> None:
        """Close one look of n trials."""
        if not n:
            return
        opened = math.log(n)
        logs = self._logs
        before = [opened] * len(self._log_weights) if logs is None else [log_add(log, opened) for log in logs]
        self._logs = [log + factor for log, factor in zip(before, log_factors, strict=True)]
        self.seen += n

    def state(self) -> State:
        """The sums as logarithms, and the trials seen."""
        return {"logs": None if self._logs is None else list(self._logs), "seen": self.seen}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        logs = state["logs"]
        self._logs = None if logs is None else finite_list(logs, len(self._log_weights))
        self.seen = whole(state["seen"])
