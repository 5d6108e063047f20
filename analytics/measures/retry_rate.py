"""Retry rate: the share of requests that were tried again.

Requests with an attempt of role retry, or recovery retry / requests. A request with three retries counts once.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def retry_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "retried", "requests")


RETRY_RATE = Measure(
    name="retry_rate", basis="requests", interval="wilson", reads=("retried", "requests"), compute=retry_rate
)
