"""Requests per second: how many requests came in, by the time in which they came.

Requests / seconds of the span. The interval is that of the expected rate if requests come independently of each other;
where they come in bursts it is too narrow. No request in a span that was read is a rate of 0, not "no data".
Unit: requests/s. Basis: requests. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import numbers, poisson
from analytics.measures.definition import PerSecond
from analytics.measures.shares import result
from analytics.measures.span import checked_span


def requests_per_second(requests: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Rate for each row, each over `seconds`, with its 95 % interval. Raises ValueError for a span of no length."""
    span, count = checked_span(seconds), numbers(requests["requests"])
    low, high = poisson(count)
    known = np.ones(count.shape)
    return result(requests.index, count=count, coverage=known, value=count / span, low=low / span, high=high / span)


REQUESTS_PER_SECOND = PerSecond(
    name="requests_per_second", basis="requests", interval="poisson", reads=("requests",), compute=requests_per_second
)
