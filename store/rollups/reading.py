"""Sums of a span of time, by some of their keys: what measures are computed from. Never reads a trace.

A span is covered by whole days, the rest by hours, and what is still left by minutes, as far back as there are any.
Coarser rows that say the same stand in for finer ones, so all statements of a transaction have to see one moment.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Connection, RowMapping, text

from store.rollups.adding import LEVELS
from store.rollups.grouping import ATTEMPTS, REQUESTS, SHADOWS, Family
from store.rollups.keys import ANSWER_ROLES
from store.rollups.weeks import WEEK, closed_weeks

# A connection, for who knows no SQL.
Database = Connection
Level = Literal["minute", "hour", "day"]
FamilyName = Literal["request", "attempt", "shadow"]
_STEP: dict[str, timedelta] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FAMILIES = {family.name: family for family in (REQUESTS, ATTEMPTS, SHADOWS)}
# Bins and mixes stand under keys of both families.
_FAMILY_OF = {kind: family for family in _FAMILIES.values() for kind, _ in (*family.times, *family.mixes)}


class Part(NamedTuple):
    """A part of a span that one level of rollups covers: begin <= bucket < end."""

    level: Level | Literal["week"]
    begin: datetime
    end: datetime


class Wanted(NamedTuple):
    """Which rows: equal values of key columns, and whose traffic.

    `traffic`: `user` is neither shadow nor probe, `probe` is test traffic, `all` is both and shadows too.
    """

    where: Mapping[str, str | int] = {}
    traffic: Literal["user", "probe", "all"] = "user"
    answers_only: bool = True


# Many rows are worth a person's wait. Compiling a statement takes longer than it saves; with the default of 4 MB for
# sorts and hashes, the bins of many groups are sorted on disk.
_FOR_A_REPORT = text("SET LOCAL statement_timeout = '5min'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")


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


def await_report(db: Connection) -> None:
    """Have this transaction read as long as somebody may wait for a report."""
    db.execute(_FOR_A_REPORT)


def read_sums(
    db: Connection,
    family: FamilyName,
    parts: Sequence[Part],
    by: Sequence[str],
    wanted: Wanted,
    *,
    columns: Collection[str] | None = None,
) -> Sequence[RowMapping]:
    """One row for each value of `by` (key columns, or `minute`, `hour`, `day`): these, and sums in the family's order.

    `columns` names the sums; without it they are all there. A bucket needs parts of its level or finer. Raises
    ValueError where the family has no such column or sum.
    """
    one = _FAMILIES[family]
    sums = {name: f"r.{name}" for name in _sums_of(one, columns)}
    return _grouped(db, f"{family}_rollups", one, parts, by, wanted, _Read([], sums))


def can_split(family: FamilyName, names: Sequence[str]) -> bool:
    """Whether the family's rows have these columns."""
    return set(names) <= {*_FAMILIES[family].key_names, *_STEP}


def read_bins(
    db: Connection, kinds: Sequence[str], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
) -> Sequence[RowMapping]:
    """One row for each value of `by`, kind and bin, with `count`. The kinds belong to one family."""
    # Taking both arrays apart takes nearly twice as long as taking one apart and looking into the other.
    apart = "CROSS JOIN LATERAL unnest(r.bins) WITH ORDINALITY AS b(bin, position)"
    read = _Read(["kind", "bin"], {"count": "r.counts[b.position]"}, apart)
    return _grouped(db, "latency_rollups", _family_of(kinds), parts, by, wanted, read, kinds)


def read_mix(
    db: Connection, kinds: Sequence[str], parts: Sequence[Part], by: Sequence[str], wanted: Wanted
) -> Sequence[RowMapping]:
    """One row for each value of `by`, kind and value, with `count`. The kinds belong to one family."""
    read = _Read(["kind", "value"], {"count": "r.count"})
    return _grouped(db, "mix_rollups", _family_of(kinds), parts, by, wanted, read, kinds)


def _in_fewer_rows(db: Connection, table: str, parts: Sequence[Part], by: Sequence[str]) -> Sequence[Part]:
    """The same span by coarser rows, where there are some that say the same, and `by` asks for nothing finer."""
    if {"minute", "hour"} & set(by):
        return parts
    parts = _with_last_day(db, table, parts)
    return parts if table != "latency_rollups" or "day" in by else _with_closed_weeks(db, parts)


def _with_closed_weeks(db: Connection, parts: Sequence[Part]) -> list[Part]:
    """The same span, with weeks in place of days where weeks are closed."""
    found: list[Part] = []
    for part in parts:
        is_long = part.level == "day" and part.end - part.begin >= WEEK
        found += split_by_weeks(part, closed_weeks(db, part.begin, part.end) if is_long else ())
    return found


def split_by_weeks(part: Part, weeks: Sequence[datetime]) -> list[Part]:
    """The part without these weeks, and these weeks in their places; those that follow each other are one part."""
    found: list[Part] = []
    at = part.begin
    for week in weeks:
        if found and found[-1].level == "week" and at == week:
            found[-1] = found[-1]._replace(end=week + WEEK)
        else:
            found += [*([part._replace(begin=at, end=week)] if at < week else []), Part("week", week, week + WEEK)]
        at = week + WEEK
    return [*found, part._replace(begin=at)] if at < part.end else found


def _with_last_day(db: Connection, table: str, parts: Sequence[Part]) -> list[Part]:
    """The last day as a whole, where nothing is stored of it behind the span: one that ends now reads no hours."""
    if not parts:
        return []
    end = parts[-1].end
    midnight = _floor(end, "day")
    before = [part for part in parts if part.begin < midnight]
    last_day = Part("day", midnight, midnight + _STEP["day"])
    if (before[-1].end if before else parts[0].begin) != midnight or end == midnight:
        return list(parts)
    behind = f"SELECT EXISTS (SELECT FROM {table}_{parts[-1].level} WHERE bucket >= :end AND bucket < :end_of_day)"
    if db.execute(text(behind), {"end": end, "end_of_day": last_day.end}).scalar_one():
        return list(parts)
    if before and before[-1].level == "day":
        return [*before[:-1], before[-1]._replace(end=last_day.end)]
    return [*before, last_day]


class _Read(NamedTuple):
    """What a statement groups by beside the reader's columns, what it adds up under which name, and of what."""

    groups: Sequence[str]
    sums: Mapping[str, str]
    apart: str = ""


def _grouped(
    db: Connection,
    table: str,
    family: Family,
    parts: Sequence[Part],
    by: Sequence[str],
    wanted: Wanted,
    read: _Read,
    kinds: Sequence[str] = (),
) -> Sequence[RowMapping]:
    """Rows beside their keys, grouped part by part and then over all parts.

    A part is one table, whose statistics say how many groups there will be and how long arrays are: PostgreSQL then
    shares the work among processes. Over several tables it knows neither and sorts millions of rows instead.
    """
    parts = _in_fewer_rows(db, table, parts, by)
    condition, parameters = _condition(family, by, wanted)
    if kinds:
        condition, parameters["kinds"] = f"{condition} AND r.kind = ANY(:kinds)", list(kinds)
    groups = [*by, *read.groups]
    group_by = f"GROUP BY {', '.join(str(number + 1) for number in range(len(groups))) or '()'} HAVING count(*) > 0"
    pieces = []
    for number, part in enumerate(parts):
        parameters |= {f"begin_{number}": part.begin, f"end_{number}": part.end}
        columns = [_column(name, part) for name in by] + list(read.groups)
        sums = [f"sum({of}) AS {name}" for name, of in read.sums.items()]
        pieces.append(
            f"SELECT {', '.join([*columns, *sums])} FROM {table}_{part.level} r"
            f" JOIN {family.name}_keys k USING (key_id) {read.apart}"
            f" WHERE r.bucket >= :begin_{number} AND r.bucket < :end_{number} AND {condition} {group_by}"
        )
    if not pieces:
        return []
    sums = [f"sum({name}) AS {name}" for name in read.sums]
    statement = f"SELECT {', '.join([*groups, *sums])} FROM ({' UNION ALL '.join(pieces)}) p {group_by}"
    return db.execute(text(statement), parameters).mappings().all()


def _column(name: str, part: Part) -> str:
    """A key, or the bucket as it is in a part of the same level."""
    if name not in _STEP:
        return f"k.{name}"
    return f"r.bucket AS {name}" if name == part.level else f"date_trunc('{name}', r.bucket) AS {name}"


def _sums_of(family: Family, columns: Collection[str] | None) -> list[str]:
    """The names of sums, in the order of the family."""
    if unknown := set(columns or ()) - set(family.sum_names):
        msg = f"{family.name}s have no sum {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    return [name for name in family.sum_names if columns is None or name in columns]


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
    if family is SHADOWS:
        # All of them shadow users' requests.
        conditions.append("false" if wanted.traffic == "probe" else "true")
    elif wanted.traffic == "user":
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
