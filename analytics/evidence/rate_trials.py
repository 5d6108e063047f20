"""Requests against a limit: what they say, and how many there were."""

from collections.abc import Sequence

from analytics.evidence.clipped_trials import ClippedTrials
from analytics.evidence.counted_trials import CountedTrials
from analytics.evidence.estimate import Estimate, rate_of
from analytics.evidence.process import State, whole


class RateTrials:
    """All closed looks: the capitals of `book`, and the sums for the estimate."""

    def __init__(self, book: CountedTrials | ClippedTrials) -> None:
        self._book = book
        self._n = self._bad = 0

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._book.log_value

    @property
    def block(self) -> int | None:
        """Requests of a block; None where there are none."""
        return self._book.size if isinstance(self._book, ClippedTrials) else None

    @property
    def estimate(self) -> Estimate:
        """The rate."""
        return rate_of(self._n, self._bad)

    def look(self, n: int, bad: int) -> None:
        """Close one look."""
        self._book.look(n, bad)
        self._n += n
        self._bad += bad

    def path(self, looks: Sequence[tuple[int, int]]) -> list[float]:
        """The ln E after each of more looks; nothing is changed."""
        return self._book.path(looks)

    def state(self) -> State:
        """The capitals and the sums."""
        return {**self._book.state(), "n": self._n, "bad": self._bad}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._book.restore(state)
        self._n, self._bad = whole(state["n"]), whole(state["bad"])
