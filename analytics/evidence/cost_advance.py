"""Evidence that a candidate costs less per success than its baseline and a margin."""

import math
from typing import Any

from analytics.evidence.checking import cost_and_success, margin_to_advance, positive, share
from analytics.evidence.cost_advance_trials import CostAdvanceTrials
from analytics.evidence.process import PassingProcess


class CostAdvance(PassingProcess):
    """E against "the candidate's cost per success is at least (1 + `margin`) times the baseline's".

    Two things have to be shown, and E is the smaller of theirs: that capped costs per success are below (U with its
    sign turned round, no tail share, all invested at the start), and that at most 1 % of the candidate's requests
    cost more than (1 + margin) `cap`, since the first says nothing about costs above the cap. PASS once both have
    reached 1/level. Sources: statistics rules of this project, §3; Waudby-Smith and Ramdas (2024).

    Raises ValueError for a cap or a margin not above 0, or a level that is not between 0 and 1.
    """

    kind = "cost_advance"
    _trials: CostAdvanceTrials

    def __init__(self, *, cap: float, margin: float, level: float = 0.05) -> None:
        cap, margin, level = positive(cap, "cap"), margin_to_advance(margin), share(level, "level")
        trials = CostAdvanceTrials(cap, margin, level)
        super().__init__(trials, -math.log(level), cap=cap, margin=margin, level=level)

    def update(self, candidate: Any, baseline: Any) -> None:
        """Close one look, as in `CostEvidence`."""
        self._trials.look(cost_and_success(candidate, "candidate"), cost_and_success(baseline, "baseline"))
        self._see(self._trials.log_shown)
