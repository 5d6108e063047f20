"""Schema adherence: the share of answer attempts whose raw output met its schema.

Schema valid / answer attempts that say whether they met one; the raw output, before any repair. Attempts without a
schema are in neither, so a low coverage may only mean that few requests want one.
Unit: 1 (a share). Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def schema_adherence(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(attempts, "schema_valid", "schema_known", of="attempts")


SCHEMA_ADHERENCE = Measure(
    name="schema_adherence",
    basis="attempts",
    interval="wilson",
    reads=("schema_valid", "schema_known", "attempts"),
    compute=schema_adherence,
)
