"""First-attempt tool success: the share of tool calls that were right at the first answer attempt.

As tool_success, of the first answer attempt of each request alone. Coverage is the share of first attempts that say
how many calls there were and how many were right.
The interval takes tool calls for independent; those of one attempt may fail together, and it is too narrow then.
Unit: 1 (a share). Basis: tool calls of answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, share


def first_attempt_tool_success(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; `count` is the tool calls; NaN where there were none."""
    rates = share(attempts, "first_tool_calls_ok", "first_tool_calls")
    rates["coverage"] = coverage(numbers(attempts["first_tools_known"]), numbers(attempts["first_attempts"]))
    return rates


FIRST_ATTEMPT_TOOL_SUCCESS = Measure(
    name="first_attempt_tool_success",
    basis="attempts",
    interval="wilson",
    reads=("first_tool_calls_ok", "first_tool_calls", "first_tools_known", "first_attempts"),
    compute=first_attempt_tool_success,
)
