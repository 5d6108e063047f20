"""Attempt duration: how long one answer attempt takes.

Quantiles over answer attempts that tell it.
Unit: s. Basis: answer attempts in the bins of kind `attempt_duration`. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Quantiles
from analytics.measures.times import quantiles


def attempt_duration(latency: pd.DataFrame, attempts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """P50, P90, P95 and P99 for each row of `attempts`, with 95 % intervals from order statistics.

    Coverage is the share of answer attempts that tell it. Values are within 1 % (the bins).
    """
    return quantiles(latency, "attempt_duration", attempts[[*by, "attempts"]].rename(columns={"attempts": "facts"}), by)


ATTEMPT_DURATION = Quantiles(name="attempt_duration", of="attempts", kind="attempt_duration", compute=attempt_duration)
