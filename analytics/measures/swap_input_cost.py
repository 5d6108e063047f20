"""Cost of the tokenizer effect: what the candidate's other number of input tokens costs a request, at its own price.

Mean of what the candidate's input cost (prompt cache included) less what the baseline's number of tokens would have
cost at the same price a token, over the pairs of `swap_input_tokens` whose candidate's cost is known. Under 0 the
candidate's tokenizer saves. Prices of two models are compared by `swap_cost`, not here.
Unit: USD a request. Basis: pairs of requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.swaps import mean_difference


def swap_input_cost(shadows: pd.DataFrame) -> pd.DataFrame:
    """US dollars for each row with the 95 % interval of a mean (normal); NaN where nothing was compared."""
    return mean_difference(
        shadows,
        "input_priced",
        "candidate_input_cost_nanousd",
        "candidate_input_cost_at_baseline_nanousd",
        squares="extra_input_cost_sq",
    )


SWAP_INPUT_COST = Measure(
    name="swap_input_cost",
    basis="shadows",
    interval="normal",
    reads=(
        "shadows",
        "input_priced",
        "candidate_input_cost_nanousd",
        "candidate_input_cost_at_baseline_nanousd",
        "extra_input_cost_sq",
    ),
    compute=swap_input_cost,
)
