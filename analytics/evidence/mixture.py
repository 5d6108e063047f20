"""Capital spread over several alternatives, and cash for later: what every kind of evidence is made of.

In logarithms throughout, so that no number of updates overflows or underflows.
"""

import math
from collections.abc import Iterable, Sequence

from analytics.evidence.process import State, finite, finite_list, whole

# What is invested from the start, and what is held back for later.
INVESTED, CASH = 0.8, 0.2
_ROUNDING = 1e-9
_LOG_INVESTED, _LOG_CASH = math.log(INVESTED), math.log(CASH)


def log_add(x: float, y: float) -> float:
    """ln(e^x + e^y)."""
    return x + math.log1p(math.exp(y - x)) if x > y else y + math.log1p(math.exp(x - y))


def log_sum(logs: Sequence[float]) -> float:
    """The ln of the sum of e^x, in whatever order."""
    highest = max(logs)
    return highest + math.log(math.fsum([math.exp(x - highest) for x in logs]))


class Mixture:
    """Capitals M_j, one for each alternative, and cash that is invested as planned trials come.

    With `planned` trials: M_j = 0.8 w_j at first, cash c = 0.2; n trials move i = c (1 - exp(-n/planned)) from the cash
    to M_j + i w_j, which is decided before they are looked at and never runs out. Without, all is invested: M_j = w_j.
    A bad stretch that begins late finds capital that no good stretch has eaten. Source: statistics rules of this
    project, §1; mixtures of nonnegative supermartingales: Howard, Ramdas, McAuliffe and Sekhon, Ann. Statist. 49
    (2021).
    """

    def __init__(self, weights: Sequence[float], planned: float | None) -> None:
        total = math.fsum(weights)
        self.weights = [weight / total for weight in weights]
        self._log_weights = [math.log(weight) for weight in self.weights]
        # Trials after which the cash has fallen to 1/e of itself.
        self.planned = planned
        invested = 0.0 if planned is None else _LOG_INVESTED
        self.logs = [invested + weight for weight in self._log_weights]
        self.seen = 0
        # The ln of the cash after so many trials, from which on it is invested as planned now.
        self._cash_from = (_LOG_CASH, 0)

    @property
    def log_cash(self) -> float | None:
        """The ln of what is not invested yet."""
        if self.planned is None:
            return None
        # From the whole number of trials each time, so that millions of small steps do not drift.
        log_cash, at = self._cash_from
        return log_cash - (self.seen - at) / self.planned

    @property
    def log_value(self) -> float:
        """The ln E: all capital together, that at the beginning was 1."""
        cash = self.log_cash
        return log_sum(self.logs if cash is None else [*self.logs, cash])

    def inject(self, n: int) -> None:
        """Invest the cash that `n` more trials call for."""
        cash = self.log_cash
        if n and self.planned is not None and cash is not None:
            share = -math.expm1(-n / self.planned)
            if share > 0:
                injected = cash + math.log(share)
                self.logs = [
                    log_add(log, injected + weight) for log, weight in zip(self.logs, self._log_weights, strict=True)
                ]
        self.seen += n

    def multiply(self, log_factors: Iterable[float]) -> None:
        """Multiply each capital by what its alternative says of what was seen."""
        self.logs = [log + factor for log, factor in zip(self.logs, log_factors, strict=True)]

    def multiplied(self, log_factors: Iterable[float]) -> float:
        """The ln E as it would be after `multiply`."""
        logs = [log + factor for log, factor in zip(self.logs, log_factors, strict=True)]
        cash = self.log_cash
        return log_sum(logs if cash is None else [*logs, cash])

    def copy(self) -> "Mixture":
        """One that goes its own way."""
        other = Mixture(self.weights, self.planned)
        other.logs, other.seen, other._cash_from = self.logs, self.seen, self._cash_from
        return other

    def state(self) -> State:
        """The capitals as logarithms, the trials seen, and from where on the cash is invested as planned."""
        return {"logs": list(self.logs), "seen": self.seen, "cash_from": list(self._cash_from)}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        log_cash, at = state["cash_from"]
        logs, seen, found = finite_list(state["logs"], len(self._log_weights)), whole(state["seen"]), finite(log_cash)
        # Another mathematical library may round the logarithm of the cash another way.
        if found > _LOG_CASH + _ROUNDING or whole(at) > seen:
            raise ValueError(f"a cash of {found:g} from {at} of {seen} trials on cannot be")
        self.logs, self.seen, self._cash_from = logs, seen, (found, at)


def replanned_state(state: State, before: float) -> State:
    """A state whose cash is invested anew from here on, where so many trials were planned before."""
    log_cash, at = state["cash_from"]
    return {**state, "cash_from": [log_cash - (state["seen"] - at) / before, state["seen"]]}
