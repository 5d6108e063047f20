"""Tokens per second: how many tokens the models read and wrote, by the time in which they did.

Input tokens (cached ones included) + output tokens (reasoning included) of answer attempts / seconds of the span, as
far as it is over and counted, by the model that processed them. Every attempt tells its tokens. It is counted in full,
so there is no interval.
Unit: tokens/s. Basis: answer attempts. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import Numbers, numbers
from analytics.measures.definition import PerSecond
from analytics.measures.shares import in_full
from analytics.measures.span import per_second


def tokens_per_second(attempts: pd.DataFrame, seconds: float | Numbers) -> pd.DataFrame:
    """Rate for each row, over `seconds` (of all rows, or of each); `count` is the attempts; NaN over no time at all.

    Raises ValueError for a span that is negative or has no end.
    """
    tokens = numbers(attempts["input_tokens"]) + numbers(attempts["output_tokens"])
    count = numbers(attempts["attempts"])
    return in_full(attempts, count, np.ones(count.shape), per_second(tokens, seconds))


TOKENS_PER_SECOND = PerSecond(
    name="tokens_per_second",
    basis="attempts",
    interval="none",
    reads=("attempts", "input_tokens", "output_tokens"),
    compute=tokens_per_second,
)
