"""Shares of the values of a set: the form of all mixes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analytics.frames import positions
from analytics.intervals import numbers
from analytics.measures.shares import share


def shares_of_values(
    mix: pd.DataFrame, kind: str, groups: pd.DataFrame, by: Sequence[str], *, is_known: bool
) -> pd.DataFrame:
    """The share of each value that occurred among the facts of its group, with Wilson's interval.

    `mix` has `by`, `kind`, `value`, `count`; the same value may come in several rows, and '' (not given) is left out.
    `groups` has `by` and `facts`. The result has an index label of `groups` once for each value, with `part` (the
    value), `count` (the facts), `coverage` (1, or NaN where `is_known` is false), `value`, `low`, `high`, in the order
    of `groups`, then of names. Raises ValueError for a group of `mix` that `groups` lacks, and for more values than
    facts.
    """
    rows = mix[(mix["kind"] == kind) & (mix["value"] != "")]
    counted = pd.DataFrame(
        {"group": positions(rows, groups, by), "part": list(rows["value"]), "occurred": numbers(rows["count"])}
    )
    summed = counted.groupby(["group", "part"])[["occurred"]].sum().reset_index()
    group = np.asarray(summed["group"], dtype=np.intp)
    summed["facts"] = numbers(groups["facts"])[group]
    shares = share(summed, "occurred", "facts")
    shares.insert(0, "part", summed["part"])
    shares.index = groups.index[group]
    if not is_known:
        shares["coverage"] = np.nan
    return shares
