"""Evidence that a rate is below its limit: PASS of an absolute trigger."""

import math

from analytics.evidence.checking import margin_to_stop, share, trials
from analytics.evidence.counted_trials import CountedTrials
from analytics.evidence.process import PassingProcess
from analytics.evidence.rate import Looks
from analytics.evidence.rate_trials import RateTrials

_DIVISORS = (1.3, 1.5, 2.0, 3.0, 5.0)


class RateAdvance(PassingProcess):
    """E against "of the requests at least `limit` (1 + `margin`) are bad".

    Fed with whole cohorts whose horizon is over: what is unknown then is bad, decided once. Alternatives are limit/1.3,
    1.5, 2, 3, 5 and, with a margin, the limit itself, equally weighted; all capital is invested at the start. PASS once
    E >= 1/level: "not failed yet" is never a reason to advance. Source: statistics rules of this project, §6.

    Raises ValueError for a limit or a level that is not between 0 and 1, a negative margin, or a limit with its margin
    of 1 or more.
    """

    kind = "rate_advance"
    _trials: RateTrials

    def __init__(self, limit: float, *, margin: float = 0.0, level: float = 0.05) -> None:
        limit, margin, level = share(limit, "limit"), margin_to_stop(margin), share(level, "level")
        null = share(limit * (1 + margin), "limit with its margin")
        rates = [limit / divisor for divisor in _DIVISORS] + ([limit] if margin > 0 else [])
        book = CountedTrials(null, rates, [1.0] * len(rates), None)
        super().__init__(RateTrials(book), -math.log(level), limit=limit, margin=margin, level=level)

    def update(self, n: int, bad: int) -> None:
        """Close one look of `n` requests, of which `bad` are bad or still unknown.

        Raises ValueError for negative numbers and for more bad ones than there are.
        """
        self._trials.look(*trials(n, bad))
        self._see(self.log_e)

    def path(self, more: Looks) -> list[float]:
        """The ln E as it would be after each of more looks; nothing is changed. Raises ValueError as `update`."""
        return self._trials.path([trials(n, bad) for n, bad in more])
