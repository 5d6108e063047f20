"""Evidence from shadow requests that a candidate fails less often than its baseline and a margin."""

import math

from analytics.evidence.checking import margin_to_advance, pairs, share
from analytics.evidence.pair_trials import FRACTIONS, PairTrials
from analytics.evidence.process import PassingProcess


class PairedAdvance(PassingProcess):
    """E against "the candidate's rate of bad requests is at least rho = 1 + `margin` times the baseline's", by pairs.

    `U' = rho 1[baseline bad] - 1[candidate bad]`, `lam_j = f_j`, all invested at the start. PASS once E >= 1/level.
    Sources: statistics rules of this project, §7; Waudby-Smith and Ramdas (2024).

    Raises ValueError for a margin that is not above 0 (equality cannot be proven) or a level not between 0 and 1.
    """

    kind = "paired_advance"
    _trials: PairTrials

    def __init__(self, *, margin: float, level: float = 0.05) -> None:
        margin, level = margin_to_advance(margin), share(level, "level")
        trials = PairTrials(1 + margin, [-fraction for fraction in FRACTIONS], None)
        super().__init__(trials, -math.log(level), margin=margin, level=level)

    def update(self, both_bad: int, candidate_only: int, baseline_only: int, neither: int = 0) -> None:
        """Close one look of pairs, by which side was bad. Raises ValueError for negative numbers."""
        self._trials.look(*pairs(both_bad, candidate_only, baseline_only, neither))
        self._see(self.log_e)
