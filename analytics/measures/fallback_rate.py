"""Fallback rate: the share of requests that another model had to answer because the first could not.

Requests with an attempt of role fallback / requests.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def fallback_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "fell_back", "requests")


FALLBACK_RATE = Measure(
    name="fallback_rate", basis="requests", interval="wilson", reads=("fell_back", "requests"), compute=fallback_rate
)
