"""Requests per second: how many requests came in, by the time in which they came.

Requests / seconds of the span, as far as it is over and counted: what is still to come of a minute, an hour or a day is
not divided by. The interval is that of the expected rate if requests come independently of each other;
where they come in bursts it is too narrow. No request in a span that was read is a rate of 0, not "no data".
Unit: requests/s. Basis: requests. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import Numbers, numbers, poisson
from analytics.measures.definition import PerSecond
from analytics.measures.shares import result
from analytics.measures.span import per_second


def requests_per_second(requests: pd.DataFrame, seconds: float | Numbers) -> pd.DataFrame:
    """Rate for each row, over `seconds` (of all rows, or of each) with its 95 % interval; NaN over no time at all.

    Raises ValueError for a span that is negative or has no end.
    """
    count = numbers(requests["requests"])
    low, high = (per_second(end, seconds) for end in poisson(count))
    value, known = per_second(count, seconds), np.ones(count.shape)
    return result(requests.index, count=count, coverage=known, value=value, low=low, high=high)


REQUESTS_PER_SECOND = PerSecond(
    name="requests_per_second", basis="requests", interval="poisson", reads=("requests",), compute=requests_per_second
)
