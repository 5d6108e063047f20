"""What measures take: frames of sums, one row for each group.

A group is one combination of values of the columns by which a reader asked (`by`): names of keys of the rollups, and
`bucket` for the start of a span of time. Who reads leaves test traffic and shadow out, and asks for attempts of the
answer roles; measures compute.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.errors import ContradictorySums
from store.rollups.columns import ATTEMPT_SUMS, REQUEST_SUMS, SHADOW_SUMS
from store.rollups.keys import ATTEMPT_KEY, REQUEST_KEY, SHADOW_KEY

BUCKET = "bucket"
REQUEST_COLUMNS = tuple(column.name for column in REQUEST_SUMS)
ATTEMPT_COLUMNS = tuple(column.name for column in ATTEMPT_SUMS)
SHADOW_COLUMNS = tuple(column.name for column in SHADOW_SUMS)
REQUEST_KEYS = frozenset(key.name for key in REQUEST_KEY) | {BUCKET}
ATTEMPT_KEYS = frozenset(key.name for key in ATTEMPT_KEY) | {BUCKET}
SHADOW_KEYS = frozenset(key.name for key in SHADOW_KEY) | {BUCKET}
ALL_KEYS = REQUEST_KEYS | ATTEMPT_KEYS | SHADOW_KEYS


class Frames(NamedTuple):
    """Everything that measures of one report are made of. A frame that no measure asks for may be None.

    `requests`: `by` and sums of REQUEST_SUMS, user-facing traffic. `attempts`: `by` and sums of ATTEMPT_SUMS, attempts
    of the answer roles. Both may have those alone that the measures take. `latency`: `by`, `kind` (REQUEST_TIMES,
    ATTEMPT_TIMES), `bin` (`analytics/bins.py`), `count`. `mix`: `by`, `kind` (REQUEST_MIXES, ATTEMPT_MIXES), `value`,
    `count`. `probe_requests`, `probe_attempts`: like the first two, of test traffic alone, and with a column `probe`.
    `shadows`: `by` and sums of SHADOW_SUMS, shadow requests beside those that they shadow.
    """

    requests: pd.DataFrame | None = None
    attempts: pd.DataFrame | None = None
    latency: pd.DataFrame | None = None
    mix: pd.DataFrame | None = None
    probe_requests: pd.DataFrame | None = None
    probe_attempts: pd.DataFrame | None = None
    shadows: pd.DataFrame | None = None


def refuse_unknown_keys(by: Collection[str]) -> None:
    """Raises ValueError for a column that is a key of nothing."""
    if unknown := sorted(set(by) - ALL_KEYS):
        known = ", ".join(sorted(ALL_KEYS))
        raise ValueError(f"nothing is kept apart by {', '.join(unknown)}; there are {known}")


def positions(rows: pd.DataFrame, groups: pd.DataFrame, by: Sequence[str]) -> npt.NDArray[np.intp]:
    """For each of `rows` the position, from 0, of its group in `groups`.

    Raises ValueError where two groups have the same key, and ContradictorySums where a row belongs to none.
    """
    if not by:
        if len(groups) > 1:
            raise ValueError(f"without columns to group by there is one group, not {len(groups)}")
        if len(rows) and not len(groups):
            raise ContradictorySums("requests or attempts are missing of which there are times or values")
        return np.zeros(len(rows), dtype=np.intp)
    keys = pd.MultiIndex.from_frame(groups[list(by)])
    if not keys.is_unique:
        raise ValueError(f"a group stands in two rows, by {', '.join(by)}")
    found = keys.get_indexer(pd.MultiIndex.from_frame(rows[list(by)]))
    if (found < 0).any():
        raise ContradictorySums("requests or attempts are missing of which there are times or values")
    return found


def below_each_other(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All rows, numbered anew; at least one frame. Those without rows are left out where others have some.

    Columns without rows are of no certain type, which would become the type of all.
    """
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
