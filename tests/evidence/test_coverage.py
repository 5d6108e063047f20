"""Intervals that claim to hold at every look do, in small simulations where they are tightest."""

import numpy as np
import pytest

from analytics.evidence import ArmCounts, ArmsEvidence, PairedEvidence
from analytics.evidence.estimate import Estimate

RUNS, N = 40, 3000
LOOKS = np.unique(np.round(np.geomspace(2, N, 24)).astype(int))


def _holds(found: Estimate, truth: float) -> bool:
    assert found.low is not None
    return found.low <= truth and (found.high is None or truth <= found.high)


@pytest.mark.parametrize("chances", [(0.0, 0.5, 0.5, 0.0), (0.02, 0.04, 0.03, 0.91)])
def test_the_ratio_of_pairs(chances: tuple[float, float, float, float]) -> None:
    """Missed ever, over 24 looks, by at most 5 % of the streams; mostly by far fewer."""
    random, missed = np.random.default_rng(20261129), 0
    truth = (chances[0] + chances[1]) / (chances[0] + chances[2])
    for _ in range(RUNS):
        sums = np.cumsum(random.multinomial(1, chances, size=N), axis=0)[LOOKS - 1]
        process = PairedEvidence(planned=N)
        held = True
        for step in np.diff(sums, axis=0, prepend=0):
            process.update(*step)
            held = held and _holds(process.estimate, truth)
        missed += not held
    assert missed <= 0.05 * RUNS


@pytest.mark.parametrize(
    "rates", [[(0.3, 1.0)], [(0.9, 1.0), (0.01, 1.0)], [(0.2, 1.0)] * 3], ids=["one", "a mix that moves", "three"]
)
def test_the_ratio_of_two_arms(rates: list[tuple[float, float]]) -> None:
    """The same for arms whose strata come one after the other: all of the baseline bad leaves the candidate's error."""
    random, missed = np.random.default_rng(20261129), 0
    of = [min(at * len(rates) // len(LOOKS), len(rates) - 1) for at in range(len(LOOKS))]
    for _ in range(RUNS):
        process, held = ArmsEvidence(planned=N), True
        seen = np.zeros(len(rates), dtype=int)
        for stratum, n in zip(of, np.diff(LOOKS, prepend=0).tolist(), strict=True):
            own, other = rates[stratum]
            bad, beside = int(random.binomial(n, own)), int(random.binomial(n, other))
            process.update({str(stratum): ArmCounts(n, bad, n, beside)})
            seen[stratum] += n
            truth = float(seen @ [one[0] for one in rates]) / float(seen @ [one[1] for one in rates])
            held = held and _holds(process.estimate, truth)
        missed += not held
    assert missed <= 0.05 * RUNS
