"""One report: the measures of a span of time, by the columns that a reader asked for, from the rollups alone."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import pandas as pd

from analytics.frames import ATTEMPT_COLUMNS, BUCKET, REQUEST_COLUMNS, SHADOW_COLUMNS, Frames
from analytics.measures.definition import AnyMeasure, Fact, FrameOfSums, Mix, Quantiles
from analytics.measures.registry import REGISTRY
from analytics.measures.table import MeasuresTable, measures_table
from store.rollups.freshness import read_freshness
from store.rollups.reading import (
    Database,
    FamilyName,
    Level,
    Part,
    Rows,
    Wanted,
    await_report,
    read_bins,
    read_mix,
    read_sums,
)
from store.sessions import Sessions

STEPS: Mapping[str, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_PROBE = "probe"
_SUMS: Mapping[FamilyName, Sequence[str]] = {
    "request": REQUEST_COLUMNS,
    "attempt": ATTEMPT_COLUMNS,
    "shadow": SHADOW_COLUMNS,
}


class Asked(NamedTuple):
    """What a reader asked for.

    `parts` cover the span. `by` are key columns; `step` splits time too. `where` keeps rows of equal keys. `only` names
    measures; None is all of them. What comes after `counted_until` is not over, or not counted, and no rate is divided
    by it; None: all of the span is counted. Who reads sums asks anew, in the same sight of the store (`as_counted`).
    """

    parts: Sequence[Part]
    by: Sequence[str] = ()
    step: Level | None = None
    where: Mapping[str, str | int] = {}
    traffic: Literal["user", "probe", "all"] = "user"
    only: Collection[str] | None = None
    counted_until: datetime | None = None

    @property
    def counted(self) -> list[Part]:
        """The parts as far as they are counted."""
        ends = [part.end if self.counted_until is None else min(part.end, self.counted_until) for part in self.parts]
        parts = zip(self.parts, ends, strict=True)
        return [Part(part.level, part.begin, end) for part, end in parts if end > part.begin]

    @property
    def seconds(self) -> float:
        """How long the span is, as far as it is counted."""
        return sum((part.end - part.begin).total_seconds() for part in self.counted)

    @property
    def bucket_seconds(self) -> dict[datetime, float]:
        """The same for each bucket, by its beginning. Parts are of the step or finer."""
        step = STEPS[self.step or "day"]
        found: dict[datetime, float] = {}
        for part in self.counted:
            begin = part.begin
            while begin < part.end:
                bucket = _beginning(begin, step)
                end = min(part.end, bucket + step)
                found[bucket] = found.get(bucket, 0.0) + (end - begin).total_seconds()
                begin = end
        return found

    @property
    def columns(self) -> list[str]:
        """The columns by which its rows are told apart."""
        return [*([] if self.step is None else [BUCKET]), *self.by]


def report(sessions: Sessions, asked: Asked) -> MeasuresTable:
    """The measures that were asked for; those that its columns cannot split, or keep apart, are named beside them.

    Raises StoreAway, and ValueError for a column or a measure that there is not.
    """
    kept = kept_of(asked)
    if not kept:
        return tabled(Frames(), asked)
    # Ticks go on meanwhile, and times must not be more than what was timed.
    with sessions.snapshot() as db:
        await_report(db)
        asked = as_counted(db, asked)
        frames = read_frames(db, asked, kept)
    return tabled(frames, asked)


def as_counted(db: Database, asked: Asked) -> Asked:
    """Counted as far as it is in the sight of this transaction: what a tick adds later is in no sum either."""
    if asked.counted_until is None:
        return asked
    fresh = read_freshness(db)
    return asked._replace(counted_until=fresh.now - fresh.behind)


def kept_of(asked: Asked) -> list[AnyMeasure]:
    """The measures that were asked for and can be told apart by the columns."""
    chosen = [measure for measure in REGISTRY if asked.only is None or measure.name in asked.only]
    return [measure for measure in chosen if measure.splits_by([*asked.columns, *asked.where])]


def tabled(frames: Frames, asked: Asked) -> MeasuresTable:
    """The measures of what was read."""
    chosen = [measure.name for measure in REGISTRY if asked.only is None or measure.name in asked.only]
    names = {measure.name for measure in kept_of(asked)}
    table = measures_table(
        frames, asked.columns, asked.seconds if asked.step is None else asked.bucket_seconds, only=names
    )
    rows = table.rows if asked.step is None else table.rows.sort_values(BUCKET, kind="stable", ignore_index=True)
    return MeasuresTable(rows, tuple(name for name in chosen if name not in names))


def read_frames(db: Database, asked: Asked, measures: Sequence[AnyMeasure]) -> Frames:
    """What these measures take, and nothing else; `asked.only` is not looked at."""
    return _Reader(db, asked).frames(measures)


def read_family(sessions: Sessions, family: FamilyName, asked: Asked, sums: Collection[str]) -> pd.DataFrame:
    """These sums of requests, attempts or shadows as they are, one row for each group.

    Raises StoreAway, and ValueError for one that is not.
    """
    with sessions.snapshot() as db:
        await_report(db)
        return family_sums(db, family, asked, sums)


def family_sums(db: Database, family: FamilyName, asked: Asked, sums: Collection[str]) -> pd.DataFrame:
    """The same in a transaction that may read other things too. Raises ValueError for one that is not."""
    return _Reader(db, asked).sums(family, asked.columns, Wanted(asked.where, asked.traffic), sums)


class _Reader(NamedTuple):
    """Reads the frames of one report."""

    db: Database
    asked: Asked

    def frames(self, measures: Sequence[AnyMeasure]) -> Frames:
        """Those that these measures take, and no others."""
        asked = self.asked
        taken: dict[FrameOfSums, set[str]] = {}
        for measure in measures:
            for frame, sums in measure.takes.items():
                taken.setdefault(frame, set()).update(sums)
        user, tests = Wanted(asked.where, asked.traffic), Wanted(asked.where, "probe")
        by_probe = [*asked.columns, _PROBE]
        sources: Mapping[FrameOfSums, tuple[FamilyName, Sequence[str], Wanted]] = {
            "requests": ("request", asked.columns, user),
            "attempts": ("attempt", asked.columns, user),
            "probe_requests": ("request", by_probe, tests),
            "probe_attempts": ("attempt", by_probe, tests),
            "shadows": ("shadow", asked.columns, user),
        }
        return Frames(
            latency=self._by_kind(read_bins, [one for one in measures if isinstance(one, Quantiles)], "bin"),
            mix=self._by_kind(read_mix, [one for one in measures if isinstance(one, Mix)], "value"),
            **{frame: self.sums(*sources[frame], sums) for frame, sums in taken.items()},
        )

    def sums(self, family: FamilyName, columns: Sequence[str], wanted: Wanted, names: Collection[str]) -> pd.DataFrame:
        """One row for each group, with the sums of these names."""
        order = [name for name in _SUMS[family] if name in names]
        rows = read_sums(self.db, family, self.asked.parts, self._stored(columns), wanted, columns=names)
        return _framed(rows, [*columns, *order])

    def _by_kind(self, read: Rows, measures: Sequence[Quantiles] | Sequence[Mix], value: str) -> pd.DataFrame | None:
        """The rows of their kinds; each statement reads those of one family."""
        if not measures:
            return None
        asked = self.asked
        wanted, by = Wanted(asked.where, asked.traffic), self._stored(asked.columns)
        kinds: dict[Fact, list[str]] = {}
        for measure in measures:
            kinds.setdefault(measure.of, []).append(measure.kind)
        rows = [row for of in sorted(kinds) for row in read(self.db, kinds[of], asked.parts, by, wanted)]
        return _framed(rows, [*asked.columns, "kind", value, "count"])

    def _stored(self, columns: Sequence[str]) -> list[str]:
        """As the store calls them: a bucket by its step."""
        step = self.asked.step
        return [step if name == BUCKET and step is not None else name for name in columns]


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
    begin = _beginning(span[0], step)
    return [begin + number * step for number in range(math.ceil((span[1] - begin) / step))]


def _beginning(moment: datetime, step: timedelta) -> datetime:
    """Of the minute, hour or day that holds the moment, in its time zone (UTC)."""
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % step
