"""Time to first token: how long an answer attempt takes to its first visible token.

Quantiles over answer attempts that tell it, also of those that say they were not streamed. A retry starts anew; what
the user waits for is user_ttft.
Unit: s. Basis: answer attempts in the bins of kind `attempt_ttft`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def ttft(latency: pd.DataFrame, attempts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `attempts`, with 95 % intervals from order statistics.

    Coverage is the share of answer attempts that tell it. Values are within 1 % (the bins).
    """
    return quantiles(latency, "attempt_ttft", attempts[[*by, "attempts"]].rename(columns={"attempts": "facts"}), by)


TTFT = Quantiles(name="ttft", of="attempts", kind="attempt_ttft", compute=ttft)
