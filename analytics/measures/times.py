"""Quantiles of times from the bins of their histogram: the form of all measures of time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.bins import seconds_of
from analytics.frames import positions
from analytics.intervals import Numbers, numbers, quantile_ranks
from analytics.measures.shares import coverage
from pointsman_contract.measures import QUANTILES


def quantiles(latency: pd.DataFrame, kind: str, groups: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The QUANTILES of the times of one kind, in seconds, for each row of `groups`, with 95 % intervals.

    `latency` has `by`, `kind`, `bin`, `count`; the same bin may come in several rows. `groups` has `by` and `facts`,
    how many could have been timed. The result has each index label of `groups` once for each quantile, with `quantile`,
    `count`, `coverage`, `value`, `low`, `high`. A quantile is the time of the bin that holds the observation of rank
    ceil(quantile * count), so it is within 1 % of it. `low` is 0 and `high` infinite where too few were seen for an
    end. Raises ValueError for a group of `latency` that `groups` lacks, and for more times than facts.
    """
    rows = latency[latency["kind"] == kind]
    group, bins, counts = positions(rows, groups, by), np.asarray(rows["bin"], np.float64), numbers(rows["count"])
    order = np.lexsort((bins, group))
    # One running count over all groups, one after the other: a group's ranks begin where the one before ended.
    running, bins = np.cumsum(counts[order]), bins[order]
    total = np.bincount(group, weights=counts, minlength=len(groups)).astype(np.float64)
    before = np.cumsum(total) - total
    known = coverage(total, numbers(groups["facts"]))
    parts = []
    for quantile in QUANTILES:
        lower, rank, upper = quantile_ranks(total, quantile)
        columns = {
            "quantile": np.full(len(groups), quantile),
            "count": total,
            "coverage": known,
            "value": _at(running, bins, before + rank, total > 0),
            "low": np.where((total > 0) & (lower < 1), 0.0, _at(running, bins, before + lower, total > 0)),
            "high": np.where((total > 0) & (upper > total), np.inf, _at(running, bins, before + upper, total > 0)),
        }
        parts.append(pd.DataFrame(columns, index=groups.index))
    return pd.concat(parts)


def _at(running: Numbers, bins: Numbers, rank: Numbers, is_any: npt.NDArray[np.bool_]) -> Numbers:
    """The time of the bin that holds each rank of the running count; NaN where there is none."""
    found = np.minimum(np.searchsorted(running, rank), max(len(running) - 1, 0))
    if not len(running):
        return np.full(rank.shape, np.nan)
    times: Numbers = np.where(is_any, seconds_of(bins[found]), np.nan)
    return times
