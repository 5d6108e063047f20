"""Injection succeeded rate: the share of requests in which a prompt injection had its way.

Requests with an answer attempt whose injection is succeeded / requests. Coverage is the share of requests that say
something about injection; where none does, there is no data.
Unit: 1 (a share). Basis: requests. Source: design §5.
"""

import pandas as pd

from analytics.measures.definition import Measure
from analytics.measures.injections import injection_rate


def injection_succeeded(requests: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; NaN where nothing is known."""
    return injection_rate(requests, "injection_succeeded")


INJECTION_SUCCEEDED = Measure(
    name="injection_succeeded",
    basis="requests",
    interval="wilson",
    reads=("injection_succeeded", "injection_known", "requests"),
    compute=injection_succeeded,
)
