"""The rates that evidence bets on, and how much on each. Source: statistics rules of this project, §1, §2 and §6."""

import math
from collections.abc import Sequence

# Odds ratios to the limit, small ones for what is barely worse and large ones for what is broken.
TO_LIMIT = (1.3, 1.5, 2.0, 3.0, 5.0, 9.0, 20.0, 60.0)
TO_BASELINE = (1.15, 1.3, 1.6, 2.0, 3.0, 5.0, 10.0, 30.0)
WEIGHTS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.12)
# Odds from which on an alternative says nothing that a smaller one does not.
_ALMOST_SURE = 9.0


def at_odds(ratio: float, rate: float) -> float:
    """The rate whose odds are `ratio` times those of `rate`."""
    odds = ratio * rate / (1 - rate)
    return odds / (1 + odds)


def above(limit: float) -> tuple[list[float], list[float]]:
    """Rates above a limit, and their weights; those that would be almost 1 are left out, the first never."""
    kept = [at for at, ratio in enumerate(TO_LIMIT) if at == 0 or ratio * limit / (1 - limit) < _ALMOST_SURE]
    return [at_odds(TO_LIMIT[at], limit) for at in kept], [WEIGHTS[at] for at in kept]


def worse_than(rate: float) -> list[float]:
    """Rates of a candidate that are above what the baseline's would be at the null; weighted by `WEIGHTS`."""
    return [at_odds(ratio, rate) for ratio in TO_BASELINE]


def log_ratios(rates: Sequence[float], limit: float) -> tuple[list[float], list[float]]:
    """For each rate what one bad and one good trial say for it against the limit, as logarithms."""
    bad = [math.log(rate / limit) for rate in rates]
    good = [math.log1p(-rate) - math.log1p(-limit) for rate in rates]
    return bad, good
