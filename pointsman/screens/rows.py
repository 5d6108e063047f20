"""A table of measures as plain values, so that who prints needs no pandas."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from analytics.frames import BUCKET
from analytics.measures.definition import Mix, Probes, Quantiles
from analytics.measures.registry import REGISTRY
from pointsman.screens.figures import NO_DATA, figure, interval
from pointsman_contract.measures import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of a MeasuresTable. `group` are the values of the key columns; numbers are NaN where there is no data."""

    group: tuple[str, ...]
    bucket: datetime | None
    measure: str
    part: str
    quantile: float | None
    unit: Unit
    count: float
    coverage: float
    value: float
    low: float
    high: float
    bound_low: float
    bound_high: float
    note: str

    @property
    def title(self) -> str:
        """`duration P95`, `failure_mode_mix truncated`, `cost_per_success`."""
        quantile = "" if self.quantile is None else f"P{100 * self.quantile:.0f}"
        return " ".join(filter(None, (self.measure, quantile, self.part)))

    @property
    def has_data(self) -> bool:
        """Whether there is a value, or bounds in its place."""
        return not (math.isnan(self.value) and math.isnan(self.bound_low))


def cell_of(row: Figures | None) -> str:
    """The value, the bounds where they stand for it, or a dash; no unit where the title says it."""
    if row is None or not row.has_data:
        return NO_DATA
    if math.isnan(row.value) and row.bound_low != row.bound_high:
        return interval(row.bound_low, row.bound_high, row.unit)
    # Without a success both bounds have no end.
    return figure(row.bound_low if math.isnan(row.value) else row.value, row.unit).removesuffix(" chars/token")


# What a count counts, where it is not what the measure is of.
_PARTS_COUNTED = {
    "tool_success": "tool calls",
    "first_attempt_tool_success": "tool calls",
    "citation_grounding": "citations",
    "probes": "probes",
}
_COUNTED = {"requests": "requests", "attempts": "attempts", "shadows": "pairs"}


def counts_what(measure: str) -> str:
    """What `count` is of: `requests`, `attempts`, `pairs`, …"""
    (found,) = (one for one in REGISTRY if one.name == measure)
    if isinstance(found, Probes):
        return _PARTS_COUNTED[measure]
    return _PARTS_COUNTED.get(measure) or _COUNTED[found.of if isinstance(found, Quantiles | Mix) else found.basis]


def rows_of(table: pd.DataFrame, by: Sequence[str]) -> list[Figures]:
    """The rows in order; `by` are its key columns without the bucket."""
    return [_row(record, by) for record in table.to_dict("records")]


def _row(record: dict[Any, Any], by: Sequence[str]) -> Figures:
    bucket = record.get(BUCKET)
    return Figures(
        group=tuple(str(record[name]) for name in by),
        bucket=None if bucket is None else pd.Timestamp(bucket).to_pydatetime(),
        quantile=None if math.isnan(record["quantile"]) else record["quantile"],
        **{name: record[name] for name in _SAME},
    )


_SAME = (
    "measure", "part", "unit", "count", "coverage", "value", "low", "high", "bound_low", "bound_high", "note",
)  # fmt: skip
