"""Sums of a span of time, by some of their keys: what measures are computed from. Never reads a trace.

A span is covered by whole days, the rest by hours, and what is still left by minutes, as far back as there are any.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Connection, RowMapping, text

from store.rollups.adding import LEVELS
from store.rollups.grouping import ATTEMPTS, REQUESTS, Family
from store.rollups.keys import ANSWER_ROLES

# A connection, for who knows no SQL.
Database = Connection
Level = Literal["minute", "hour", "day"]
_STEP = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FAMILIES = {family.name: family for family in (REQUESTS, ATTEMPTS)}
# Bins and mixes stand under keys of both families.
_FAMILY_OF = {kind: family for family in _FAMILIES.values() for kind, _ in (*family.times, *family.mixes)}


class Part(NamedTuple):
    """A part of a span that one level of rollups covers: begin <= bucket < end."""

    level: Level
    begin: datetime
    end: datetime


class Wanted(NamedTuple):
    """Which rows: equal values of key columns, and whose traffic.

    `traffic`: `user` is neither shadow nor probe, `probe` is test traffic, `all` is both and shadows too.
    """

    where: Mapping[str, str | int] = {}
    traffic: Literal["user", "probe", "all"] = "user"
    answers_only: bool = True


class Rows(Protocol):
    """Reads rows by kind: `read_bins` and `read_mix`."""

    def __call__(
        self, db: Connection, kinds: Sequence[str], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
    ) -> Sequence[RowMapping]:
        """One row for each value of `by` and kind, and one thing more, with `count`."""


def cover(since: datetime, until: datetime, *, minutes_from: datetime, coarsest: Level = "day") -> list[Part]:
    """Parts that cover since <= t < until, rounded outwards to the finest level that there is.

    Minutes where `since` is not before `minutes_from`, else hours. No part is coarser than `coarsest`. Empty where
    `until` is not behind `since`. Raises ValueError where minutes are asked for that are gone.
    """
    finest: Level = "minute" if since >= minutes_from else "hour"
    if _STEP[coarsest] < _STEP[finest]:
        msg = f"there are no minutes before {minutes_from:%Y-%m-%d}"
        raise ValueError(msg)
    begin, end = _floor(since, finest), _ceil(until, finest)
    levels = [level for level in reversed(LEVELS) if _STEP[finest] <= _STEP[level] <= _STEP[coarsest]]
    parts = _cover(begin, end, levels)
    return sorted(parts, key=lambda part: part.begin)


def _cover(begin: datetime, end: datetime, levels: Sequence[Any]) -> list[Part]:
    if begin >= end or not levels:
        return []
    level, finer = levels[0], levels[1:]
    first, last = _ceil(begin, level), _floor(end, level)
    if first >= last:
        return _cover(begin, end, finer)
    return [Part(level, first, last), *_cover(begin, first, finer), *_cover(last, end, finer)]


def _floor(moment: datetime, level: Level) -> datetime:
    kept = {"second": 0, "microsecond": 0}
    if level != "minute":
        kept["minute"] = 0
    if level == "day":
        kept["hour"] = 0
    return moment.replace(**kept)  # type: ignore[arg-type]  # the names are its own


def _ceil(moment: datetime, level: Level) -> datetime:
    floor = _floor(moment, level)
    return floor if floor == moment else floor + _STEP[level]


def read_sums(
    db: Connection, family: Literal["request", "attempt"], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
) -> Sequence[RowMapping]:
    """One row for each value of `by` (key columns, or `minute`, `hour`, `day`): these and every sum of the family.

    A bucket needs parts of its level or finer. Raises ValueError where the family has no such column.
    """
    one = _FAMILIES[family]
    condition, parameters = _condition(one, by, wanted)
    sums = ", ".join(f"sum({name}) AS {name}" for name in one.sum_names)
    buckets = [name for name in by if name in _STEP]
    rows = _rows_of(f"{family}_rollups", parts, buckets, sums, "key_id", parameters)
    if rows is None:
        return []
    names = [name if name in buckets else f"k.{name}" for name in by]
    statement = (
        f"SELECT {', '.join([*names, sums])} FROM ({rows}) r JOIN {family}_keys k USING (key_id)"
        f" WHERE {condition} GROUP BY {', '.join(names) or '()'} HAVING count(*) > 0"
    )
    return db.execute(text(statement), parameters).mappings().all()


def can_split(family: Literal["request", "attempt"], names: Sequence[str]) -> bool:
    """Whether the family's rows have these columns."""
    return set(names) <= {*_FAMILIES[family].key_names, *_STEP}


def read_bins(
    db: Connection, kinds: Sequence[str], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
) -> Sequence[RowMapping]:
    """One row for each value of `by`, kind and bin, with `count`. The kinds belong to one family."""
    family = _family_of(kinds)
    parameters: dict[str, Any] = {"kinds": list(kinds)}
    condition, values = _condition(family, by, wanted)
    parameters |= values
    buckets = [name for name in by if name in _STEP]
    pieces = []
    for number, part in enumerate(parts):
        parameters |= {f"begin_{number}": part.begin, f"end_{number}": part.end}
        cut = [f"date_trunc('{name}', bucket) AS {name}" for name in buckets]
        pieces.append(
            f"SELECT {', '.join([*cut, 'key_id', 'kind', 'bins', 'counts'])} FROM latency_rollups_{part.level}"
            f" WHERE bucket >= :begin_{number} AND bucket < :end_{number} AND kind = ANY(:kinds)"
        )
    if not pieces:
        return []
    names = [name if name in buckets else f"k.{name}" for name in by]
    groups = ", ".join([*names, "r.kind", "b.bin"])
    statement = (
        f"SELECT {groups}, sum(b.n) AS count FROM ({' UNION ALL '.join(pieces)}) r"
        f" JOIN {family.name}_keys k USING (key_id) CROSS JOIN LATERAL unnest(r.bins, r.counts) AS b(bin, n)"
        f" WHERE {condition} GROUP BY {groups}"
    )
    return db.execute(text(statement), parameters).mappings().all()


def read_mix(
    db: Connection, kinds: Sequence[str], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
) -> Sequence[RowMapping]:
    """One row for each value of `by`, kind and value, with `count`. The kinds belong to one family."""
    family = _family_of(kinds)
    parameters: dict[str, Any] = {"kinds": list(kinds)}
    condition, values = _condition(family, by, wanted)
    parameters |= values
    buckets = [name for name in by if name in _STEP]
    rows = _rows_of("mix_rollups", parts, buckets, "sum(count) AS count", "key_id, kind, value", parameters)
    if rows is None:
        return []
    groups = ", ".join([*(name if name in buckets else f"k.{name}" for name in by), "r.kind", "r.value"])
    statement = (
        f"SELECT {groups}, sum(r.count) AS count FROM ({rows}) r JOIN {family.name}_keys k USING (key_id)"
        f" WHERE r.kind = ANY(:kinds) AND {condition} GROUP BY {groups}"
    )
    return db.execute(text(statement), parameters).mappings().all()


def _rows_of(
    table: str, parts: Sequence[Part], buckets: Sequence[str], sums: str, key: str, parameters: dict[str, Any]
) -> str | None:
    """The rows of each part, summed by their keys first: there are far fewer keys than rows."""
    pieces = []
    for number, part in enumerate(parts):
        parameters |= {f"begin_{number}": part.begin, f"end_{number}": part.end}
        cut = [f"date_trunc('{name}', bucket) AS {name}" for name in buckets]
        groups = ", ".join([*(f"date_trunc('{name}', bucket)" for name in buckets), key])
        pieces.append(
            f"SELECT {', '.join([*cut, key, sums])} FROM {table}_{part.level}"
            f" WHERE bucket >= :begin_{number} AND bucket < :end_{number} GROUP BY {groups}"
        )
    return " UNION ALL ".join(pieces) or None


def _family_of(kinds: Sequence[str]) -> Family:
    (family,) = {_FAMILY_OF[kind] for kind in kinds}
    return family


def _condition(family: Family, by: Sequence[str], wanted: Wanted) -> tuple[str, dict[str, Any]]:
    unknown = {*by, *wanted.where} - {*family.key_names, *_STEP}
    if unknown:
        msg = f"{family.name}s have no {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    conditions = ["true"]
    parameters: dict[str, Any] = {}
    if wanted.traffic == "user":
        conditions.append("k.arm <> 'shadow' AND k.probe = ''")
    elif wanted.traffic == "probe":
        conditions.append("k.probe <> ''")
    if family is ATTEMPTS and wanted.answers_only:
        conditions.append("k.role = ANY(:roles)")
        parameters["roles"] = list(ANSWER_ROLES)
    for name, value in wanted.where.items():
        conditions.append(f"k.{name} = :of_{name}")
        parameters[f"of_{name}"] = value
    return " AND ".join(conditions), parameters
