"""Rollups made again from the raw rows, a day at a time, as of the cursors, with the room of the ticks of before."""

from datetime import date, datetime

from sqlalchemy import Connection, text

from store.days import attached_days, span_of_day
from store.rollups.adding import TARGETS, add_deltas, name_deltas
from store.rollups.cursors import ROLLUPS, read_cursors
from store.rollups.facts import gather_day
from store.rollups.grouping import group_facts
from store.rollups.keys import KEYS_A_DAY, VALUES_A_DAY
from store.rollups.shadows import gather_shadows
from store.rollups.tick import begin_job, prepare_tick
from store.rollups.weeks import reopen_week_of
from store.sessions import Sessions


def reopen_week(sessions: Sessions, monday: date) -> None:
    """Have readers read the days of a week again, until it is merged anew. Raises StoreAway."""
    with sessions.write() as db:
        begin_job(db, is_patient=True)
        reopen_week_of(db, span_of_day(monday)[0])


def rebuild_day(
    sessions: Sessions, day: date, *, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY
) -> bool:
    """Make a day's rollups again from its raw rows; ticks wait meanwhile. Raises StoreAway.

    False, and nothing is done, where not all raw rows of the day are there: what is gone would be counted no more.
    """
    with sessions.write(prepare=prepare_tick) as db:
        begin_job(db, is_patient=True)
        if not is_whole(db, day):
            return False
        make_again(db, day, values_a_day=values_a_day, keys_a_day=keys_a_day)
    return True


def is_whole(db: Connection, day: date) -> bool:
    """Whether all raw rows of the day are there, in a transaction that `begin_job` has begun."""
    if db.execute(text("SELECT 1 FROM incomplete_days WHERE day = :day"), {"day": day}).first():
        return False
    return day in attached_days(db, "traces") & attached_days(db, "attempts")


def make_again(db: Connection, day: date, *, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY) -> None:
    """The rollups of a whole day, from its raw rows, in a transaction that `begin_job` has begun."""
    begin, end = span_of_day(day)
    reopen_week_of(db, begin)
    for target in TARGETS:
        db.execute(
            text(f"DELETE FROM {target.table} WHERE bucket >= :begin AND bucket < :end"), {"begin": begin, "end": end}
        )
    sum_day(db, begin, end)
    name_deltas(db, values_a_day=values_a_day, keys_a_day=keys_a_day)
    add_deltas(db)


def sum_day(db: Connection, begin: datetime, end: datetime) -> None:
    """Sum a day's raw rows as of the cursors, into deltas that nothing has been done with yet."""
    db.execute(text("SET LOCAL statement_timeout = 0"))
    read = read_cursors(db, ROLLUPS)
    gather_day(db, begin, end, read)
    gather_shadows(db, {}, read)
    group_facts(db)
