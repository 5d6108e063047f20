"""Escalation rate: the share of requests that the cheap route handed on.

Requests with an attempt of role escalation, or recovery stronger_model / requests. Counts requests, not attempts: a
request that escalates twice escalated once.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def escalation_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "escalated", "requests")


ESCALATION_RATE = Measure(
    name="escalation_rate",
    basis="requests",
    interval="wilson",
    reads=("escalated", "requests"),
    compute=escalation_rate,
)
