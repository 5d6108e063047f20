"""Tool success: the share of tool calls that were right.

Right tool calls / tool calls, of the answer attempts that say both. Coverage is the share of answer attempts that do.
The interval takes tool calls for independent; those of one attempt may fail together, and it is too narrow then.
Unit: 1 (a share). Basis: tool calls of answer attempts. Source: design §5.
"""

import pandas as pd

from analytics.intervals import numbers
from analytics.measures.definition import Measure
from analytics.measures.shares import coverage, share


def tool_success(attempts: pd.DataFrame) -> pd.DataFrame:
    """Rate for each row with its 95 % interval; `count` is the tool calls; NaN where there were none."""
    rates = share(attempts, "tool_calls_ok", "tool_calls")
    rates["coverage"] = coverage(numbers(attempts["tools_known"]), numbers(attempts["attempts"]))
    return rates


TOOL_SUCCESS = Measure(
    name="tool_success",
    basis="attempts",
    interval="wilson",
    reads=("tool_calls_ok", "tool_calls", "tools_known", "attempts"),
    compute=tool_success,
)
