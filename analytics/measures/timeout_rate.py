"""Timeout rate: the share of requests in which something took too long.

Requests with an answer attempt of status timeout, or failure mode timeout / requests. A request that a fallback saved
after a timeout counts.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def timeout_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "timed_out", "requests")


TIMEOUT_RATE = Measure(
    name="timeout_rate", basis="requests", interval="wilson", reads=("timed_out", "requests"), compute=timeout_rate
)
