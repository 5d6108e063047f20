"""All measures of a report in one long table."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.frames import Frames, below_each_other, refuse_unknown_keys
from analytics.measures.definition import AnyMeasure, Fact, Measure, Mix, PerSecond, Probes, Quantiles
from analytics.measures.registry import REGISTRY

NUMBERS = ("quantile", "count", "coverage", "value", "low", "high", "bound_low", "bound_high")
TEXTS = ("measure", "part", "unit", "note")
# After the columns by which the table is grouped.
COLUMNS = (
    "measure",
    "part",
    "quantile",
    "unit",
    "count",
    "coverage",
    "value",
    "low",
    "high",
    "bound_low",
    "bound_high",
    "note",
)


class MeasuresTable(NamedTuple):
    """`rows`: the columns of `by`, then COLUMNS. `cannot_split`: names of measures that those columns cannot split."""

    rows: pd.DataFrame
    cannot_split: tuple[str, ...]


def measures_table(
    frames: Frames, by: Sequence[str], seconds: float, *, only: Collection[str] | None = None
) -> MeasuresTable:
    """Every measure of the registry, or `only` those of these names, for every group; one row each.

    `by` is the columns by which the frames are grouped, `seconds` the span that each group covers (of one bucket,
    where `bucket` is among them). Quantiles have a row for each quantile, mixes and probes one for each value
    (`part`). Numbers are float64: NaN is "no data", `high` and `bound_high` may be infinite. Measures that `by` cannot
    split have no rows and are named beside them. Raises ValueError for a column or a measure that there is not, for a
    frame that a measure needs and is None, and for frames that do not fit together; KeyError for a missing column.
    """
    refuse_unknown_keys(by)
    if unknown := sorted(set(only or ()) - {measure.name for measure in REGISTRY}):
        raise ValueError(f"there is no measure {', '.join(unknown)}")
    chosen = [measure for measure in REGISTRY if only is None or measure.name in only]
    split = [measure for measure in chosen if measure.splits_by(by)]
    parts = [_rows(measure, frames, by, seconds) for measure in split]
    columns = [*by, *COLUMNS]
    rows = below_each_other(parts)[columns] if parts else pd.DataFrame(columns=columns)
    cannot = tuple(measure.name for measure in chosen if measure not in split)
    return MeasuresTable(rows, cannot)


def _rows(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: float) -> pd.DataFrame:
    """The rows of one measure: all columns of the table, of the same types whatever the measure has."""
    figures = _figures(measure, frames, by, seconds)
    figures["measure"], figures["unit"] = measure.name, measure.named.unit
    for name in NUMBERS:
        figures[name] = figures[name].astype(np.float64) if name in figures else np.nan
    for name in TEXTS:
        figures[name] = figures[name].astype("str") if name in figures else ""
    return figures


def _figures(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: float) -> pd.DataFrame:
    """What the measure computes, with the columns of `by` beside it."""
    if isinstance(measure, Probes):
        requests, attempts = _needed(measure, frames, "probe_requests"), _needed(measure, frames, "probe_attempts")
        return measure.compute(requests, attempts, _needed(measure, frames, "requests"), by)
    fact: Fact = measure.of if isinstance(measure, Quantiles | Mix) else measure.basis
    groups = _needed(measure, frames, fact).reset_index(drop=True)
    figures = _computed(measure, groups, frames, by, seconds)
    keys = groups[list(by)].take(figures.index.to_numpy())
    return pd.concat([keys.reset_index(drop=True), figures.reset_index(drop=True)], axis=1)


def _computed(
    measure: Measure | PerSecond | Quantiles | Mix,
    groups: pd.DataFrame,
    frames: Frames,
    by: Sequence[str],
    seconds: float,
) -> pd.DataFrame:
    match measure:
        case Measure():
            return measure.compute(groups)
        case PerSecond():
            return measure.compute(groups, seconds)
        case Quantiles():
            return measure.compute(_needed(measure, frames, "latency"), groups, by)
        case Mix():
            return measure.compute(_needed(measure, frames, "mix"), groups, by)


def _needed(measure: AnyMeasure, frames: Frames, name: str) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(frames, name)
    if frame is None:
        raise ValueError(f"{measure.name} takes the frame {name}, which was not read")
    return frame
