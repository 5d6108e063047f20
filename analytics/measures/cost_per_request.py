"""Cost per request: what a request costs on average, whatever came of it.

Cost / requests, of the requests whose cost is known in full; coverage is their share. The interval takes its variance
from those of them whose outcome is known too, of which alone squares are kept.
Unit: USD. Basis: requests. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import divided, numbers, positive_interval, ratio_error
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, result
from analytics.measures.spend import NANO


def cost_per_request(requests: pd.DataFrame) -> pd.DataFrame:
    """Mean in US dollars for each row with its 95 % interval; NaN where nothing is priced."""
    known, known_cost = numbers(requests["priced_known"]), numbers(requests["priced_known_cost_nanousd"])
    count = known + numbers(requests["priced_unknown"])
    value = divided(known_cost + numbers(requests["priced_unknown_cost_nanousd"]), count)
    error = ratio_error(
        known,
        known_cost,
        known,
        above_sq=numbers(requests["priced_known_cost_sq"]),
        below_sq=known,
        product=known_cost,
    )
    # The error of a mean shrinks with the root of the number, and there are count / known times as many.
    low, high = positive_interval(value, error * np.sqrt(divided(known, count)))
    priced = coverage(count, numbers(requests["requests"]))
    return result(requests.index, count=count, coverage=priced, value=value * NANO, low=low * NANO, high=high * NANO)


COST_PER_REQUEST = Measure(
    name="cost_per_request",
    basis="requests",
    interval="delta",
    reads=(
        "requests",
        "priced_known",
        "priced_unknown",
        "priced_known_cost_nanousd",
        "priced_unknown_cost_nanousd",
        "priced_known_cost_sq",
    ),
    compute=cost_per_request,
)
