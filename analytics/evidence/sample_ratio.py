"""Evidence that the router sends arms other shares than its policy says."""

import math
from collections.abc import Mapping

from analytics.evidence.checking import by_name, count, number, positive
from analytics.evidence.estimate import LEVEL, Estimate
from analytics.evidence.gamma import LOG_2_PI, stirling_error
from analytics.evidence.process import AlarmingProcess, State, whole
from analytics.evidence.rate_interval import interval_of

THRESHOLD = 1000.0
_PRIOR = 100.0
# Near the largest ln that a float has.
_CERTAIN = 700.0


class SampleRatio(AlarmingProcess):
    """E against "each request was sent to an arm by these weights", of one policy epoch; alarm at E >= 1,000.

    `weights` by arm, on any scale (basis points, shares). An arm of weight 0 must get nothing: one request there is
    certain, and ln E is 700, which stands for infinity. `ln E = ln B(a + n) - ln B(a) - sum n_i ln w_i`, a_i = 100
    w_i, B the multivariate beta function, n the requests dispatched. The logarithms of several epochs add up. Source:
    Lindon and Malek, "Anytime-valid inference for multinomial count data" (arXiv 2011.03567).

    Raises ValueError for fewer than two arms, a negative weight, or none above 0.
    """

    kind = "sample_ratio"
    _trials: "_Dispatched"

    def __init__(self, weights: Mapping[str, float]) -> None:
        given = by_name(weights, "weights of two arms or more")
        if len(given) < 2:
            raise ValueError(f"weights must be of two arms or more, not {len(given)}")
        found = {arm: number(weight, f"the weight of {arm!r}") for arm, weight in given.items()}
        for arm, weight in found.items():
            if weight:
                positive(weight, f"the weight of {arm!r}")
        if not any(found.values()):
            raise ValueError("one weight must be above 0")
        super().__init__(_Dispatched(found), math.log(THRESHOLD), weights=found)

    def update(self, dispatched: Mapping[str, int]) -> None:
        """Add requests dispatched since the last look, by arm; an arm that is left out got none.

        Raises ValueError for a negative number and for an arm without a weight; then nothing is changed.
        """
        counts = by_name(dispatched, "requests of each arm")
        self._trials.look({arm: count(n, f"requests of {arm!r}") for arm, n in counts.items()})
        self._see(self.log_e)


class _Dispatched:
    def __init__(self, weights: Mapping[str, float]) -> None:
        total = math.fsum(weights.values())
        self._shares = {arm: weight / total for arm, weight in weights.items()}
        self._counts = dict.fromkeys(weights, 0)

    @property
    def log_value(self) -> float:
        # Arms that must get nothing are a matter of their own.
        counts = {arm: n for arm, n in self._counts.items() if self._shares[arm]}
        found = 0.0
        if any(counts.values()):
            found = self._log_beta_and_likelihood(counts) - self._log_beta_and_likelihood(dict.fromkeys(counts, 0))
        return found if sum(counts.values()) == sum(self._counts.values()) else max(found, _CERTAIN)

    @property
    def estimate(self) -> Estimate:
        """The share of the arm that is farthest from its weight.

        Its interval is one of as many as there are arms, which hold together: the arm was chosen by what was seen.
        """
        n = sum(self._counts.values())
        arm = max(self._shares, key=lambda one: self._away(one, n))
        low, high = interval_of(n, self._counts[arm], 1 - (1 - LEVEL) / len(self._shares))
        return Estimate(f"share of {arm}", self._counts[arm] / n if n else None, low, high, "anytime-valid")

    def _away(self, arm: str, n: int) -> float:
        """How many requests an arm is away from its share; nothing is as far as one that must get none."""
        share, own = self._shares[arm], self._counts[arm]
        return math.inf if own and not share else abs(own - n * share)

    def look(self, dispatched: Mapping[str, int]) -> None:
        for arm in dispatched:
            if arm not in self._shares:
                raise ValueError(f"no arm is called {arm!r}: there are {', '.join(sorted(self._shares))}")
        for arm, n in dispatched.items():
            self._counts[arm] += n

    def state(self) -> State:
        return {"counts": dict(self._counts)}

    def restore(self, state: State) -> None:
        counts = {arm: whole(n) for arm, n in state["counts"].items()}
        if counts.keys() != self._shares.keys():
            raise ValueError(f"its arms are {sorted(counts)}, not {sorted(self._shares)}")
        self._counts = counts

    def _log_beta_and_likelihood(self, counts: Mapping[str, int]) -> float:
        """The ln B(a + n) - sum n_i ln w_i; what is large in one cancels in the other before anything is added."""
        total = _PRIOR + sum(counts.values())
        terms = [0.5 * math.log(total) - stirling_error(total) - 0.5 * LOG_2_PI]
        for arm in counts:
            share = self._shares[arm]
            own = _PRIOR * share + counts[arm]
            apart = (own - total * share) / (total * share)
            terms += [
                own * math.log1p(apart) if apart > -0.5 else own * math.log(own / (total * share)),
                _PRIOR * share * math.log(share),
                0.5 * LOG_2_PI - 0.5 * math.log(own) + stirling_error(own),
            ]
        return math.fsum(terms)
