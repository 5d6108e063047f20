"""Evidence that a candidate fails less often than its baseline and a margin."""

import math
from collections.abc import Mapping

from analytics.evidence import alternatives
from analytics.evidence.arm_counts import ArmCounts, checked_look
from analytics.evidence.arms_trials import ArmsTrials
from analytics.evidence.checking import margin_to_advance, share
from analytics.evidence.process import PassingProcess

_DIVISORS = (1.1, 1.2, 1.35, 1.6, 2.0, 3.0)


class ArmsAdvance(PassingProcess):
    """E against "the candidate's rate of bad requests is at least (1 + `margin`) times the baseline's".

    The factor of `ArmsEvidence` with alternatives at 1/1.1 to 1/3 of the odds, equally weighted and all invested at the
    start. PASS once E >= 1/level. Sources: statistics rules of this project, §2; Turner, Ly and Gruenwald (2024).

    Raises ValueError for a margin that is not above 0 (equality cannot be proven) or a level not between 0 and 1.
    """

    kind = "arms_advance"
    _trials: ArmsTrials

    def __init__(self, *, margin: float, level: float = 0.05) -> None:
        margin, level = margin_to_advance(margin), share(level, "level")
        trials = ArmsTrials(1 + margin, _better, [1.0] * len(_DIVISORS), None)
        super().__init__(trials, -math.log(level), margin=margin, level=level)

    @property
    def left_out(self) -> int:
        """Requests of strata beyond the 1,000 that are kept apart: they are not compared."""
        return self._trials.left_out

    def update(self, look: Mapping[str, ArmCounts]) -> None:
        """Close one look with all its strata, as in `ArmsEvidence`."""
        self._trials.look(checked_look(look))
        self._see(self.log_e)


def _better(rate: float) -> list[float]:
    return [alternatives.at_odds(1 / divisor, rate) for divisor in _DIVISORS]
