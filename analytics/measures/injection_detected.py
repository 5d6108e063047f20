"""Injection detected rate: the share of requests in which a prompt injection was seen.

Requests with an answer attempt whose injection is detected, blocked or succeeded / requests. Any user can raise it, so
by itself it never rolls back. Coverage is the share of requests that say something about injection; where none does,
there is no data.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.injections import injection_rate


def injection_detected(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return injection_rate(requests, "injection_detected")


INJECTION_DETECTED = Measure(
    name="injection_detected",
    basis="requests",
    interval="wilson",
    reads=("injection_detected", "injection_known", "requests"),
    compute=injection_detected,
)
