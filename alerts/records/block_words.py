"""What a value of the block should have been, in words that say what to write."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from alerts.records.sentences import as_percent

# By key: what a value of it looks like.
_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "stages": 'expected a list of steps, such as "- step: canary 10% for 24 hours"',
        "triggers": 'expected a list of triggers, such as "- when: Error rate > 1%"',
        "tau": "expected its bounds, such as {min: 0.5, max: 0.8}",
        "step": "expected a sentence, such as canary 10% for 24 hours",
        "when": "expected a sentence, such as Error rate > 1%",
    }
)
_SHARES = ("false_rollback_budget", "holdback", "margin")
_BOUNDS = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}
_LIMITS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than_equal": "le"}


def refusal(key: str, error: Mapping[str, Any]) -> str:
    """Why pydantic did not take the value of this key: its own words are about types."""
    kind = str(error["type"])
    if kind == "missing":
        return "is missing"
    if kind in _BOUNDS:
        return f"expected {_BOUNDS[kind]} {_bound(key, error['ctx'][_LIMITS[kind]])}"
    if kind == "literal_error":
        return f"expected {error['ctx']['expected']}"
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind in ("too_long", "string_too_long"):
        return f"at most {error['ctx']['max_length']:,}"
    return _EXAMPLES.get(key, "a value of another kind is expected")


def _bound(key: str, value: float) -> str:
    return as_percent(Decimal(repr(value))) if key in _SHARES else f"{value:,}"
