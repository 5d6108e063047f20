"""One tick: the next whole batches into the rollups, and the cursors behind them, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.rollups.adding import CREATE_PARTS, add_deltas, name_deltas
from store.rollups.cursors import ROLLUPS, move_cursors, news_for, take_turn
from store.rollups.facts import CREATE_FACTS, gather_news
from store.rollups.grouping import CREATE_DELTAS, group_facts
from store.rollups.keys import KEYS_A_DAY, VALUES_A_DAY
from store.rollups.shadows import CREATE_SHADOWS, gather_shadows
from store.sessions import Sessions

MESSAGES_A_TICK = 100_000


class Ticked(NamedTuple):
    """What a tick took: batches that hold something, and the messages stored in them; how fresh the rollups are.

    `more`: batches are waiting, also where this tick took none that holds anything.
    """

    batches: int
    messages: int
    more: bool
    fresh_until: datetime | None


def prepare_tick(db: Connection) -> None:
    """Make the session's temporary tables. They are empty after each commit."""
    db.execute(text(f"{CREATE_FACTS};\n{CREATE_SHADOWS};\n{CREATE_DELTAS};\n{CREATE_PARTS}"))


def tick(
    sessions: Sessions, *, most: int = MESSAGES_A_TICK, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY
) -> Ticked:
    """Bring the rollups up to date by whole batches of together at most `most` messages (a batch is never cut).

    Its cost depends on these messages and not on what is stored already. Killed at any point it has done nothing, or
    all. Raises StoreAway.
    """
    with sessions.write(prepare=prepare_tick) as db:
        begin_job(db)
        news = news_for(db, ROLLUPS, most=most)
        batches = len(news.batches.traces) + len(news.batches.outcomes)
        if news.after != news.before:
            if batches:
                gather_news(db, news.batches, news.before, news.after)
                gather_shadows(db, news.before, news.after)
                roll_up(db, values_a_day=values_a_day, keys_a_day=keys_a_day)
            move_cursors(db, ROLLUPS, news.after)
    return Ticked(batches, news.stored, news.more, news.fresh_until)


def roll_up(db: Connection, *, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY) -> None:
    """Facts into the rollups of every level."""
    sum_facts(db, values_a_day=values_a_day, keys_a_day=keys_a_day)
    add_deltas(db)


def sum_facts(db: Connection, *, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY) -> None:
    """Facts into named deltas, which nothing has been done with yet."""
    group_facts(db)
    name_deltas(db, values_a_day=values_a_day, keys_a_day=keys_a_day)


def begin_job(db: Connection, *, is_patient: bool = False, beside: Sequence[str] = ()) -> None:
    """Begin the transaction of a writer of rollups: alone, and with one sight of the raw rows from first to last, so
    that neither `forget` nor retention takes the attempts of a trace away in between. `beside`: tables that it writes
    too, and nobody else meanwhile.
    """
    see_one_moment(db)
    keep_days(db)
    take_turn(db, is_patient=is_patient)
    for table in beside:
        db.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))


def see_one_moment(db: Connection) -> None:
    """All statements see the database as of the first. No compiling of expressions, which costs more than a tick."""
    db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    db.execute(text("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"))


def keep_days(db: Connection) -> None:
    """No day is detached while this transaction lasts: no snapshot would hide that it is gone."""
    db.execute(text("LOCK TABLE ONLY traces, ONLY attempts IN ACCESS SHARE MODE"))
