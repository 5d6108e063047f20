"""Attempt failure-mode mix: how often answer attempts fail in which way.

Answer attempts whose failure mode this is / answer attempts. Who sends no failure mode does not say that there was
none, so coverage cannot be told.
Unit: 1 (a share). Basis: answer attempts. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Mix
from analytics.measures.mixes import shares_of_values


def attempt_failure_mode_mix(mix: pd.DataFrame, attempts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of each value (`part`) that occurred, for each row of `attempts`, with its 95 % interval."""
    groups = attempts[[*by, "attempts"]].rename(columns={"attempts": "facts"})
    return shares_of_values(mix, "attempt_failure_mode", groups, by, is_known=False)


ATTEMPT_FAILURE_MODE_MIX = Mix(
    name="attempt_failure_mode_mix", of="attempts", kind="attempt_failure_mode", compute=attempt_failure_mode_mix
)
