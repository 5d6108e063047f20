"""One stratum of two arms: what the baseline was like before, and what still waits for the other arm."""

import math

from analytics.evidence.arm_counts import NONE, ArmCounts
from analytics.evidence.process import State, not_negative, whole

# Baseline requests after which what they taught has faded to 1/e.
_MEMORY = 20_000
_LARGEST = 0.95


class Stratum:
    """The memory of a stratum. A look must be compared before the baseline of that look is learnt."""

    __slots__ = ("_bad", "_carried", "_n", "total")

    def __init__(self) -> None:
        self._n = self._bad = 0.0
        self._carried = NONE
        self.total = NONE

    @property
    def is_waiting(self) -> bool:
        """Whether something of one arm was carried here from the look before."""
        return self._carried != NONE

    def baseline_rate(self, rho: float) -> float:
        """The rate b = (K + 1/2) / (N + 10) from earlier looks; at most 0.95/rho, so that rho b is a rate."""
        return min((self._bad + 0.5) / (self._n + 10), _LARGEST / rho)

    def joined(self, counts: ArmCounts) -> ArmCounts:
        """This look with what was carried from the one before; all of it is to be compared if it has both arms."""
        return self._carried.plus(counts)

    def close(self, counts: ArmCounts) -> None:
        """End this look. Of one arm alone it is carried to the next, once: what was carried before is dropped.

        Carried on and on, bad minutes of one arm would meet good ones of the other.
        """
        joined = self.joined(counts)
        if joined.has_both_arms:
            self._learn(joined)
            self._carried = NONE
        else:
            self._learn(self._carried)
            self._carried = counts
        self.total = self.total.plus(counts)

    def state(self) -> State:
        """All of it."""
        return {"n": self._n, "bad": self._bad, "carried": list(self._carried), "total": list(self.total)}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._n, self._bad = not_negative(state["n"]), not_negative(state["bad"])
        self._carried = ArmCounts(*(whole(count) for count in state["carried"]))
        self.total = ArmCounts(*(whole(count) for count in state["total"]))

    def _learn(self, counts: ArmCounts) -> None:
        """What was dropped teaches too: K and N fade by exp(-n/20,000), then gain."""
        kept = math.exp(-counts.baseline_n / _MEMORY)
        self._n = self._n * kept + counts.baseline_n
        self._bad = self._bad * kept + counts.baseline_bad
