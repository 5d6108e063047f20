"""Inter-token latency: the time between two visible tokens.

Quantiles over answer attempts of (duration - ttft) / (visible tokens - 1), streamed ones with at least two visible
tokens (output less reasoning). Each attempt counts once, whatever its length. The quotient is cut to whole
microseconds.
Unit: s. Basis: answer attempts in the bins of kind `inter_token`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def inter_token_latency(latency: pd.DataFrame, attempts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `attempts`, with 95 % intervals from order statistics.

    Coverage is the share of answer attempts that tell it. Values are within 1 % (the bins).
    """
    return quantiles(latency, "inter_token", attempts[[*by, "attempts"]].rename(columns={"attempts": "facts"}), by)


INTER_TOKEN_LATENCY = Quantiles(
    name="inter_token_latency", of="attempts", kind="inter_token", compute=inter_token_latency
)
