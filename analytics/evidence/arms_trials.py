"""Bad requests of a candidate beside those of a baseline, by stratum: what they say, and how many there were."""

import math
from collections.abc import Callable, Mapping, Sequence

from analytics.evidence.arm_counts import NONE, ArmCounts
from analytics.evidence.estimate import Estimate
from analytics.evidence.mixture import Mixture
from analytics.evidence.process import State, whole
from analytics.evidence.standardised import standardised_ratio
from analytics.evidence.stratum import Stratum

MOST_STRATA = 1000
# From the rate that the baseline would have at the null, rho b: the candidate's rates to bet on.
Alternatives = Callable[[float], Sequence[float]]


class ArmsTrials:
    """Capital on candidate rates c_j that are alternatives to rho times the baseline's rate.

    For each stratum of a look, with b from earlier looks and pi the candidate's share of this look and stratum:

    `B = pi (c + rho) + (1 - pi)(b rho + 1); C = pi c + (1 - pi) b; t = 2 C / (B + sqrt(B^2 - 4 rho C))`
    `M_j <- M_j (c/(rho t))^kc ((1 - c)/(1 - rho t))^(nc - kc) (b/t)^kb ((1 - b)/(1 - t))^(nb - kb)`

    (rho t, t) is the point of the null nearest to (c, b), so E is at most 1 on the average whatever the baseline's rate
    really is. Source: Turner, Ly and Gruenwald, "Generic E-variables for exact sequential k-sample tests" (2024).
    """

    def __init__(self, rho: float, rates: Alternatives, weights: Sequence[float], planned: float | None) -> None:
        self._rho = rho
        self._rates = rates
        self._mixture = Mixture(weights, planned)
        self._strata: dict[str, Stratum] = {}
        self._waiting: list[str] = []
        # Requests of strata that came when there were too many.
        self.left_out = 0

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._mixture.log_value

    @property
    def estimate(self) -> Estimate:
        """The ratio of the rates, on the candidate's mix of strata."""
        return standardised_ratio([stratum.total for stratum in self._strata.values()])

    def look(self, counts: Mapping[str, ArmCounts]) -> None:
        """Close one look, which may be empty: what strata carry has then met nobody.

        Strata beyond the most that are kept apart are not compared: one stray name must not stop all evidence.
        """
        here_now = self._placed(counts)
        self._mixture.inject(sum(counts[name].n for name in here_now))
        factors = []
        # Those that carry something end their wait, also where they have nothing in this look.
        for name in dict.fromkeys((*self._waiting, *here_now)):
            stratum, here = self._strata[name], counts.get(name, NONE)
            joined = stratum.joined(here)
            if joined.has_both_arms:
                factors.append(self._log_factors(joined, stratum.baseline_rate(self._rho)))
            stratum.close(here)
        self._waiting = [name for name in here_now if self._strata[name].is_waiting]
        if factors:
            # Exactly rounded sums do not depend on the order of the strata.
            self._mixture.multiply([math.fsum(column) for column in zip(*factors, strict=True)])

    def state(self) -> State:
        """The capitals and every stratum."""
        return {
            **self._mixture.state(),
            "left_out": self.left_out,
            "strata": {name: one.state() for name, one in sorted(self._strata.items())},
        }

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._mixture.restore(state)
        if len(state["strata"]) > MOST_STRATA:
            raise ValueError(f"{len(state['strata'])} strata are more than {MOST_STRATA}")
        self._strata = {str(name): Stratum() for name in state["strata"]}
        for name, stratum in self._strata.items():
            stratum.restore(state["strata"][name])
        self._waiting = [name for name, stratum in self._strata.items() if stratum.is_waiting]
        self.left_out = whole(state["left_out"])

    def _placed(self, counts: Mapping[str, ArmCounts]) -> list[str]:
        """The strata of a look that are compared: known ones, and new ones while there are places."""
        # By name: which of many new ones are kept must not depend on what they bring.
        present = [name for name in sorted(counts) if counts[name].n]
        if len(self._strata.keys() | present) > MOST_STRATA:
            # Those that never had both arms have taught nothing, and would keep their places for ever.
            self._strata = {
                name: one
                for name, one in self._strata.items()
                if name in counts or one.is_waiting or one.total.has_both_arms
            }
        found = []
        for name in present:
            if name in self._strata or len(self._strata) < MOST_STRATA:
                self._strata.setdefault(name, Stratum())
                found.append(name)
            else:
                self.left_out += counts[name].n
        return found

    def _log_factors(self, counts: ArmCounts, b: float) -> list[float]:
        rho, share = self._rho, counts.candidate_n / counts.n
        candidate_good = counts.candidate_n - counts.candidate_bad
        baseline_good = counts.baseline_n - counts.baseline_bad
        found = []
        for c in self._rates(rho * b):
            middle = share * (c + rho) + (1 - share) * (b * rho + 1)
            last = share * c + (1 - share) * b
            t = 2 * last / (middle + math.sqrt(max(middle * middle - 4 * rho * last, 0.0)))
            found.append(
                counts.candidate_bad * math.log(c / (rho * t))
                + candidate_good * (math.log1p(-c) - math.log1p(-rho * t))
                + counts.baseline_bad * math.log(b / t)
                + baseline_good * (math.log1p(-b) - math.log1p(-t))
            )
        return found
