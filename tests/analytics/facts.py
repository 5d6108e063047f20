"""Requests and attempts one by one, and their sums: what the rollups would hold of them.

Sums are Python integers, as exact as the database's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from hypothesis import strategies as st

from analytics.frames import ATTEMPT_COLUMNS, REQUEST_COLUMNS

MOST = 2**63 - 1
_amounts = st.integers(0, 10**9) | st.integers(0, MOST)


class Request(NamedTuple):
    """What one request adds to which sum; sums that it does not name get nothing."""

    adds: dict[str, int]


class Attempt(NamedTuple):
    """What one answer attempt adds to which sum."""

    adds: dict[str, int]


def request(
    *,
    outcome: str = "unknown",
    recovered: bool = False,
    escalated: bool = False,
    injection: str = "",
    cost: int | None = None,
    first_share: int = 100,
) -> Request:
    """One request. `cost` is None where it is not known in full; `first_share` is the first attempt's percentage."""
    known, success, priced = outcome != "unknown", outcome == "success", cost is not None
    whole = cost or 0
    first = whole * first_share // 100
    adds = {
        "requests": 1,
        "known": known,
        "succeeded": success,
        "failed": outcome == "failure",
        "abandoned": outcome == "abandoned",
        "task_succeeded": success and not recovered and not escalated,
        "first_route_succeeded": success and not escalated,
        "undelivered": outcome == "failure",
        "escalated": escalated,
        "retried": recovered,
        "injection_known": injection != "",
        "injection_detected": injection in ("detected", "succeeded"),
        "injection_succeeded": injection == "succeeded",
        "unpriced": not priced,
        "cost_nanousd": whole,
        "priced_known": priced and known,
        "priced_succeeded": priced and success,
        "priced_known_cost_nanousd": whole * known,
        "priced_known_cost_sq": whole**2 * known,
        "priced_succeeded_cost_nanousd": whole * success,
        "priced_unknown": priced and not known,
        "priced_unknown_cost_nanousd": whole * (not known),
        "priced_first_cost_nanousd": first,
        "escalated_known": escalated and known,
        "escalated_succeeded": escalated and success,
        "escalated_priced": escalated and priced,
        "escalated_priced_cost_nanousd": whole * escalated,
        "escalated_first_cost_nanousd": first * escalated,
        "escalation_cost_nanousd": (whole - first) * escalated,
    }
    return Request({name: int(value) for name, value in adds.items()})


def attempt(
    *,
    status: str = "ok",
    first: bool = True,
    refused: bool | None = None,
    schema_valid: bool | None = None,
    calls: tuple[int, int] | None = None,
    cached: tuple[int, int] | None = None,
    chars: tuple[int, int] | None = None,
) -> Attempt:
    """One answer attempt.

    `calls`: tool calls, right ones. `cached`: input tokens, cached ones. `chars`: output characters, visible tokens.
    """
    made, right = calls or (0, 0)
    tokens, from_cache = cached or (0, 0)
    characters, visible = chars or (0, 0)
    adds = {
        "attempts": 1,
        "errors": status == "error",
        "timeouts": status == "timeout",
        "cancelled": status == "cancelled",
        "first_attempts": first,
        "refusal_known": refused is not None,
        "refused": refused is True,
        "schema_known": schema_valid is not None,
        "schema_valid": schema_valid is True,
        "first_schema_known": first and schema_valid is not None,
        "first_schema_valid": first and schema_valid is True,
        "tools_known": calls is not None,
        "tool_calls": made,
        "tool_calls_ok": right,
        "first_tools_known": first and calls is not None,
        "first_tool_calls": made * first,
        "first_tool_calls_ok": right * first,
        "input_tokens": tokens,
        "cache_read_known": cached is not None,
        "cache_read_known_input_tokens": tokens,
        "cache_read_tokens": from_cache,
        "output_measured": visible > 0,
        "output_chars": characters,
        "visible_tokens": visible,
        "output_chars_sq": characters**2,
        "visible_tokens_sq": visible**2,
        "output_chars_tokens": characters * visible,
    }
    return Attempt({name: int(value) for name, value in adds.items()})


def requests_of(facts: Sequence[Request]) -> pd.DataFrame:
    """The one row of sums of these requests."""
    return _summed([fact.adds for fact in facts], REQUEST_COLUMNS)


def attempts_of(facts: Sequence[Attempt]) -> pd.DataFrame:
    """The one row of sums of these attempts."""
    return _summed([fact.adds for fact in facts], ATTEMPT_COLUMNS)


def _summed(adds: Sequence[dict[str, int]], names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: [sum(one.get(name, 0) for one in adds)] for name in names}, dtype=object)


def _parts(wholes: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, int] | None]:
    """Nothing, or a whole and a part of it."""
    return st.none() | st.tuples(wholes, wholes).map(lambda pair: (max(pair), min(pair)))


def requests_strategy() -> st.SearchStrategy[Request]:
    """Any request."""
    return st.builds(
        request,
        outcome=st.sampled_from(["success", "failure", "abandoned", "unknown"]),
        recovered=st.booleans(),
        escalated=st.booleans(),
        injection=st.sampled_from(["", "none", "detected", "succeeded"]),
        cost=st.none() | _amounts,
        first_share=st.integers(0, 100),
    )


def attempts_strategy() -> st.SearchStrategy[Attempt]:
    """Any answer attempt."""
    flags = st.none() | st.booleans()
    return st.builds(
        attempt,
        status=st.sampled_from(["ok", "error", "timeout", "cancelled"]),
        first=st.booleans(),
        refused=flags,
        schema_valid=flags,
        calls=_parts(_amounts),
        cached=_parts(_amounts),
        chars=st.none() | st.tuples(_amounts, _amounts.map(lambda tokens: max(tokens, 1))),
    )
