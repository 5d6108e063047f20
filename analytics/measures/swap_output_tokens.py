"""Output tokens of a swap: how many tokens the candidate answers with where the baseline answers with one.

Output tokens of the candidate / those of the baseline, reasoning included, of the first answer attempts of a shadow
request and of the request that it shadows, where both were answered and count some. The answers differ, so this is the
tokenizer and how much the models say; `tokenizer_compression` is the tokenizer alone.
Unit: ratio. Basis: pairs of requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.swaps import ratio


def swap_output_tokens(shadows: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the sums for each row with its 95 % interval (delta method); NaN where nothing was compared."""
    return ratio(
        shadows,
        "output_paired",
        "candidate_output_tokens",
        "baseline_output_tokens",
        squares=("candidate_output_tokens_sq", "baseline_output_tokens_sq"),
        product="output_tokens_product",
    )


SWAP_OUTPUT_TOKENS = Measure(
    name="swap_output_tokens",
    basis="shadows",
    interval="delta",
    reads=(
        "shadows",
        "output_paired",
        "candidate_output_tokens",
        "baseline_output_tokens",
        "candidate_output_tokens_sq",
        "baseline_output_tokens_sq",
        "output_tokens_product",
    ),
    compute=swap_output_tokens,
)
