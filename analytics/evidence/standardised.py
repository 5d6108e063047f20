"""How a candidate's rate compares with the baseline's on the same mix of strata."""

import math
from collections.abc import Collection

from analytics.evidence.arm_counts import ArmCounts
from analytics.evidence.estimate import LEVEL, Estimate, divided
from analytics.evidence.rate_interval import interval_of

OF = "bad of candidate / bad of baseline"


def standardised_ratio(strata: Collection[ArmCounts]) -> Estimate:
    """The candidate's bad requests over those that the baseline's rates would give on the same requests.

    Only strata that both arms have seen. The interval divides that of the candidate's rate by those of the baseline's
    rates (together wrong at most as often as the level says): it holds at every look while there are the same strata
    and their rates stay as they are. Where these move, the verdict still holds, and this is a description. Indirect
    standardisation.
    """
    used = [one for one in strata if one.has_both_arms]
    if not used:
        return Estimate(OF, None, 0.0, None, "anytime-valid")
    # One interval for the candidate, one for each stratum of the baseline: all of them hold together.
    level = 1 - (1 - LEVEL) / (1 + len(used))
    n, bad = sum(one.candidate_n for one in used), sum(one.candidate_bad for one in used)
    low, high = interval_of(n, bad, level)
    ends = [interval_of(one.baseline_n, one.baseline_bad, level) for one in used]
    # Exactly rounded sums do not depend on the order of the strata.
    expected = math.fsum(one.candidate_n * one.baseline_bad / one.baseline_n for one in used)
    expected_low, expected_high = (
        math.fsum(one.candidate_n * end[side] for one, end in zip(used, ends, strict=True)) for side in (0, 1)
    )
    return Estimate(
        OF, divided(bad, expected), low * n / expected_high, divided(high * n, expected_low), "anytime-valid"
    )
