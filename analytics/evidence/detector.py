"""What both detectors have: the alarm at a run length, and a p-value that knows how long they have looked."""

import math

from analytics.evidence.checking import at_least
from analytics.evidence.process import AlarmingProcess


class Detector(AlarmingProcess):
    """Alarms when the mean of R reaches the run length A: mean trials to a false alarm are at least A.

    From a budget: P(false alarm in N trials) <= N/A. The alarm is latched, and the detector goes on being updated.
    """

    @property
    def p_value(self) -> float:
        """min(1, trials / the largest mean of R so far)."""
        seen = self._seen()
        return min(1.0, math.exp(math.log(seen) - self._highest)) if seen else 1.0

    def _seen(self) -> int:
        raise NotImplementedError


def log_run_length(run_length: float) -> float:
    """The ln of A. Raises ValueError for a run length under 1."""
    return math.log(at_least(1, run_length, "run_length"))
