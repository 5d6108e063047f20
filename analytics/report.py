"""One report: the measures of a span of time, by the columns that a reader asked for, from the rollups alone."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import pandas as pd

from analytics.frames import ATTEMPT_COLUMNS, BUCKET, REQUEST_COLUMNS, Frames
from analytics.measures.definition import AnyMeasure, Mix, Probes, Quantiles
from analytics.measures.registry import REGISTRY
from analytics.measures.table import MeasuresTable, measures_table
from store.rollups.keys import ATTEMPT_MIXES, ATTEMPT_TIMES, REQUEST_MIXES, REQUEST_TIMES
from store.rollups.reading import Database, Level, Part, Rows, Wanted, read_bins, read_mix, read_sums
from store.sessions import Sessions

STEPS: Mapping[str, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
Facts = Literal["requests", "attempts"]
_PROBE = "probe"
_TIMES: Mapping[Facts, Sequence[str]] = {"requests": REQUEST_TIMES, "attempts": ATTEMPT_TIMES}
_MIXES: Mapping[Facts, Sequence[str]] = {"requests": REQUEST_MIXES, "attempts": ATTEMPT_MIXES}


class Asked(NamedTuple):
    """What a reader asked for.

    `parts` cover the span. `by` are key columns; `step` splits time too. `where` keeps rows of equal keys. `only` names
    measures; None is all of them.
    """

    parts: Sequence[Part]
    by: Sequence[str] = ()
    step: Level | None = None
    where: Mapping[str, str | int] = {}
    traffic: Literal["user", "probe", "all"] = "user"
    only: Collection[str] | None = None

    @property
    def seconds(self) -> float:
        """Of one bucket, or of the whole span."""
        if self.step is not None:
            return STEPS[self.step].total_seconds()
        return sum((part.end - part.begin).total_seconds() for part in self.parts)

    @property
    def columns(self) -> list[str]:
        """The columns by which its rows are told apart."""
        return [*([] if self.step is None else [BUCKET]), *self.by]


def report(sessions: Sessions, asked: Asked) -> MeasuresTable:
    """The measures that were asked for; those that its columns cannot split, or keep apart, are named beside them.

    Raises StoreAway, and ValueError for a column or a measure that there is not.
    """
    chosen = [measure for measure in REGISTRY if asked.only is None or measure.name in asked.only]
    kept = [measure for measure in chosen if measure.splits_by([*asked.columns, *asked.where])]
    names = {measure.name for measure in kept}
    if not kept:
        return MeasuresTable(measures_table(Frames(), asked.columns, 0, only=()).rows, tuple(_names(chosen)))
    # Ticks go on meanwhile, and times must not be more than what was timed.
    with sessions.snapshot() as db:
        frames = read_frames(db, asked, kept)
    table = measures_table(frames, asked.columns, asked.seconds, only=names)
    rows = table.rows if asked.step is None else table.rows.sort_values(BUCKET, kind="stable", ignore_index=True)
    return MeasuresTable(rows, tuple(name for name in _names(chosen) if name not in names))


def read_frames(db: Database, asked: Asked, measures: Sequence[AnyMeasure]) -> Frames:
    """What these measures take, and nothing else; `asked.only` is not looked at."""
    return _Reader(db, asked).frames(measures)


def request_sums(sessions: Sessions, asked: Asked) -> pd.DataFrame:
    """The sums of requests alone, one row for each group. Raises StoreAway."""
    with sessions.snapshot() as db:
        return _Reader(db, asked).sums("request", asked.columns, Wanted(asked.where, asked.traffic))


class _Reader(NamedTuple):
    """Reads the frames of one report."""

    db: Database
    asked: Asked

    def frames(self, measures: Sequence[AnyMeasure]) -> Frames:
        """Those that these measures take, and no others."""
        asked = self.asked
        facts = {_facts(measure) for measure in measures} - {None}
        times = {measure.of for measure in measures if isinstance(measure, Quantiles)}
        mixes = {measure.of for measure in measures if isinstance(measure, Mix)}
        probes = any(isinstance(measure, Probes) for measure in measures)
        user, tests = Wanted(asked.where, asked.traffic), Wanted(asked.where, "probe")
        by_probe = [*asked.columns, _PROBE]
        return Frames(
            requests=self.sums("request", asked.columns, user) if probes or "requests" in facts else None,
            attempts=self.sums("attempt", asked.columns, user) if "attempts" in facts else None,
            latency=self._by_kind(read_bins, _TIMES, times, "bin") if times else None,
            mix=self._by_kind(read_mix, _MIXES, mixes, "value") if mixes else None,
            probe_requests=self.sums("request", by_probe, tests) if probes else None,
            probe_attempts=self.sums("attempt", by_probe, tests) if probes else None,
        )

    def sums(self, family: Literal["request", "attempt"], columns: Sequence[str], wanted: Wanted) -> pd.DataFrame:
        """One row for each group."""
        rows = read_sums(self.db, family, self.asked.parts, self._stored(columns), wanted)
        return _framed(rows, [*columns, *(REQUEST_COLUMNS if family == "request" else ATTEMPT_COLUMNS)])

    def _by_kind(
        self, read: Rows, kinds: Mapping[Facts, Sequence[str]], facts: Collection[Facts], value: str
    ) -> pd.DataFrame:
        asked = self.asked
        wanted, by = Wanted(asked.where, asked.traffic), self._stored(asked.columns)
        rows = [row for of in sorted(facts) for row in read(self.db, kinds[of], asked.parts, by, wanted)]
        return _framed(rows, [*asked.columns, "kind", value, "count"])

    def _stored(self, columns: Sequence[str]) -> list[str]:
        """As the store calls them: a bucket by its step."""
        step = self.asked.step
        return [step if name == BUCKET and step is not None else name for name in columns]


def _facts(measure: AnyMeasure) -> Facts | None:
    if isinstance(measure, Probes):
        return None
    return measure.of if isinstance(measure, Quantiles | Mix) else measure.basis


def _names(measures: Sequence[AnyMeasure]) -> list[str]:
    return [measure.name for measure in measures]


def _framed(rows: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows under these names, in order; also without rows."""
    values: list[tuple[Any, ...]] = [tuple(row.values()) for row in rows]
    return pd.DataFrame(values, columns=list(columns))


def span_of(parts: Sequence[Part]) -> tuple[datetime, datetime] | None:
    """Where the parts begin and end; None where there are none."""
    return (parts[0].begin, parts[-1].end) if parts else None


def buckets_of(asked: Asked) -> list[datetime]:
    """The beginnings of all buckets of the span; none where time is not split."""
    span = span_of(asked.parts)
    if span is None or asked.step is None:
        return []
    step = STEPS[asked.step]
    begin = span[0] - (span[0] - datetime.min.replace(tzinfo=span[0].tzinfo)) % step
    return [begin + number * step for number in range(math.ceil((span[1] - begin) / step))]
