"""What a contract value looks like as a row: by the names of the columns alone, not by anybody's order.

A column `x_us` holds the field `x_s` in microseconds, `x_nanousd` the field `x_usd` in nano-dollars, text is '' where
it was not given, and every other column holds the field of its own name. What differs from that is listed here.
"""

import json
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from math import inf
from typing import Any

from sqlalchemy import Table, Text

from pointsman_contract.message import Part
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import OUTCOME_RANKS

# Where a row came from: not in the message.
PLACE = frozenset(
    {"topic_id", "partition", "offset", "batch_id", "broker_time", "replayed", "price_id", "human_price_id"}
)

_TRACE: Mapping[str, tuple[frozenset[str], Callable[[Any], Any]]] = {
    "attempt_count": (frozenset({"attempts"}), lambda trace: len(trace.attempts)),
    "confidence": (frozenset({"confidence", "confidence_floor"}), lambda trace: _confidence(trace)),  # noqa: PLW0108 - defined below  # noqa: F821
    "modalities": (frozenset({"modalities"}), lambda trace: ",".join(trace.modalities or ())),
    "record_revision": (
        frozenset({"record_revision"}),
        lambda trace: "" if trace.record_revision is None else str(trace.record_revision),
    ),
}
_OUTCOME: Mapping[str, tuple[frozenset[str], Callable[[Any], Any]]] = {
    "source_rank": (frozenset({"source"}), lambda outcome: OUTCOME_RANKS[outcome.source]),
}
SPECIAL = {"traces": _TRACE, "outcomes": _OUTCOME}


def _confidence(trace: Trace) -> float | None:
    return -inf if trace.confidence is None and trace.confidence_floor else trace.confidence


def field_of(column: str) -> str:
    """The contract's name of what a column holds."""
    for unit, told in (("_us", "_s"), ("_nanousd", "_usd")):
        if column.endswith(unit):
            return column.removesuffix(unit) + told
    return column


def fields_of(table: Table) -> set[str]:
    """Every field of the contract that the table's columns hold."""
    special = SPECIAL.get(table.name, {})
    fields: set[str] = set()
    for name in set(table.columns.keys()) - PLACE:
        fields |= special[name][0] if name in special else {field_of(name)}
    return fields


def expected_row(table: Table, message: Part) -> dict[str, Any]:
    """The row of one message, without its place."""
    special = SPECIAL.get(table.name, {})
    row = {}
    for column in table.columns:
        if column.name in PLACE or (not hasattr(message, field_of(column.name)) and column.name not in special):
            continue
        if column.name in special:
            row[column.name] = special[column.name][1](message)
        else:
            row[column.name] = _in_units(column.name, column.type, getattr(message, field_of(column.name)))
    return row


def _in_units(column: str, kind: object, value: Any) -> Any:
    if value is None:
        return "" if isinstance(kind, Text) else None
    if column.endswith("_us"):
        # The float that the product gives is what is rounded, half to even.
        return int(Decimal(value * 1e6).quantize(Decimal(1), ROUND_HALF_EVEN))
    if column.endswith("_nanousd"):
        return int(value * 10**9)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _plain(part: Any) -> Any:
    return json.loads(part.model_dump_json()) if isinstance(part, Part) else part
