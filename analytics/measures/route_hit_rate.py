"""Route hit rate: the share of requests whose first route was the right one.

Success without escalation or fallback / requests with a known outcome. Retries on the same model do not count against
it: the choice was right.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def route_hit_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "first_route_succeeded", "known", of="requests")


ROUTE_HIT_RATE = Measure(
    name="route_hit_rate",
    basis="requests",
    interval="wilson",
    reads=("first_route_succeeded", "known", "requests"),
    compute=route_hit_rate,
)
