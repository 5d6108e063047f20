"""Request error rate: the share of requests that ended without a delivered answer; what users see of errors.

Requests without a delivered answer / requests. An answer is delivered where recovery is not fail_closed and one of
these holds: the gateway's cache had it; recovery is human_review; the last answer attempt has status ok; some answer
attempt has status ok, and the last one was cancelled or recovery is fail_open. So a request without any answer attempt
is undelivered, unless the cache had the answer or a person gives it. An error that a retry or a fallback hid is not in
it: see attempt_error_rate.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.shares import share


def request_error_rate(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return share(requests, "undelivered", "requests")


REQUEST_ERROR_RATE = Measure(
    name="request_error_rate",
    basis="requests",
    interval="wilson",
    reads=("undelivered", "requests"),
    compute=request_error_rate,
)
