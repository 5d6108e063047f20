"""Pairs of requests with the same prompt: what they say, and how many there were."""

import math
from collections.abc import Sequence

from analytics.evidence.estimate import LEVEL, Estimate, divided
from analytics.evidence.mixture import Mixture
from analytics.evidence.process import State, whole
from analytics.evidence.rate_interval import interval_of

FRACTIONS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
OF = "bad of candidate / bad of baseline, same prompts"
# Intervals that hold together: of pairs bad on both sides, on the candidate's alone, on the baseline's alone.
_PARTS = 3


class PairTrials:
    """Capital that bets on `U = 1[candidate bad] - rho 1[baseline bad]`, or against it: `M_j <- M_j (1 + lam_j U)`.

    Pairs that are bad on both sides count U = 1 - rho. Source: Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86 (2024).
    """

    def __init__(self, rho: float, lambdas: Sequence[float], planned: float | None) -> None:
        """Negative lambdas bet against U."""
        self._mixture = Mixture([1.0] * len(lambdas), planned)
        self._of_both = [math.log1p(lam * (1 - rho)) for lam in lambdas]
        self._of_candidate = [math.log1p(lam) for lam in lambdas]
        self._of_baseline = [math.log1p(-lam * rho) for lam in lambdas]
        self._both = self._candidate = self._baseline = self._neither = 0

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._mixture.log_value

    @property
    def estimate(self) -> Estimate:
        """The ratio of the rates of both sides. Its interval comes from those of the three kinds of pairs that
        count.
        """
        n = self._both + self._candidate + self._baseline + self._neither
        level = 1 - (1 - LEVEL) / _PARTS
        both, candidate, baseline = (interval_of(n, k, level) for k in (self._both, self._candidate, self._baseline))
        ends = []
        for own, other, extreme in ((candidate[0], baseline[1], min), (candidate[1], baseline[0], max)):
            # Common failures draw the ratio towards 1.
            found = [divided(common + own, common + other) for common in both]
            ends.append(None if None in found else extreme(one for one in found if one is not None))
        value = divided(self._both + self._candidate, self._both + self._baseline)
        return Estimate(OF, value, ends[0], ends[1], "anytime-valid")

    def look(self, both: int, candidate: int, baseline: int, neither: int) -> None:
        """Close one look."""
        self._mixture.inject(both + candidate + baseline + neither)
        self._mixture.multiply(
            math.fsum((both * b, candidate * c, baseline * o))
            for b, c, o in zip(self._of_both, self._of_candidate, self._of_baseline, strict=True)
        )
        self._both += both
        self._candidate += candidate
        self._baseline += baseline
        self._neither += neither

    def state(self) -> State:
        """The capitals and the sums."""
        pairs = [self._both, self._candidate, self._baseline, self._neither]
        return {**self._mixture.state(), "pairs": pairs}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._mixture.restore(state)
        self._both, self._candidate, self._baseline, self._neither = (whole(count) for count in state["pairs"])
