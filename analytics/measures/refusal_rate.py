"""Refusal rate: the share of answer attempts that the model refused.

Refused / answer attempts that say whether the model refused. An attempt that does not say is in neither; coverage says
how many of all do.
Unit: 1 (a share). Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def refusal_rate(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(attempts, "refused", "refusal_known", of="attempts")


REFUSAL_RATE = Measure(
    name="refusal_rate",
    basis="attempts",
    interval="wilson",
    reads=("refused", "refusal_known", "attempts"),
    compute=refusal_rate,
)
