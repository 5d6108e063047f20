"""Weeks that are over, and reports that must be the same with and without their rows."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection

from analytics.measures.registry import REGISTRY
from analytics.measures.table import measures_table
from analytics.report import Asked, read_frames
from store.rollups.closing import close_a_week
from store.rollups.reading import Part
from store.rollups.tick import tick
from store.rollups.weeks import WEEK
from store.sessions import Sessions
from tests.builders import trace
from tests.store.feed import Feed

AT_ONCE = timedelta()
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
THIS_MONDAY = TODAY - TODAY.weekday() * DAY
MONDAY = THIS_MONDAY - WEEK
# Of three weeks that are over and the one that is not.
STARTS = [THIS_MONDAY - days * DAY + timedelta(hours=5) for days in range(1, 20, 2)] + [THIS_MONDAY]
STATES = "SELECT week, state FROM closed_weeks ORDER BY 1"
WEEK_ROWS = "SELECT sum(n), count(*) FROM latency_rollups_week r, unnest(r.counts) n WHERE kind = 'duration'"


class Undone(Exception):
    """Nothing of the transaction shall stay."""


def asked(begin: datetime, end: datetime, by: Sequence[str] = ("route", "arm")) -> Asked:
    """All traffic of whole days."""
    return Asked([Part("day", begin, end)], by, traffic="all")


def table(db: Connection, one_asked: Asked) -> pd.DataFrame:
    """A report in this transaction."""
    measures = [measure for measure in REGISTRY if measure.splits_by(one_asked.columns)]
    names = [measure.name for measure in measures]
    found = measures_table(read_frames(db, one_asked, measures), one_asked.columns, 1.0, only=names).rows
    return found.sort_values(["measure", "quantile", "part", *one_asked.columns], ignore_index=True)


def same_without_weeks(sessions: Sessions, one_asked: Asked) -> None:
    """A report with the weeks that are closed is equal to one from days alone."""
    with suppress(Undone), sessions.write() as db:
        with_weeks = table(db, one_asked)
        db.exec_driver_sql("DELETE FROM closed_weeks")
        pd.testing.assert_frame_equal(with_weeks, table(db, one_asked), check_exact=True)
        raise Undone


def close_all(sessions: Sessions) -> int:
    """Every week that is over; returns how many."""
    closed = 0
    while close_a_week(sessions, rest=AT_ONCE) is not None:
        closed += 1
    return closed


def timed(feed: Feed, *moments: datetime) -> None:
    """A request of a second at each of these moments, counted."""
    feed.send(*(trace(started_at=moment, duration_s=1.0) for moment in moments))
    tick(feed.sessions)
