"""Measures of the last minutes as gauges, from the rollups of minutes."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

from analytics.frames import Frames
from analytics.measures.registry import REGISTRY
from analytics.measures.table import measures_table
from analytics.report import Asked, read_frames
from analytics.scrape import families
from analytics.scrape.bounds import Labels, largest
from store.rollups.keys import OTHER
from store.rollups.reading import Database, cover

_WINDOW = timedelta(minutes=families.WINDOW_MINUTES)
_COLUMNS: Mapping[families.Family, str] = {
    families.VALUE: "value",
    families.LOW: "low",
    families.HIGH: "high",
    families.COVERAGE: "coverage",
    families.SAMPLES: "count",
}
_MEASURES = [measure for measure in REGISTRY if measure.name in families.HEADLINES]


class Window:
    """Reads the last whole minutes."""

    def __init__(self, *, most: int = families.MOST_WIDE_SETS) -> None:
        self.folded = 0
        self._most = most

    def read(self, db: Database, now: datetime, minutes_from: datetime) -> tuple[list[Metric], int]:
        """Every family of the window, and how many rows they were made from."""
        end = now.replace(second=0, microsecond=0)
        by = families.ROUTE
        parts = cover(end - _WINDOW, end, minutes_from=minutes_from, coarsest="minute")
        asked = Asked(parts, by)
        frames = read_frames(db, asked, _MEASURES)
        rows = sum(len(frame) for frame in frames if frame is not None)
        table = measures_table(self._bounded(frames, by), by, asked.seconds, only=families.HEADLINES)
        return _metrics(table.rows), rows

    def _bounded(self, frames: Frames, by: Sequence[str]) -> Frames:
        """As they are, or with the rows of small groups under `other`."""
        requests = frames.requests
        assert requests is not None
        groups = list(requests[list(by)].itertuples(index=False, name=None))
        self.folded = max(0, len(groups) - self._most)
        if not self.folded:
            return frames
        places = largest(dict(zip(groups, map(int, requests["requests"]), strict=True)), self._most)
        return Frames(*(None if frame is None else _folded(frame, by, places) for frame in frames))


def _folded(frame: pd.DataFrame, by: Sequence[str], places: set[Labels]) -> pd.DataFrame:
    keys = list(by)
    lost = [labels not in places for labels in frame[keys].itertuples(index=False, name=None)]
    frame.loc[lost, keys] = OTHER
    return frame.groupby([*keys, *(name for name in ("kind", "bin") if name in frame)], as_index=False).sum()


def _metrics(rows: pd.DataFrame) -> list[Metric]:
    """A sample for each figure that there is; no data is no sample, never 0."""
    metrics = {family: family.empty() for family in _COLUMNS}
    for row in rows.to_dict("records"):
        if not _is_shown(row):
            continue
        quantile = "" if math.isnan(row["quantile"]) else floatToGoString(row["quantile"])
        labels = {name: row[name] for name in (*families.ROUTE, "measure")} | {"q": quantile}
        for family, column in _COLUMNS.items():
            if not math.isnan(row[column]):
                metrics[family].add_sample(family.name, labels, row[column])
    return list(metrics.values())


def _is_shown(row: Mapping[Any, Any]) -> bool:
    quantiles = families.HEADLINES[row["measure"]]
    return not quantiles or row["quantile"] in quantiles
