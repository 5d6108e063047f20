"""Requests of two arms, look by look, and when evidence about them was enough."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from analytics.evidence import ArmCounts, ArmsAdvance, ArmsEvidence

# Requests of both arms in a look, and the candidate's share of them.
LOOK, SHARE = 100, 0.1
# The only stratum where nothing is kept apart.
ALL = "all"
Numbers = npt.NDArray[np.int64]
Rates = float | npt.NDArray[np.float64]
Strata = Mapping[str, ArmCounts]


def dispatched(random: np.random.Generator, requests: int, share: Rates) -> tuple[Numbers, Numbers]:
    """So many requests in looks of 100: the candidate's and the baseline's of each look."""
    candidate_n = random.binomial(LOOK, share, requests // LOOK)
    return candidate_n, LOOK - candidate_n


def counted(
    random: np.random.Generator, numbers: tuple[Numbers, Numbers], candidate: Rates, baseline: Rates
) -> list[ArmCounts]:
    """Looks of so many requests of each arm, each request bad with the rate of its arm, that may move."""
    candidate_n, baseline_n = numbers
    columns = (candidate_n, random.binomial(candidate_n, candidate), baseline_n, random.binomial(baseline_n, baseline))
    return [ArmCounts(*row) for row in np.column_stack(columns).tolist()]


def alone(looks: Sequence[ArmCounts]) -> list[Strata]:
    """Looks with one stratum."""
    return [{ALL: look} for look in looks]


def requests_to_decide(evidence: ArmsEvidence | ArmsAdvance, looks: Iterable[Strata]) -> float:
    """Requests of both arms up to the look with the verdict; infinite where there was none."""
    seen = 0
    for look in looks:
        seen += sum(one.n for one in look.values())
        evidence.update(look)
        if evidence.highest >= evidence.threshold:
            return seen
    return math.inf
