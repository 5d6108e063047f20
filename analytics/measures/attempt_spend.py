"""Attempt spend: what answer attempts cost, on the models that they went to.

Input, prompt cache, output and the provider's tools, of the answer attempts whose cost is known; coverage is their
share, and `count` is all answer attempts. What an escalated request costs falls to both of its models here, and to its
final model in spend. It is counted in full, so there is no interval.
Unit: USD. Basis: answer attempts. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import Numbers, numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, in_full
from analytics.measures.spend import NANO

PARTS = ("prefill_cost_nanousd", "cache_cost_nanousd", "generation_cost_nanousd", "tools_cost_nanousd")


def attempt_spend(attempts: pd.DataFrame) -> pd.DataFrame:
    """US dollars for each row; NaN where there were no attempts, and where none of them has a known cost."""
    count, priced = numbers(attempts["attempts"]), numbers(attempts["priced"])
    cost: Numbers = np.sum([numbers(attempts[part]) for part in PARTS], axis=0)
    return in_full(attempts, count, coverage(priced, count), np.where(priced > 0, cost * NANO, np.nan))


ATTEMPT_SPEND = Measure(
    name="attempt_spend",
    basis="attempts",
    interval="none",
    reads=("attempts", "priced", *PARTS),
    compute=attempt_spend,
)
