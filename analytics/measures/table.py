"""All measures of a report in one long table."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.errors import ContradictorySums
from analytics.frames import BUCKET, Frames, below_each_other, refuse_unknown_keys
from analytics.halving import contradictory
from analytics.intervals import Numbers
from analytics.measures.definition import AnyMeasure, Fact, Measure, Mix, PerSecond, Probes, Quantiles
from analytics.measures.registry import REGISTRY

# Of the whole span, or of each bucket by its beginning.
Spans = float | Mapping[datetime, float]
Group = tuple[Hashable, ...]
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


# A share of all groups is one of those whose sums can be.
_OF_LESS = "a share of the groups without contradictory sums alone"


class MeasuresTable(NamedTuple):
    """`rows`: the columns of `by`, then COLUMNS. `cannot_split`: names of measures that those columns cannot split."""

    rows: pd.DataFrame
    cannot_split: tuple[str, ...]


def measures_table(
    frames: Frames, by: Sequence[str], seconds: Spans, *, only: Collection[str] | None = None
) -> MeasuresTable:
    """Every measure of the registry, or `only` those of these names, for every group; one row each.

    `by` is the columns by which the frames are grouped, `seconds` the span that each group covers, or that of each
    bucket by its beginning, where `bucket` is among them: one that is missing there has no rate. Quantiles have a row
    for each quantile, mixes and probes one for each value (`part`). Numbers are float64: NaN is "no data", `high` and
    `bound_high` may be infinite. Measures that `by` cannot split have no rows and are named beside them. A group whose
    sums contradict each other has one row of such a measure, without figures and with what is wrong as its note.
    Raises ValueError for a column or a measure that there is not, for a frame that a measure needs and is None, and for
    frames that do not fit together; KeyError for a missing column.
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


def _rows(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: Spans) -> pd.DataFrame:
    """The rows of one measure: all columns of the table, of the same types whatever the measure has."""
    figures = _figures(measure, frames, by, seconds)
    figures["measure"], figures["unit"] = measure.name, measure.named.unit
    for name in NUMBERS:
        figures[name] = figures[name].astype(np.float64) if name in figures else np.nan
    for name in TEXTS:
        figures[name] = figures[name].astype(object).fillna("").astype("str") if name in figures else ""
    return figures


def _figures(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: Spans) -> pd.DataFrame:
    """What the measure computes, with the columns of `by` beside it.

    Groups whose sums contradict each other have no figures, and a note that says so; they hide no others.
    """
    try:
        return _computed(measure, frames, by, seconds)
    except ContradictorySums:
        return _without_the_wrong(measure, frames, by, seconds)


def _computed(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: Spans) -> pd.DataFrame:
    if isinstance(measure, Probes):
        requests, attempts = _needed(measure, frames, "probe_requests"), _needed(measure, frames, "probe_attempts")
        return measure.compute(requests, attempts, _needed(measure, frames, "requests"), by)
    groups = _needed(measure, frames, _fact(measure)).reset_index(drop=True)
    figures = _of_groups(measure, groups, frames, by, seconds)
    keys = groups[list(by)].take(figures.index.to_numpy())
    return pd.concat([keys.reset_index(drop=True), figures.reset_index(drop=True)], axis=1)


def _of_groups(
    measure: Measure | PerSecond | Quantiles | Mix,
    groups: pd.DataFrame,
    frames: Frames,
    by: Sequence[str],
    seconds: Spans,
) -> pd.DataFrame:
    match measure:
        case Measure():
            return measure.compute(groups)
        case PerSecond():
            return measure.compute(groups, _spans(seconds, groups))
        case Quantiles():
            return measure.compute(_needed(measure, frames, "latency"), groups, by)
        case Mix():
            return measure.compute(_needed(measure, frames, "mix"), groups, by)


def _without_the_wrong(measure: AnyMeasure, frames: Frames, by: Sequence[str], seconds: Spans) -> pd.DataFrame:
    """The good groups together, because a share of the whole takes all of them, and a row for each of the others."""
    match measure:
        case Probes():
            names = ["probe_requests", "probe_attempts"]
        case Quantiles() | Mix():
            names = [measure.of, "latency" if isinstance(measure, Quantiles) else "mix"]
        case _:
            names = [_fact(measure)]
    groups = dict.fromkeys(key for name in names for key in _keys(_needed(measure, frames, name), by))

    def compute(some: Collection[Group]) -> pd.DataFrame:
        return _computed(measure, _rows_of(measure, frames, by, some), by, seconds)

    wrong = contradictory(list(groups), compute)
    parts = [pd.DataFrame([[*group, note] for group, note in wrong.items()], columns=[*by, "note"])]
    if good := groups.keys() - wrong.keys():
        figures = compute(good)
        parts.append(figures.assign(note=_OF_LESS) if wrong and measure.name == "route_share" else figures)
    return pd.concat(parts, ignore_index=True)


def _keys(frame: pd.DataFrame, by: Sequence[str]) -> list[Group]:
    """The group of each row. Without columns there is one group, and no row of a frame tells it."""
    return list(frame[list(by)].itertuples(index=False, name=None)) if by else [()] * len(frame)


def _rows_of(measure: AnyMeasure, frames: Frames, by: Sequence[str], groups: Collection[Group]) -> Frames:
    """The rows of some groups, in the frames that the measure takes."""
    taken = {*measure.takes, *([measure.basis] if isinstance(measure, Quantiles | Mix) else [])}
    of_them = Frames(
        **{
            name: frame[np.array([key in groups for key in _keys(frame, by)], dtype=bool)]
            for name, frame in frames._asdict().items()
            if frame is not None and name in taken
        }
    )
    if not isinstance(measure, Probes):
        return of_them
    # Probes of one arm are compared with the user traffic of another, as far as that is any.
    users = _needed(measure, frames, "requests")
    return of_them._replace(requests=users[(users[list(measure.requests)] >= 0).all(axis=1)])


def _fact(measure: Measure | PerSecond | Quantiles | Mix) -> Fact:
    """Whose rows are its groups."""
    return measure.of if isinstance(measure, Quantiles | Mix) else measure.basis


def _spans(seconds: Spans, groups: pd.DataFrame) -> float | Numbers:
    """The span of all groups, or that of each one's bucket."""
    if not isinstance(seconds, Mapping):
        return seconds
    return np.array([seconds.get(bucket.to_pydatetime(), 0.0) for bucket in pd.to_datetime(groups[BUCKET])])


def _needed(measure: AnyMeasure, frames: Frames, name: str) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(frames, name)
    if frame is None:
        raise ValueError(f"{measure.name} takes the frame {name}, which was not read")
    return frame
