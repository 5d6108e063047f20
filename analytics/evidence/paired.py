"""Evidence from shadow requests that a candidate fails more often than its baseline on the same prompts."""

import math

from analytics.evidence.checking import at_least, margin_to_stop, pairs, share
from analytics.evidence.pair_trials import FRACTIONS, PairTrials
from analytics.evidence.process import FailingProcess


class PairedEvidence(FailingProcess):
    """E against "the candidate's rate of bad requests is at most rho = 1 + `margin` times the baseline's", by pairs.

    `planned`: pairs that the shadow stage is to have. `U = 1[candidate bad] - rho 1[baseline bad]`, `M_j <- M_j (1 +
    lam_j U)`, `lam_j = f_j / rho`, f from 0.05 to 0.9, injection as in `RateEvidence` by pairs. FAIL once E >=
    1/alpha. Sources: statistics rules of this project, §7; Waudby-Smith and Ramdas (2024).

    Raises ValueError for an alpha that is not between 0 and 1, `planned` below 1, or a negative margin.
    """

    kind = "paired"
    _trials: PairTrials

    def __init__(self, *, planned: float, alpha: float = 0.01, margin: float = 0.0) -> None:
        planned, alpha, margin = at_least(1, planned, "planned"), share(alpha, "alpha"), margin_to_stop(margin)
        rho = 1 + margin
        trials = PairTrials(rho, [fraction / rho for fraction in FRACTIONS], planned)
        super().__init__(trials, -math.log(alpha), planned=planned, alpha=alpha, margin=margin)

    def update(self, both_bad: int, candidate_only: int, baseline_only: int, neither: int = 0) -> None:
        """Close one look of pairs, by which side was bad. Raises ValueError for negative numbers."""
        self._trials.look(*pairs(both_bad, candidate_only, baseline_only, neither))
        self._see(self.log_e)
