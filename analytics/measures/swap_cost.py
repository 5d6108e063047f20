"""Cost of a swap: what the candidate costs where the baseline costs one dollar, on the same prompts.

Cost of the candidate / that of the baseline, of the first answer attempts of a shadow request and of the request that
it shadows, where both were answered and both costs are known. Prices, tokenizers and lengths of answers together; a
shadow's prompt cache may be colder than that of a model that serves.
Unit: ratio. Basis: pairs of requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.swaps import ratio


def swap_cost(shadows: pd.DataFrame) -> pd.DataFrame:
    """Ratio of the sums for each row with its 95 % interval (delta method); NaN where nothing was compared."""
    return ratio(
        shadows,
        "both_priced",
        "candidate_cost_nanousd",
        "baseline_cost_nanousd",
        squares=("candidate_cost_sq", "baseline_cost_sq"),
        product="cost_product",
    )


SWAP_COST = Measure(
    name="swap_cost",
    basis="shadows",
    interval="delta",
    reads=(
        "shadows",
        "both_priced",
        "candidate_cost_nanousd",
        "baseline_cost_nanousd",
        "candidate_cost_sq",
        "baseline_cost_sq",
        "cost_product",
    ),
    compute=swap_cost,
)
