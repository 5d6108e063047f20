"""Gateway cache hit rate: the share of requests that the gateway's own cache answered.

Requests answered by an exact or semantic cache / requests. For the provider's cache see prompt_cache_ratio.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def gateway_cache_hit_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "cached", "requests")


GATEWAY_CACHE_HIT_RATE = Measure(
    name="gateway_cache_hit_rate",
    basis="requests",
    interval="wilson",
    reads=("cached", "requests"),
    compute=gateway_cache_hit_rate,
)
