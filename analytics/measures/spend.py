"""Spend: what requests cost, as far as it is known.

Routing, retrieval, every attempt (judges, guards and failures too) and people's time. An outcome that tells people's
time or cost replaces what the trace itself and outcomes of lesser sources say of it: it corrects them and is no second
bill. What has no known price is not in it: coverage is the share of requests whose cost is known in full. Split by
model, a request's whole cost belongs to its final model; attempt_spend has the models that spent it. It is counted in
full, so there is no interval.
Unit: USD. Basis: requests. Source: design §5.
"""

import numpy as np
import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, in_full

NANO = 1e-9


def spend(requests: pd.DataFrame) -> pd.DataFrame:
    """US dollars for each row; NaN where there were no requests, and where no cost of some is known."""
    count, cost = numbers(requests["requests"]), numbers(requests["cost_nanousd"])
    priced = coverage(count - numbers(requests["unpriced"]), count)
    # Requests that are all unpriced may still have parts with a cost: these are known, and shown.
    is_known = (count > 0) & ((priced > 0) | (cost > 0))
    return in_full(requests, count, priced, np.where(is_known, cost * NANO, np.nan))


SPEND = Measure(
    name="spend", basis="requests", interval="none", reads=("requests", "unpriced", "cost_nanousd"), compute=spend
)
