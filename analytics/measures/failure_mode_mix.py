"""Failure-mode mix: how often requests fail in which way.

Requests whose failure mode this is / requests. Who sends no failure mode does not say that there was none, so
coverage cannot be told.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Mix
from analytics.measures.mixes import shares_of_values


def failure_mode_mix(mix: pd.DataFrame, requests: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of each value (`part`) that occurred, for each row of `requests`, with its 95 % interval."""
    groups = requests[[*by, "requests"]].rename(columns={"requests": "facts"})
    return shares_of_values(mix, "failure_mode", groups, by, is_known=False)


FAILURE_MODE_MIX = Mix(name="failure_mode_mix", of="requests", kind="failure_mode", compute=failure_mode_mix)
