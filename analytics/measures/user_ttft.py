"""User-visible time to first token: how long a user waits for the first visible token.

Quantiles over requests that tell it, from the request's start: routing, failed attempts and escalations are in it.
Unit: s. Basis: requests in the bins of kind `ttft`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def user_ttft(latency: pd.DataFrame, requests: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `requests`, with 95 % intervals from order statistics.

    Coverage is the share of requests that tell it. Values are within 1 % (the bins).
    """
    return quantiles(latency, "ttft", requests[[*by, "requests"]].rename(columns={"requests": "facts"}), by)


USER_TTFT = Quantiles(name="user_ttft", of="requests", kind="ttft", compute=user_ttft)
