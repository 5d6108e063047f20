"""Are the rollups what the raw rows say? A day at a time, as of the cursors.

A comparison starts from the raw rows and reads no rollup on the way; it sees one moment of the database, so that ticks
may go on beside it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from store.days import attached_days, span_of_day
from store.rollups.adding import EVER, TARGETS, Target, minutes_from, name_deltas
from store.rollups.closing import WEEKS
from store.rollups.rebuilding import sum_day
from store.rollups.tick import keep_days, prepare_tick, see_one_moment
from store.rollups.weeks import WEEK, closed_weeks
from store.sessions import Sessions

_SHOWN = 5
_FOREVER = datetime.max.replace(tzinfo=UTC)


class Difference(NamedTuple):
    """One rollup row that is not what the raw rows say; None on a side that has no such row."""

    table: str
    bucket: datetime
    # The values of its key that are not empty, by name.
    key: Mapping[str, str]
    columns: Sequence[str]
    expected: Sequence[str] | None
    stored: Sequence[str] | None


class Compared(NamedTuple):
    """A day, or a week by its Monday: how many rows were compared and how many differ, the first of each table."""

    day: date
    rows: int
    different: int
    first: Sequence[Difference]


class Comparable(NamedTuple):
    """Days that can be compared, and those that cannot be with why."""

    days: Sequence[date]
    left_out: Sequence[tuple[date, str]]


def comparable_days(sessions: Sessions, *, since: date | None = None) -> Comparable:
    """The days of which all raw rows are there. Raises StoreAway."""
    with sessions.read() as db:
        attached = attached_days(db, "traces") & attached_days(db, "attempts")
        reasons = db.execute(
            text("SELECT day, string_agg(reason, ', ' ORDER BY reason) FROM incomplete_days GROUP BY 1")
        )
        incomplete = {row[0]: row[1] for row in reasons}
        rolled_up = {
            row[0] for row in db.execute(text("SELECT DISTINCT CAST(bucket AS date) FROM request_rollups_day"))
        }
    days = sorted(day for day in attached if day not in incomplete and (since is None or day >= since))
    gone = dict.fromkeys(rolled_up - attached, "retention")
    left_out = sorted((day, why) for day, why in (gone | incomplete).items() if since is None or day >= since)
    return Comparable(days, left_out)


def compare_day(sessions: Sessions, day: date) -> Compared:
    """Compare a day's rollups with its raw rows, of all batches that the rollups have read. Raises StoreAway."""
    begin, end = span_of_day(day)
    with sessions.write(prepare=prepare_tick) as db:
        see_one_moment(db)
        keep_days(db)
        sum_day(db, begin, end)
        # Whatever there was room for was admitted when it was counted.
        name_deltas(db, values_a_day=0, keys_a_day=0)
        minutes = max(begin, minutes_from(db))
        found = [
            _compare(db, target, minutes if target.level == "minute" else begin, end)
            for target in TARGETS
            if target.level != "minute" or minutes < end
        ]
    return Compared(
        day,
        sum(rows for rows, _, _ in found),
        sum(different for _, different, _ in found),
        [difference for *_, first in found for difference in first],
    )


def weeks_to_compare(sessions: Sessions, *, since: date | None = None) -> Sequence[date]:
    """The Mondays of the weeks that are closed and over since then. Raises StoreAway."""
    with sessions.read() as db:
        # A week that ends with this day is one of them.
        begin = EVER if since is None else span_of_day(since)[1] - WEEK
        return [week.date() for week in closed_weeks(db, begin, _FOREVER)]


def compare_week(sessions: Sessions, monday: date) -> Compared:
    """Compare a closed week's rows with those of its days; 0 rows where it is not closed. Raises StoreAway."""
    begin, _ = span_of_day(monday)
    with sessions.snapshot() as db:
        db.execute(text("SET LOCAL statement_timeout = 0"))
        if not closed_weeks(db, begin, begin + WEEK):
            return Compared(monday, 0, 0, [])
        return Compared(monday, *_compare(db, WEEKS, begin, begin + WEEK))


def _compare(db: Connection, target: Target, begin: datetime, end: datetime) -> tuple[int, int, list[Difference]]:
    """Rows on both sides, how many differ, and the first of these."""
    key, values = ", ".join(target.key), ", ".join(target.values)
    expected, stored = (", ".join(f"{side}.{name}" for name in target.values) for side in ("e", "s"))
    # One of them is NULL as a whole where a side has no such row.
    as_text = ", ".join(
        f"CASE WHEN {side}.here THEN ARRAY[{', '.join(f'CAST({side}.{name} AS text)' for name in target.values)}] END"
        for side in ("e", "s")
    )
    query = text(
        f"WITH e AS (SELECT true AS here, e.* FROM ({target.rows}) e),"
        f" s AS (SELECT true AS here, {key}, {values} FROM {target.table} WHERE bucket >= :since AND bucket < :end)"
        f" SELECT {key}, {as_text}, count(*) FILTER (WHERE ROW(e.here, {expected}) IS DISTINCT FROM"
        f" ROW(s.here, {stored})) OVER () AS different, count(*) OVER () AS rows"
        f" FROM e FULL JOIN s USING ({key})"
        f" ORDER BY ROW(e.here, {expected}) IS DISTINCT FROM ROW(s.here, {stored}) DESC, {key} LIMIT {_SHOWN}"
    )
    rows = db.execute(query, {"since": begin, "end": end}).all()
    if not rows:
        return 0, 0, []
    width = len(target.key)
    first = [
        Difference(target.table, row[0], _named(db, row, target), tuple(target.values), row[width], row[width + 1])
        for row in rows[: rows[0].different]
    ]
    return rows[0].rows, rows[0].different, first


def _named(db: Connection, row: Sequence[Any], target: Target) -> dict[str, str]:
    """The key of a row, in words; a difference may be that its key is nowhere."""
    named: dict[str, str] = {}
    for table in ("request_keys", "attempt_keys", "tenant_keys", "shadow_keys"):
        found = db.execute(text(f"SELECT * FROM {table} WHERE key_id = :key_id"), {"key_id": row[1]}).mappings().first()
        if found is not None:
            named = {name: str(value) for name, value in found.items() if name != "key_id" and value not in ("", 0)}
    return named | dict(zip(target.key[2:], row[2 : len(target.key)], strict=True))
