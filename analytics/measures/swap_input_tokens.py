"""Tokenizer effect of a swap: how many tokens the candidate counts where the baseline counts one, on the same prompts.

Input tokens of the candidate / those of the baseline, of the first answer attempts of a shadow request and of the
request that it shadows, where both were answered, count input tokens and hold text alone. Only what came on the same
UTC day, environment and route is a pair. Coverage is the share of shadow requests that could be compared.
Unit: ratio. Basis: pairs of requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.swaps import ratio


def swap_input_tokens(shadows: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the sums for each row with its 95 % interval (delta method); NaN where nothing was compared."""
    return ratio(
        shadows,
        "input_paired",
        "candidate_input_tokens",
        "baseline_input_tokens",
        squares=("candidate_input_tokens_sq", "baseline_input_tokens_sq"),
        product="input_tokens_product",
    )


SWAP_INPUT_TOKENS = Measure(
    name="swap_input_tokens",
    basis="shadows",
    interval="delta",
    reads=(
        "shadows",
        "input_paired",
        "candidate_input_tokens",
        "baseline_input_tokens",
        "candidate_input_tokens_sq",
        "baseline_input_tokens_sq",
        "input_tokens_product",
    ),
    compute=swap_input_tokens,
)
