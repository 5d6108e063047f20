"""Task success rate: the share of requests that succeeded at the first attempt, without any recovery.

Success with recovery none and at most one answer attempt (a hit in the gateway's cache has none) / requests with a
known outcome. What was retried or escalated into a success counts against it: see eventual_success_rate.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def task_success_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "task_succeeded", "known", of="requests")


TASK_SUCCESS_RATE = Measure(
    name="task_success_rate",
    basis="requests",
    interval="wilson",
    reads=("task_succeeded", "known", "requests"),
    compute=task_success_rate,
)
