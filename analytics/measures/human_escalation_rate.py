"""Human escalation rate: the share of requests that were handed to a person.

Requests with recovery human_review, or protocol human / requests.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def human_escalation_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "human_escalated", "requests")


HUMAN_ESCALATION_RATE = Measure(
    name="human_escalation_rate",
    basis="requests",
    interval="wilson",
    reads=("human_escalated", "requests"),
    compute=human_escalation_rate,
)
