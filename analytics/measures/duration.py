"""Duration: how long a request takes, the "latency" of a record.

Quantiles over requests that tell it, from their start to the end of the answer, everything in between included.
Unit: s. Basis: requests in the bins of kind `duration`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def duration(latency: pd.DataFrame, requests: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `requests`, with 95 % intervals from order statistics.

    Coverage is the share of requests that tell it. Values are within 1 % (the bins).
    """
    return quantiles(latency, "duration", requests[[*by, "requests"]].rename(columns={"requests": "facts"}), by)


DURATION = Quantiles(name="duration", of="requests", kind="duration", compute=duration)
