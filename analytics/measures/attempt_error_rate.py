"""Attempt error rate, the "error rate" of a record: the share of answer attempts that failed technically.

Answer attempts with status error, timeout or rate_limited / those not cancelled. A fallback cannot hide it: the request
may be answered all the same (see request_error_rate).
Unit: 1 (a share). Basis: answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import share


def attempt_error_rate(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is left once the cancelled are out."""
    sums = pd.DataFrame(
        {
            "bad": numbers(attempts["errors"]) + numbers(attempts["timeouts"]) + numbers(attempts["rate_limited"]),
            "not_cancelled": numbers(attempts["attempts"]) - numbers(attempts["cancelled"]),
        },
        index=attempts.index,
    )
    return share(sums, "bad", "not_cancelled")


ATTEMPT_ERROR_RATE = Measure(
    name="attempt_error_rate",
    basis="attempts",
    interval="wilson",
    reads=("errors", "timeouts", "rate_limited", "cancelled", "attempts"),
    compute=attempt_error_rate,
)
