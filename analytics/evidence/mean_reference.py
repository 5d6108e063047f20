"""What values are like while nothing has changed: frozen, and all that a detector of a mean keeps of them."""

import math
from typing import Any, NamedTuple

from analytics.evidence.checking import at_least, numbers
from analytics.evidence.process import State, finite, finite_list

FEWEST = 20_000
# Shifts to bet on, in deviations of the reference, up and down.
SHIFTS = tuple(sign * size for size in (0.1, 0.2, 0.4, 0.8, 1.5, 2.5) for sign in (1, -1))
_FARTHEST = 4.0
_ERRORS = 2.0


class MeanReference(NamedTuple):
    """Mean and deviation of the reference in its unit, and for each shift what a bet on it costs, psi."""

    mean: float
    deviation: float
    prices: tuple[float, ...]

    def scaled(self, value: float) -> float:
        """z: how many deviations a value is from the mean, at most 4; a wild one must not decide alone."""
        return min(max((value - self.mean) / self.deviation, -_FARTHEST), _FARTHEST)

    def to_json(self) -> State:
        """As plain JSON."""
        return {"mean": self.mean, "deviation": self.deviation, "prices": list(self.prices)}


def mean_reference(values: Any, tolerance: float) -> MeanReference:
    """Of at least 20,000 values; `psi = ln(mean exp(theta z) + 2 se) + |theta| tolerance / sd`.

    Raises ValueError for fewer values, one that is not finite, values that are all alike, or a negative tolerance.
    """
    found, tolerance = numbers(values, "reference"), at_least(0, tolerance, "tolerance")
    n = len(found)
    if n < FEWEST:
        raise ValueError(f"a reference takes at least {FEWEST:,} values, not {n:,}")
    mean = math.fsum(found) / n
    deviation = math.sqrt(math.fsum([(value - mean) ** 2 for value in found]) / n)
    if not 0 < deviation < math.inf:
        raise ValueError("the reference does not vary: no shift can be measured by it")
    draft = MeanReference(mean, deviation, ())
    scaled = [draft.scaled(value) for value in found]
    prices = [_log_mean(scaled, shift) + abs(shift) * tolerance / deviation for shift in SHIFTS]
    return draft._replace(prices=tuple(prices))


def reference_of(state: Any) -> MeanReference:
    """The reference that `to_json` gave. Raises ValueError, KeyError or TypeError for anything else."""
    prices = finite_list(state["prices"], len(SHIFTS))
    deviation = finite(state["deviation"])
    if deviation <= 0:
        raise ValueError(f"deviation must be above 0, not {deviation:g}")
    return MeanReference(finite(state["mean"]), deviation, tuple(prices))


def _log_mean(scaled: list[float], shift: float) -> float:
    """The ln of the mean of exp(shift z), and twice its standard error above it: the reference is itself a sample."""
    values = [math.exp(shift * z) for z in scaled]
    n = len(values)
    mean = math.fsum(values) / n
    variance = math.fsum([(value - mean) ** 2 for value in values]) / n
    return math.log(mean + _ERRORS * math.sqrt(variance / n))
