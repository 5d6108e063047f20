"""Recovery mix: how often requests were saved, and how.

Requests with this recovery / requests. An absent recovery means none, so everything is known.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

from collections.abc import Sequence

import pandas as pd

from analytics.measures.definition import Mix
from analytics.measures.mixes import shares_of_values


def recovery_mix(mix: pd.DataFrame, requests: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of each value (`part`) that occurred, for each row of `requests`, with its 95 % interval."""
    groups = requests[[*by, "requests"]].rename(columns={"requests": "facts"})
    return shares_of_values(mix, "recovery", groups, by, is_known=True)


RECOVERY_MIX = Mix(name="recovery_mix", of="requests", kind="recovery", compute=recovery_mix)
