"""Fail-closed rate: the share of requests that were refused an answer on purpose.

Requests with recovery fail_closed / requests. Neither direction is better as such: it may be a guard at work.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def fail_closed_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "failed_closed", "requests")


FAIL_CLOSED_RATE = Measure(
    name="fail_closed_rate",
    basis="requests",
    interval="wilson",
    reads=("failed_closed", "requests"),
    compute=fail_closed_rate,
)
