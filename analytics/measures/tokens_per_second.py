"""Tokens per second: how many tokens the models read and wrote, by the time in which they did.

Input tokens (cached ones included) + output tokens (reasoning included) of answer attempts / seconds of the span, by
the model that processed them. Every attempt tells its tokens. It is counted in full, so there is no interval.
Unit: tokens/s. Basis: answer attempts. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import PerSecond
from analytics.measures.shares import in_full
from analytics.measures.span import checked_span


def tokens_per_second(attempts: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Rate for each row, each over `seconds`; `count` is the attempts. Raises ValueError for a span of no length."""
    tokens = numbers(attempts["input_tokens"]) + numbers(attempts["output_tokens"])
    count = numbers(attempts["attempts"])
    return in_full(attempts, count, np.ones(count.shape), tokens / checked_span(seconds))


TOKENS_PER_SECOND = PerSecond(
    name="tokens_per_second",
    basis="attempts",
    interval="none",
    reads=("attempts", "input_tokens", "output_tokens"),
    compute=tokens_per_second,
)
