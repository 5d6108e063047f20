"""Eventual success rate: the share of requests that ended in a success, whatever it took.

Success / requests with a known outcome (success, failure, abandoned). Requests whose outcome is unknown are in neither;
coverage says how many of all are known.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def eventual_success_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "succeeded", "known", of="requests")


EVENTUAL_SUCCESS_RATE = Measure(
    name="eventual_success_rate",
    basis="requests",
    interval="wilson",
    reads=("succeeded", "known", "requests"),
    compute=eventual_success_rate,
)
