"""Good and bad trials against a limit, where a burst of bad ones is not to decide alone."""

from collections.abc import Sequence

from analytics.evidence import alternatives
from analytics.evidence.mixture import Mixture
from analytics.evidence.process import State, whole

MOST_BAD = 8
# Trials of a block, as bad ones that a rate at the limit has in it: 600 trials at a limit of 0.5 %.
_EXPECTED_BAD = 3
# Above it a block is hardly longer than what it may count.
LARGEST_CLIPPED = 0.25


class ClippedTrials:
    """Trials in tumbling blocks, of which each has at most 8 bad ones, and half of what they say.

    A heuristic: independent trials at the limit stay within the error probability (both the clip and the half lower
    E), but what many bursts may do is not bounded by a theorem. A block is made of whole looks and ends with the look
    that fills it. Looks should be shorter than a block: in a longer one the 8 are in proportion, as if its bad ones
    were spread over it. Bad ones that are too many when they come are taken as good, and so is all that a block still
    lacks: what a burst says does not depend on how full its block is. Cash is invested when a block begins.
    """

    def __init__(self, limit: float, rates: Sequence[float], weights: Sequence[float], planned: float) -> None:
        self._mixture = Mixture(weights, planned)
        self._of_bad, self._of_good = alternatives.log_ratios(rates, limit)
        self.size = max(MOST_BAD, round(_EXPECTED_BAD / limit))
        self._n = self._counted = 0

    @property
    def log_value(self) -> float:
        """The ln E, the block that is not full among it."""
        return self._mixture.multiplied(self._log_factors()) if self._n else self._mixture.log_value

    def look(self, n: int, bad: int) -> None:
        """Close one look."""
        if self._n == 0 < n:
            self._mixture.inject(max(n, self.size))
        self._n += n
        if bad:
            # What was too much stays so: good ones that make a block longer must not raise E.
            most = MOST_BAD * max(self._n, self.size) // self.size
            self._counted = max(self._counted, min(self._counted + bad, most))
        if self._n >= self.size:
            self._mixture.multiply(self._log_factors())
            self._n = self._counted = 0

    def path(self, looks: Sequence[tuple[int, int]]) -> list[float]:
        """The ln E after each of more looks; nothing is changed."""
        before = self._mixture, self._n, self._counted
        self._mixture = self._mixture.copy()
        try:
            found: list[float] = []
            for n, bad in looks:
                had_begun, counted = self._n, self._counted
                self.look(n, bad)
                # Good ones of a block were counted when it began.
                is_no_news = found and had_begun and self._n and self._counted == counted
                found.append(found[-1] if is_no_news else self.log_value)
            return found
        finally:
            self._mixture, self._n, self._counted = before

    def state(self) -> State:
        """The capitals before the block, and what it has so far."""
        return {**self._mixture.state(), "block_n": self._n, "block_counted": self._counted}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        n, counted = whole(state["block_n"]), whole(state["block_counted"])
        if n >= self.size or counted > min(n, MOST_BAD):
            raise ValueError(f"a block of {n} with {counted} bad ones is none: it closes at {self.size}")
        self._mixture.restore(state)
        self._n, self._counted = n, counted

    def _log_factors(self) -> list[float]:
        good = max(self._n, self.size) - self._counted
        return [(self._counted * b + good * g) / 2 for b, g in zip(self._of_bad, self._of_good, strict=True)]
