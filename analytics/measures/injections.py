"""What both measures of prompt injection share: how requests that say nothing about it are counted."""

import numpy as np
import pandas as pd

from analytics.intervals import numbers
from analytics.measures.shares import coverage, share


def injection_rate(requests: pd.DataFrame, part: str) -> pd.DataFrame:
    """`part` / `requests`, both names of columns; no data where `injection_known` is 0.

    The denominator is all requests, because routers report what they found and rarely what they did not find.
    """
    rates = share(requests, part, "requests")
    known = numbers(requests["injection_known"])
    rates["coverage"] = coverage(known, numbers(requests["requests"]))
    rates.loc[known == 0, ["value", "low", "high"]] = np.nan
    return rates
