"""Evidence that a candidate costs more per success than its baseline."""

import math
from typing import Any

from analytics.evidence.checking import at_least, cost_and_success, margin_to_stop, number, positive, share
from analytics.evidence.cost_trials import CostTrials
from analytics.evidence.paired_stake import PairedStake
from analytics.evidence.process import FailingProcess


class CostEvidence(FailingProcess):
    """E against "the candidate's cost per success is at most (1 + `margin`) times the baseline's", on raw costs.

    `cap` is that of `cost_reference`, `tail_share` its too or, to be safe, `tail_share_limit`: the share as measured
    is a guess, and a candidate of the same mean and a lighter tail is rolled back where it is too low (references of
    1,000 log-normal costs of sigma 1: one in eight). `planned`: candidate requests that the rollout is to have.
    With `tail_share` 0 the claim is about costs capped at `cap`, and every text about it has to say so: it is quicker
    where tails are heavy, and wrong about a candidate whose tail alone differs.

    For each candidate request with its own baseline requests: `U = min(c, (1 + d) B) mean(s of these) - (1 + d)/(1 - l)
    mean(min(c of these, B)) s`, `M_j <- M_j (1 + lam_j U)`, `lam_j = f_j (1 - l)/((1 + d) B)`, f from 0.015 to 0.95,
    injection as in `RateEvidence` by candidate requests. FAIL once E >= 1/alpha. Sources: statistics rules of this
    project, §3; Waudby-Smith and Ramdas (2024).

    Raises ValueError for a cap not above 0, a tail share outside of [0, 1), an alpha that is not between 0 and 1,
    `planned` below 1, or a negative margin.
    """

    kind = "cost"
    _trials: CostTrials

    def __init__(
        self, *, cap: float, tail_share: float, planned: float, alpha: float = 0.01, margin: float = 0.0
    ) -> None:
        cap, planned, alpha = positive(cap, "cap"), at_least(1, planned, "planned"), share(alpha, "alpha")
        margin, tail_share = margin_to_stop(margin), number(tail_share, "tail_share")
        if not 0 <= tail_share < 1:
            raise ValueError(f"tail_share must be from 0 to below 1, not {tail_share:g}")
        stake = PairedStake(cap, margin, tail_share)
        super().__init__(
            CostTrials(stake, stake.bound, planned),
            -math.log(alpha),
            cap=cap,
            tail_share=tail_share,
            planned=planned,
            alpha=alpha,
            margin=margin,
        )

    def update(self, candidate: Any, baseline: Any) -> None:
        """Close one look: for each arm `(costs, successes)`, in the order in which requests are to be paired.

        That order must not depend on costs or successes: by a hash of the trace id. What finds no partner is carried to
        the next look, once. Raises ValueError for a cost that is negative or not finite, a success that is not 0 or 1,
        or arrays of different lengths; then nothing is changed.
        """
        self._trials.look(cost_and_success(candidate, "candidate"), cost_and_success(baseline, "baseline"))
        self._see(self.log_e)
