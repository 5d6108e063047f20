"""The form that most measures have: a share, or a ratio of two sums, of one row each."""

import numpy as np
import pandas as pd

from analytics.errors import ContradictorySums
from analytics.intervals import Numbers, divided, numbers, positive_interval, ratio_error, wilson


def result(index: pd.Index, **columns: Numbers) -> pd.DataFrame:
    """`count`, `coverage`, `value`, `low`, `high` (and more, where given) on an index."""
    return pd.DataFrame(columns, index=index)


def share(frame: pd.DataFrame, part: str, known: str, *, of: str | None = None) -> pd.DataFrame:
    """`part` / `known` with Wilson's interval. Coverage is `known` / `of`; without `of` everything is known.

    NaN where nothing is known, also where `of` counted something. The arguments are names of columns.
    """
    low, high = wilson(frame[part], frame[known])
    n = numbers(frame[known])
    return pd.DataFrame(
        {
            "count": n,
            "coverage": coverage(n, n if of is None else numbers(frame[of])),
            "value": divided(numbers(frame[part]), n),
            "low": low,
            "high": high,
        },
        index=frame.index,
    )


def coverage(known: Numbers, of: Numbers) -> Numbers:
    """The share that is known; NaN where there is nothing to know. Raises ValueError where more is known than is."""
    if (known > of).any():
        raise ContradictorySums("more is known than there is: the sums are of different rows")
    return divided(known, of)


def chars_per_token(
    frame: pd.DataFrame, *, measured: str, chars: str, tokens: str, chars_sq: str, tokens_sq: str, product: str
) -> pd.DataFrame:
    """Characters / tokens of the attempts where both are known, with the interval of a ratio of sums."""
    n, above, below = numbers(frame[measured]), numbers(frame[chars]), numbers(frame[tokens])
    error = ratio_error(
        n,
        above,
        below,
        above_sq=numbers(frame[chars_sq]),
        below_sq=numbers(frame[tokens_sq]),
        product=numbers(frame[product]),
    )
    value = divided(above, below)
    low, high = positive_interval(value, error)
    known = coverage(n, numbers(frame["attempts"]))
    return result(frame.index, count=n, coverage=known, value=value, low=low, high=high)


def in_full(frame: pd.DataFrame, count: Numbers, known: Numbers, value: Numbers) -> pd.DataFrame:
    """A total: counted, not estimated, so there is no interval."""
    nothing = np.full(value.shape, np.nan)
    return result(frame.index, count=count, coverage=known, value=value, low=nothing, high=nothing)
