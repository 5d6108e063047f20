"""First-attempt schema adherence: the share of first answer attempts whose raw output met its schema.

As schema_adherence, of the first answer attempt of each request alone: what repairs and retries saved does not count.
Unit: 1 (a share). Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def first_attempt_schema_adherence(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(attempts, "first_schema_valid", "first_schema_known", of="first_attempts")


FIRST_ATTEMPT_SCHEMA_ADHERENCE = Measure(
    name="first_attempt_schema_adherence",
    basis="attempts",
    interval="wilson",
    reads=("first_schema_valid", "first_schema_known", "first_attempts"),
    compute=first_attempt_schema_adherence,
)
