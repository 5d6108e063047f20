"""Good and bad trials against a limit, each of them counted."""

import math
from collections.abc import Sequence

from analytics.evidence import alternatives
from analytics.evidence.mixture import Mixture
from analytics.evidence.process import State

# Where numbers that are not logarithms lose what they should carry.
_TINY, _HUGE = 1e-250, 1e250


class CountedTrials:
    """Capital on rates that are alternatives to `limit`.

    `M_j <- (M_j + i w_j) (p_j/p0)^k ((1 - p_j)/(1 - p0))^(n - k)` for each look with n trials, k of them bad: the
    likelihood ratio of a Bernoulli mixture, so only the sums of a look count and not their order.
    """

    def __init__(self, limit: float, rates: Sequence[float], weights: Sequence[float], planned: float | None) -> None:
        self._mixture = Mixture(weights, planned)
        self._of_bad, self._of_good = alternatives.log_ratios(rates, limit)

    @property
    def log_value(self) -> float:
        """The ln E."""
        return self._mixture.log_value

    def look(self, n: int, bad: int) -> None:
        """Close one look."""
        self._mixture.inject(n)
        self._mixture.multiply(self._log_factors(n, bad))

    def path(self, looks: Sequence[tuple[int, int]]) -> list[float]:
        """The ln E after each of more looks; nothing is changed."""
        return self._quick_path(looks) or self._careful_path(looks)

    def state(self) -> State:
        """The capitals, and how many trials they have seen."""
        return self._mixture.state()

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._mixture.restore(state)

    def _log_factors(self, n: int, bad: int) -> list[float]:
        good = n - bad
        return [bad * b + good * g for b, g in zip(self._of_bad, self._of_good, strict=True)]

    def _careful_path(self, looks: Sequence[tuple[int, int]]) -> list[float]:
        before = self._mixture
        self._mixture = before.copy()
        try:
            found = []
            for n, bad in looks:
                self.look(n, bad)
                found.append(self.log_value)
            return found
        finally:
            self._mixture = before

    def _quick_path(self, looks: Sequence[tuple[int, int]]) -> list[float]:
        """The same in numbers instead of logarithms, in two thirds of the time; nothing where one is too small or
        large.

        Every second each trigger is previewed through all its open looks.
        """
        cash_log, planned = self._mixture.log_cash, self._mixture.planned or math.inf
        scale = max(self._mixture.logs) if cash_log is None else max(*self._mixture.logs, cash_log)
        cash = 0.0 if cash_log is None else math.exp(cash_log - scale)
        steps, left = [], []
        # Most looks of a second have as many requests as another one.
        shares: dict[int, tuple[float, float]] = {}
        for n, bad in looks:
            share = shares.get(n)
            if share is None:
                # Not what is left after a subtraction: large looks leave very little, and all of it counts later.
                share = shares[n] = -math.expm1(-n / planned), math.exp(-n / planned)
            steps.append((cash * share[0], float(bad), float(n - bad)))
            cash *= share[1]
            left.append(cash)
        if not steps:
            return []
        columns = [left]
        terms = zip(self._mixture.logs, self._mixture.weights, self._of_bad, self._of_good, strict=True)
        exp = math.exp
        try:
            for log, weight, of_bad, of_good in terms:
                capital = exp(log - scale)
                column = [
                    capital := (capital + injected * weight) * exp(bad * of_bad + good * of_good)
                    for injected, bad, good in steps
                ]
                if min(column) < _TINY:
                    return []
                columns.append(column)
            totals = list(map(math.fsum, zip(*columns, strict=True)))
        except OverflowError:
            return []
        if cash_log is not None and cash < _TINY:
            return []
        return [scale + math.log(total) for total in totals] if max(totals) < _HUGE else []
