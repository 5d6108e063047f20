"""User-visible time to first token: how long a user waits for the first visible token.

Quantiles over requests, from the request's start: routing, failed attempts and escalations are in it. No message tells
it; it is derived: the request's duration less the durations of the last answer attempt and of all attempts behind it,
plus the last answer attempt's own time to first token. That takes a last answer attempt that was streamed, all of these
times, and a request that lasted as long as these attempts; other requests are in no quantile.
Unit: s. Basis: requests in the bins of kind `ttft`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def user_ttft(latency: pd.DataFrame, requests: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `requests`, with 95 % intervals from order statistics.

    Coverage is the share of requests of which it can be derived. Values are within 1 % (the bins).
    """
    return quantiles(latency, "ttft", requests[[*by, "requests"]].rename(columns={"requests": "facts"}), by)


USER_TTFT = Quantiles(name="user_ttft", of="requests", kind="ttft", compute=user_ttft)
