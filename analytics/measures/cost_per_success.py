"""Cost per success: what one successful request costs, with all that was spent on those that were none.

Cost of requests with a known outcome (routing, retrieval, every attempt, people's time) / successes among them. Of
people's time the best outcome that tells it counts, in place of what the trace says, as in `spend`. Requests whose cost
is not known in full are in neither, and `unpriced` counts them. Of the others, `coverage` is the share with a known
outcome, and the bounds say what the figure can be once the rest is known: all of the unknown are successes
(`bound_low`), or none is (`bound_high`). Under 80 % coverage the bounds replace the figure.
Unit: USD. Basis: requests. Source: design §5; the interval is the delta method's for a ratio of sums.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.intervals import Numbers, divided, numbers, positive_interval, ratio_error
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, result
from analytics.measures.spend import NANO

NEEDED_COVERAGE = 0.8
# How a note says that requests are in neither sum.
UNPRICED = "without a full cost are left out"


def cost_per_success(requests: pd.DataFrame) -> pd.DataFrame:
    """US dollars for each row with the 95 % interval, and `bound_low`, `bound_high`, `unpriced`, `note` beside it.

    `count` is the requests with known outcome and cost. `value`, `low` and `high` are NaN where there was no success
    (`bound_high` is infinite then) and under NEEDED_COVERAGE; `note` says which.
    """
    count, successes = numbers(requests["priced_known"]), numbers(requests["priced_succeeded"])
    cost, unpriced = numbers(requests["priced_known_cost_nanousd"]), numbers(requests["unpriced"])
    unknown = numbers(requests["priced_unknown"])
    known = coverage(count, count + unknown)
    error = ratio_error(
        count,
        cost,
        successes,
        above_sq=numbers(requests["priced_known_cost_sq"]),
        below_sq=successes,
        product=numbers(requests["priced_succeeded_cost_nanousd"]),
    )
    is_covered = known >= NEEDED_COVERAGE
    value = np.where(is_covered, divided(cost, successes), np.nan)
    low, high = positive_interval(value, error)
    whole = cost + numbers(requests["priced_unknown_cost_nanousd"])
    figures = result(requests.index, count=count, coverage=known, value=value * NANO, low=low * NANO, high=high * NANO)
    return figures.assign(
        bound_low=_bound(whole, successes + unknown, count + unknown) * NANO,
        bound_high=_bound(whole, successes, count + unknown) * NANO,
        unpriced=unpriced,
        note=_notes(is_covered, count + unknown, successes, unpriced),
    )


def _bound(cost: Numbers, successes: Numbers, requests: Numbers) -> Numbers:
    """Infinite where there is no success, NaN where there is no request either."""
    return np.where((successes == 0) & (requests > 0), np.inf, divided(cost, successes))


def _notes(is_covered: npt.NDArray[np.bool_], requests: Numbers, successes: Numbers, unpriced: Numbers) -> list[str]:
    """One sentence or two for each row; '' where there is nothing to say."""
    few = f"fewer than {NEEDED_COVERAGE:.0%} of the outcomes are known: the bounds stand for the figure"
    reasons = np.select([requests == 0, ~is_covered, successes == 0], ["", few, "no success among them"], "")
    return [
        "; ".join(filter(None, (reason, f"{left_out:.0f} {UNPRICED}" if left_out else "")))
        for reason, left_out in zip(reasons.tolist(), unpriced.tolist(), strict=True)
    ]


COST_PER_SUCCESS = Measure(
    name="cost_per_success",
    basis="requests",
    interval="delta",
    reads=(
        "priced_known",
        "priced_succeeded",
        "priced_unknown",
        "priced_known_cost_nanousd",
        "priced_unknown_cost_nanousd",
        "priced_known_cost_sq",
        "priced_succeeded_cost_nanousd",
        "unpriced",
    ),
    compute=cost_per_success,
)
