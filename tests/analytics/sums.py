"""Frames of sums for tests: every column of the rollups is there, 0 unless it is said."""

import pandas as pd

from analytics.frames import ATTEMPT_COLUMNS, REQUEST_COLUMNS, SHADOW_COLUMNS


def requests(**columns: object) -> pd.DataFrame:
    """Rows of sums over requests. A list gives several rows; names that are not sums are columns to group by."""
    return _frame(REQUEST_COLUMNS, columns)


def attempts(**columns: object) -> pd.DataFrame:
    """Rows of sums over answer attempts."""
    return _frame(ATTEMPT_COLUMNS, columns)


def shadows(**columns: object) -> pd.DataFrame:
    """Rows of sums over shadow requests beside what they shadow."""
    return _frame(SHADOW_COLUMNS, columns)


def latency(kind: str, counts: dict[int, int], **by: object) -> pd.DataFrame:
    """The bins of one group: how many times fell into which."""
    return pd.DataFrame({**by, "kind": kind, "bin": list(counts), "count": list(counts.values())})


def mix(kind: str, counts: dict[str, int], **by: object) -> pd.DataFrame:
    """The values of one group: how often which occurred."""
    return pd.DataFrame({**by, "kind": kind, "value": list(counts), "count": list(counts.values())})


def _frame(names: tuple[str, ...], columns: dict[str, object]) -> pd.DataFrame:
    rows = max((len(value) for value in columns.values() if isinstance(value, list)), default=1)
    return pd.DataFrame({**dict.fromkeys(names, 0), **columns}, index=range(rows))
