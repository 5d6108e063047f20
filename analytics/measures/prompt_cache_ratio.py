"""Prompt-cache ratio: the share of input tokens that the provider's prompt cache had.

Cached input tokens / input tokens, of the answer attempts that say how many were cached. Coverage is the share of
answer attempts that do, and `count` is their number, not that of tokens. The tokens of a prompt are cached together, so
the interval counts attempts, not tokens: it holds where prompts are of about one length, and is too narrow where a few
are much longer than the rest.
Unit: 1 (a share). Basis: input tokens of answer attempts. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.errors import ContradictorySums
from analytics.intervals import divided, numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import share


def prompt_cache_ratio(attempts: pd.DataFrame) -> pd.DataFrame:
    """Ratio for each row with its 95 % interval; `count` is the attempts that say so; NaN where there are no tokens."""
    tokens, cached = numbers(attempts["cache_read_known_input_tokens"]), numbers(attempts["cache_read_tokens"])
    if (cached > tokens).any():
        raise ContradictorySums("cache_read_tokens: more than cache_read_known_input_tokens, of which they are a part")
    # Attempts without a single input token say nothing about the cache.
    known = np.where(tokens > 0, numbers(attempts["cache_read_known"]), 0)
    whole = numbers(attempts["attempts"])
    cached_attempts = np.where(tokens > 0, np.minimum(divided(cached, tokens), 1) * known, 0)
    counted = pd.DataFrame({"cached": cached_attempts, "known": known, "all": whole}, index=attempts.index)
    return share(counted, "cached", "known", of="all")


PROMPT_CACHE_RATIO = Measure(
    name="prompt_cache_ratio",
    basis="attempts",
    interval="wilson",
    reads=("cache_read_tokens", "cache_read_known_input_tokens", "cache_read_known", "attempts"),
    compute=prompt_cache_ratio,
)
