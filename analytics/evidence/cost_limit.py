"""Evidence that cost per success is above a limit."""

import math
from typing import Any

from analytics.evidence.checking import at_least, cost_and_success, positive, share
from analytics.evidence.cost_limit_trials import CostLimitTrials
from analytics.evidence.process import FailingProcess


class CostLimitEvidence(FailingProcess):
    """E against "cost per success is at most `limit`", in the unit of the costs.

    Costs count up to `cap`, which can only hide a breach, never make one. `planned`: candidate requests that the
    rollout is to have. `U = min(c, B) - L s`, `M_j <- M_j (1 + f_j U / L)`, f from 0.015 to 0.95, injection as in
    `RateEvidence`. FAIL once E >= 1/alpha. Sources: statistics rules of this project, §3; Waudby-Smith and Ramdas
    (2024).

    Raises ValueError for a limit or a cap not above 0, an alpha that is not between 0 and 1, or `planned` below 1.
    """

    kind = "cost_limit"
    _trials: CostLimitTrials

    def __init__(self, limit: float, *, cap: float, planned: float, alpha: float = 0.01) -> None:
        limit, cap = positive(limit, "limit"), positive(cap, "cap")
        planned, alpha = at_least(1, planned, "planned"), share(alpha, "alpha")
        super().__init__(
            CostLimitTrials(limit, cap, planned), -math.log(alpha), limit=limit, cap=cap, planned=planned, alpha=alpha
        )

    def update(self, candidate: Any) -> None:
        """Close one look: `(costs, successes)` of the candidate's requests, in any order.

        Raises ValueError for a cost that is negative or not finite, a success that is not 0 or 1, or arrays of
        different lengths; then nothing is changed.
        """
        self._trials.look(cost_and_success(candidate, "candidate"))
        self._see(self.log_e)
