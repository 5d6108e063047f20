"""The day partitions of `traces` and `attempts`: made ahead, attached, detached, dropped.

A day is made as a table of its own and then attached, because CREATE … PARTITION OF waits behind every open SELECT. A
unique index on `trace_id` stands on each day alone: PostgreSQL has none over all partitions without the start in it.
The function `make_days` of the database does it (migrations), as the tables' owner: ATTACH needs ownership, which a
role that only stores must not have. Whoever drops days is the owner, or a member of it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import OperationalError

from store.rollups.cursors import oldest_unread
from store.sessions import Sessions
from store.sorting import KeptDays, utc_day

DAYS_AHEAD = 7
PARTITIONED = ("traces", "attempts")
PARTITION_NAME = re.compile(r"^(traces|attempts)_(\d{8})$")
# One maker (the function locks the number before this) and one dropper at a time, over all processes.
_DROPPING_DAYS = 0x706F_696E_7473 + 1
_FINALIZE_TIMEOUT = "1s"
# A transaction that makes thousands of tables needs more locks than PostgreSQL has, and holds up the other makers.
_DAYS_AT_ONCE = 30


class Maintenance(NamedTuple):
    """What one round of maintenance did."""

    made: list[date]
    dropped: list[date]


class Days:
    """The days that exist, and how far back the store reaches. Remembers what it has seen attached."""

    def __init__(self, sessions: Sessions, *, raw_retention: timedelta) -> None:
        self._sessions = sessions
        self._retention = raw_retention
        self._attached: set[date] = set()

    def kept(self) -> KeptDays:
        """The days that the store takes now, by the database's clock. Raises StoreAway."""
        with self._sessions.read() as db:
            now: datetime = db.execute(select(func.clock_timestamp())).scalar_one()
        return KeptDays(now, utc_day(now - self._retention), utc_day(now + timedelta(days=DAYS_AHEAD)))

    def forget(self) -> None:
        """Look again which days exist: maintenance may have dropped one."""
        self._attached.clear()

    def ensure(self, days: Iterable[date]) -> list[date]:
        """Make and attach the days that are missing; returns those that were made. Raises StoreAway."""
        wanted = set(days) - self._attached
        if not wanted:
            return []
        with self._sessions.read() as db:
            missing = sorted(wanted - _whole_days(db))
        made: list[date] = []
        for begin in range(0, len(missing), _DAYS_AT_ONCE):
            made += self._make(missing[begin : begin + _DAYS_AT_ONCE])
        self._attached |= wanted
        return made

    def _make(self, missing: Sequence[date]) -> list[date]:
        """In a transaction, so that nobody sees half a day, and a maker that stands still loses its turn."""
        with self._sessions.write() as db:
            made: list[date] = db.execute(text("SELECT make_days(:days)"), {"days": list(missing)}).scalar_one()
        return made

    def maintain(self) -> Maintenance:
        """Make the days ahead, finish detaches that were cut short, drop the days past retention.

        Raises StoreAway. Safe to run in several processes, and to kill at any point: the next round finishes.
        """
        kept = self.kept()
        today = utc_day(kept.now)
        self.forget()
        made = self.ensure(today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1))
        return Maintenance(made, self._drop_before(self._first_unread(kept.oldest)))

    def _first_unread(self, oldest: date) -> date:
        """The oldest day kept, or an older one of which some job has not read all."""
        with self._sessions.read() as db:
            started_at = oldest_unread(db).started_at
        return oldest if started_at is None else min(oldest, utc_day(started_at))

    def first_attached(self) -> date | None:
        """The oldest day of which something is there. Raises StoreAway."""
        with self._sessions.read() as db:
            return min((day for table in PARTITIONED for day in attached_days(db, table)), default=None)

    def ahead(self) -> int:
        """How many days after today are ready. Raises StoreAway."""
        with self._sessions.read() as db:
            today = utc_day(db.execute(select(func.clock_timestamp())).scalar_one())
            ready = _whole_days(db)
        return sum(today + timedelta(days=ahead) in ready for ahead in range(1, DAYS_AHEAD + 1))

    def _drop_before(self, oldest: date) -> list[date]:
        dropped: set[date] = set()
        with self._sessions.autocommit() as db:
            if not _take_turn(db):
                return []
            try:
                db.execute(text("SET statement_timeout = 0"))
                _note_dropped(db, oldest)
                for table in PARTITIONED:
                    if not _finish_detaches(db, table):
                        break
                    _detach_before(db, table, oldest)
                    for day in sorted(_loose_days(db, table)):
                        if day < oldest:
                            db.execute(text(f"DROP TABLE {partition_name(table, day)}"))
                            dropped.add(day)
            finally:
                if not db.invalidated:
                    db.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _DROPPING_DAYS})
                    # Its waits have no limit any more.
                    db.invalidate()
        self._attached -= dropped
        return sorted(dropped)


def _note_dropped(db: Connection, oldest: date) -> None:
    """Before a day goes: its sums are then all that there is of it, and must never be made again from less."""
    gone = sorted(day for day in attached_days(db, "traces") if day < oldest)
    if gone:
        db.execute(
            text(
                "INSERT INTO incomplete_days (day, reason)"
                " SELECT day, 'retention' FROM unnest(CAST(:gone AS date[])) day ON CONFLICT DO NOTHING"
            ),
            {"gone": gone},
        )


def partition_name(table: str, day: date) -> str:
    """The name of a day's partition."""
    return f"{table}_{day:%Y%m%d}"


def span_of_day(day: date) -> tuple[datetime, datetime]:
    """When it begins, and when the next one does, in UTC."""
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


def pages_of(db: Connection, table: str, day: date) -> int:
    """Pages of the day's partition, for who goes through it some at a time; 0 where retention has dropped it."""
    query = text("SELECT coalesce(pg_relation_size(to_regclass(:name)) / current_setting('block_size')::bigint, 0)")
    return int(db.execute(query, {"name": partition_name(table, day)}).scalar_one())


def attached_days(db: Connection, table: str) -> set[date]:
    """The days that are attached, without those whose detach is pending."""
    return _partitions(db, table, leaving=False)


def _leaving_days(db: Connection, table: str) -> set[date]:
    """Days whose detach was begun and not finished: it waits for readers, or was cut short."""
    return _partitions(db, table, leaving=True)


def _partitions(db: Connection, table: str, *, leaving: bool) -> set[date]:
    rows = db.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = CAST(:parent AS regclass) AND i.inhdetachpending = :leaving"
        ),
        {"parent": table, "leaving": leaving},
    )
    return {_day_of(name) for (name,) in rows}


def _whole_days(db: Connection) -> set[date]:
    return set.intersection(*(attached_days(db, table) for table in PARTITIONED))


def _loose_days(db: Connection, table: str) -> set[date]:
    """Days that exist as tables of their own: detached, or made and not yet attached."""
    rows = db.execute(
        text(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND NOT c.relispartition"
            " AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = CAST(:parent AS regclass))"
            " AND c.relname ~ :pattern"
        ),
        {"parent": table, "pattern": rf"^{table}_\d{{8}}$"},
    )
    return {_day_of(name) for (name,) in rows}


def _take_turn(db: Connection) -> bool:
    """Be the one who detaches and drops; False where somebody else is, or brings a day back."""
    return bool(db.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _DROPPING_DAYS}).scalar_one())


def _finish_detach(db: Connection, table: str, day: date) -> None:
    db.execute(text(f"ALTER TABLE {table} DETACH PARTITION {partition_name(table, day)} FINALIZE"))


def _finish_detaches(db: Connection, table: str) -> bool:
    """Finish detaches that were cut short; False where somebody still reads such a day.

    Nobody can attach a day while FINALIZE waits, so it gives up soon; the next round tries again.
    """
    db.execute(text(f"SET lock_timeout = '{_FINALIZE_TIMEOUT}'"))
    try:
        for day in sorted(_leaving_days(db, table)):
            _finish_detach(db, table, day)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return False
        raise
    return True


def _detach_before(db: Connection, table: str, oldest: date) -> None:
    # Cancelled half-way it wedges every later one: it may wait as long as a reader reads, and holds nothing meanwhile.
    db.execute(text("SET lock_timeout = 0"))
    for day in sorted(attached_days(db, table)):
        if day < oldest:
            db.execute(text(f"ALTER TABLE {table} DETACH PARTITION {partition_name(table, day)} CONCURRENTLY"))


def _day_of(name: str) -> date:
    return datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC).date()
