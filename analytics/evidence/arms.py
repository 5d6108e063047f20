"""Evidence that a candidate fails more often than its baseline."""

import math
from collections.abc import Mapping

from analytics.evidence import alternatives
from analytics.evidence.arm_counts import ArmCounts, checked_look
from analytics.evidence.arms_trials import ArmsTrials
from analytics.evidence.checking import at_least, margin_to_stop, share
from analytics.evidence.process import FailingProcess


class ArmsEvidence(FailingProcess):
    """E against "in every stratum the candidate's rate of bad requests is at most (1 + `margin`) times the baseline's".

    `planned`: requests of both arms that the rollout is to have. Valid while both arms move together (a bad hour of
    the provider), while shares drift, and while the mix of strata moves, as long as looks that are joined (see
    `update`) have one rate: shares are those of each look. Alternatives at odds ratios of 1.15 to 30, injection as in
    `RateEvidence` by requests of both arms. FAIL once E >= 1/alpha. Sources: statistics rules of this project, §2;
    Turner, Ly and Gruenwald (2024).

    Raises ValueError for an alpha that is not between 0 and 1, `planned` below 1, or a negative margin.
    """

    kind = "arms"
    _trials: ArmsTrials

    def __init__(self, *, planned: float, alpha: float = 0.01, margin: float = 0.0) -> None:
        planned, alpha, margin = at_least(1, planned, "planned"), share(alpha, "alpha"), margin_to_stop(margin)
        trials = ArmsTrials(1 + margin, alternatives.worse_than, alternatives.WEIGHTS, planned)
        super().__init__(trials, -math.log(alpha), planned=planned, alpha=alpha, margin=margin)

    @property
    def left_out(self) -> int:
        """Requests of strata beyond the 1,000 that are kept apart: they are not compared."""
        return self._trials.left_out

    def update(self, look: Mapping[str, ArmCounts]) -> None:
        """Close one look with all its strata (one of any name where there is nothing to keep apart).

        A stratum that has one arm only in a look is carried to the next one, once: choose strata and looks so that most
        have both, since what is joined should have one rate. Strata beyond the first 1,000 are not
        compared. Raises ValueError for counts that no requests can have; then nothing is changed.
        """
        self._trials.look(checked_look(look))
        self._see(self.log_e)
