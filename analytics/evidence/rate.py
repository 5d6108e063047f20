"""Evidence that a rate is above a limit: FAIL of an absolute trigger."""

import math
from collections.abc import Sequence
from typing import Literal

from analytics.evidence import alternatives
from analytics.evidence.checking import MOST, at_least, count, pairs_of, share, trials
from analytics.evidence.clipped_trials import LARGEST_CLIPPED, ClippedTrials
from analytics.evidence.counted_trials import CountedTrials
from analytics.evidence.process import FailingProcess
from analytics.evidence.rate_trials import RateTrials

Looks = Sequence[tuple[int, int]]


class RateEvidence(FailingProcess):
    """E against "of the requests at most `limit` are bad", looked at as often as one likes.

    `planned`: requests that all canary steps of the rollout together are to have. A quantile is a rate too: "P95 above
    1.2 s" is "more than 5 % above 1.2 s". `incidents`: "count" takes every bad request as one; "clip" at most 8 in
    blocks of 600 (at a limit of 0.5 %; 3/limit in general) and half of what they say, so that a short burst does not
    decide: a heuristic, for looks that are shorter than a block.

    With looks of n requests, k of them bad, and alternatives at odds ratios of 1.3 to 60 to the limit: `i = c (1 -
    exp(-n/planned)); c <- c - i; M_j <- (M_j + i w_j) (p_j/p0)^k ((1 - p_j)/(1 - p0))^(n - k); E = sum M_j + c`. FAIL
    once E >= 1/alpha. Sources: statistics rules of this project, §1; Howard et al., Ann. Statist. 49 (2021); Ville's
    inequality.

    Raises ValueError for a limit or an alpha that is not between 0 and 1, for `planned` below 1, and for a limit above
    0.25 with "clip".
    """

    kind = "rate"
    _trials: RateTrials

    def __init__(
        self,
        limit: float,
        *,
        planned: float,
        alpha: float = 0.01,
        incidents: Literal["count", "clip"] = "count",
    ) -> None:
        limit, planned, alpha = share(limit, "limit"), at_least(1, planned, "planned"), share(alpha, "alpha")
        if incidents not in ("count", "clip"):
            raise ValueError(f'incidents must be "count" or "clip", not {incidents!r}')
        if incidents == "clip" and limit > LARGEST_CLIPPED:
            raise ValueError(f"limit must be at most {LARGEST_CLIPPED:g} where incidents are clipped, not {limit:g}")
        book = (CountedTrials if incidents == "count" else ClippedTrials)(limit, *alternatives.above(limit), planned)
        super().__init__(
            RateTrials(book), -math.log(alpha), limit=limit, planned=planned, alpha=alpha, incidents=incidents
        )

    @property
    def block(self) -> int | None:
        """Requests of a block of clipped incidents, which looks should not be longer than; None where each counts."""
        return self._trials.block

    def update(self, n: int, bad: int) -> None:
        """Close one look of `n` requests, `bad` of them bad.

        Raises ValueError for negative numbers and for more bad ones than there are.
        """
        n, bad = trials(n, bad)
        self._trials.look(n, bad)
        # Good requests alone only lower E.
        if bad:
            self._see(self.log_e)

    def preview(self, open_looks: Looks) -> float:
        """The largest ln E over all prefixes of the open looks, oldest first; without any, that of the state.

        What is not known to be bad is taken as good: failures that are still missing can only raise what the state
        becomes, so it confirms what is seen here. A look with more bad requests than requests is not covered yet: it
        and those behind it are left out.
        """
        return max(self.path(open_looks), default=self.log_e)

    def path(self, open_looks: Looks) -> list[float]:
        """The ln E after each prefix of the open looks that are covered.

        Raises ValueError for negative numbers, and for what are no pairs.
        """
        covered = []
        for n, bad in pairs_of(open_looks):
            if not (type(n) is type(bad) is int and 0 <= bad <= n <= MOST):
                n, bad = count(n, "n"), count(bad, "bad")  # noqa: PLW2901 - the same number, as a plain one
                if bad > n:
                    break
            covered.append((n, bad))
        return self._trials.path(covered)

    def decide(self, open_looks: Looks = ()) -> bool:
        """Whether it fails, now or ever before: the state or the preview has reached 1/alpha."""
        return self._see(self.preview(open_looks))
