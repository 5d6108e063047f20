"""Closed weeks say what their days say, to the last digit, whatever happens to the days."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event

from analytics.measures.registry import REGISTRY
from analytics.measures.table import measures_table
from analytics.report import Asked, read_frames, report
from store.errors import StoreAway
from store.rollups.closing import close_a_week, mark_next, merge
from store.rollups.comparing import compare_week, rebuild_day, reopen_week, weeks_to_compare
from store.rollups.reading import Part, split_by_weeks
from store.rollups.tick import tick
from store.rollups.weeks import WEEK
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.conftest import Scale
from tests.rollups.shapes import some_trace
from tests.rollups.telling import TRACE_SOURCES, Telling, audit_rollups, empty
from tests.rollups.test_ticks_killed import ticker
from tests.store.conftest import OpenSessions
from tests.store.feed import Feed, execute, one, rows
from tests.store.gate import at_once, fates

AT_ONCE = timedelta()
DAY = timedelta(days=1)
_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
THIS_MONDAY = _TODAY - _TODAY.weekday() * DAY
MONDAY = THIS_MONDAY - WEEK
# Of three weeks that are over and the one that is not.
_STARTS = [THIS_MONDAY - days * DAY + timedelta(hours=5) for days in range(1, 20, 2)] + [THIS_MONDAY]
_STATES = "SELECT week, state FROM closed_weeks ORDER BY 1"
_WEEK_ROWS = "SELECT sum(n), count(*) FROM latency_rollups_week r, unnest(r.counts) n WHERE kind = 'duration'"


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


def test_a_week_that_is_over_is_closed(feed: Feed, sessions: Sessions) -> None:
    """Seven days become one row of the same sums; the week that goes on stays open, and a second run finds nothing."""
    timed(feed, MONDAY, MONDAY + 3 * DAY, MONDAY + 6 * DAY, MONDAY - DAY, _TODAY)
    assert close_all(sessions) == 2
    assert rows(sessions, _STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "closed")]
    assert rows(sessions, f"{_WEEK_ROWS} AND bucket = :monday", monday=MONDAY) == [(3, 1)]
    same_without_weeks(sessions, asked(MONDAY - WEEK, _TODAY + DAY))


def test_readers_take_the_week(feed: Feed, sessions: Sessions) -> None:
    """Once it is closed, a report reads its row and not its days; by day it reads days."""
    timed(feed, MONDAY, MONDAY + DAY)
    close_all(sessions)
    execute(sessions, "UPDATE latency_rollups_week SET counts = ARRAY[40] WHERE kind = 'duration'")
    with pytest.raises(ValueError, match="more"):
        report(sessions, asked(MONDAY, MONDAY + WEEK))
    by_day = report(sessions, asked(MONDAY, MONDAY + WEEK)._replace(step="day"))
    assert set(by_day.rows[by_day.rows["measure"] == "duration"]["count"]) == {1}
    part_of_it = report(sessions, asked(MONDAY, MONDAY + 6 * DAY))
    assert set(part_of_it.rows[part_of_it.rows["measure"] == "duration"]["count"]) == {2}


def test_a_late_trace_reopens_its_week_alone(feed: Feed, sessions: Sessions) -> None:
    """In the transaction that counts it; traces of today and traces without times open nothing."""
    timed(feed, MONDAY, MONDAY - DAY)
    close_all(sessions)
    timed(feed, _TODAY)
    feed.send(trace(started_at=MONDAY, duration_s=None, attempts=(attempt(duration_s=None, ttft_s=None),)))
    tick(sessions)
    assert rows(sessions, _STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "closed")]
    timed(feed, MONDAY + DAY)
    assert rows(sessions, _STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "reopened")]
    same_without_weeks(sessions, asked(MONDAY - WEEK, _TODAY + DAY))


def test_a_week_is_merged_at_most_once_in_its_rest(feed: Feed, sessions: Sessions) -> None:
    """However often late traces reopen it, and also where merging failed."""
    timed(feed, MONDAY)
    assert close_a_week(sessions) == 1
    timed(feed, MONDAY)
    assert close_a_week(sessions) is None
    execute(sessions, "UPDATE closed_weeks SET state = 'merging'")
    assert close_a_week(sessions) is None
    execute(sessions, "UPDATE closed_weeks SET merged_at = now() - interval '61 minutes'")
    assert close_a_week(sessions) == 1
    assert rows(sessions, _STATES) == [(MONDAY, "closed")]


def test_a_week_is_merged_some_time_after_its_end(feed: Feed, sessions: Sessions) -> None:
    """The last of it comes a little late."""
    timed(feed, MONDAY)
    over_for = datetime.now(UTC) - THIS_MONDAY
    assert close_a_week(sessions, rest=over_for + timedelta(minutes=1)) is None
    assert close_a_week(sessions, rest=over_for - timedelta(minutes=1)) == 1


def test_rebuilding_a_day_reopens_its_week(feed: Feed, sessions: Sessions) -> None:
    """Whatever becomes of the rows of the day."""
    timed(feed, MONDAY, MONDAY - DAY)
    close_all(sessions)
    assert rebuild_day(sessions, MONDAY.date() + DAY) is False
    assert rebuild_day(sessions, MONDAY.date())
    assert rows(sessions, _STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "reopened")]


def test_a_late_trace_while_its_week_is_merged(feed: Feed, sessions: Sessions) -> None:
    """Between the two transactions, and inside of the second: the week stays open, and the trace is counted."""
    timed(feed, MONDAY)
    assert mark_next(sessions, AT_ONCE) == MONDAY
    timed(feed, MONDAY)
    assert merge(sessions, MONDAY) == 0
    assert rows(sessions, _STATES) == [(MONDAY, "reopened")]
    assert one(sessions, "SELECT count(*) FROM latency_rollups_week") == 0


@contextmanager
def before_statement(begins: str, do: Callable[[], None]) -> Iterator[None]:
    """Something that happens before the first statement that begins so."""
    left = [do]

    def look(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if left and statement.startswith(begins):
            left.pop()()

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_a_merge_that_has_begun_gives_way(feed: Feed, sessions: Sessions) -> None:
    """A tick never waits for it: who comes second is refused, and that is the merge."""
    timed(feed, MONDAY)
    with (
        before_statement("INSERT INTO latency_rollups_week", lambda: timed(feed, MONDAY)),
        pytest.raises(StoreAway, match="concurrent update"),
    ):
        close_a_week(sessions, rest=AT_ONCE)
    assert rows(sessions, _STATES) == [(MONDAY, "reopened")]
    close_all(sessions)
    assert rows(sessions, _WEEK_ROWS) == [(2, 1)]


def _some_step(telling: Telling, random: Random) -> None:
    sessions = telling.sessions
    step = random.randrange(6)
    if step < 2:
        traces = [some_trace(random, UUID(int=random.randrange(10**6), version=4), _STARTS) for _ in range(3)]
        telling.send({random.choice(TRACE_SOURCES): traces})
        tick(sessions)
    elif step < 4:
        close_a_week(sessions, rest=AT_ONCE)
    elif step == 4:
        # One that was killed in between.
        mark_next(sessions, AT_ONCE)
    else:
        rebuild_day(sessions, random.choice(_STARTS).date())


@settings(
    max_examples=min(settings().max_examples // 20, 100),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_any_story_of_closing(sessions: Sessions, random: Random) -> None:
    """Traces of any week, closers, rebuilds and closers that died, in any order: reports are the same at any time."""
    empty(sessions)
    telling = Telling(sessions)
    for _ in range(random.randrange(3, 12)):
        _some_step(telling, random)
        begin = THIS_MONDAY - random.randrange(22) * DAY
        by = random.choice(((), ("route",), ("arm", "task_class", "model")))
        same_without_weeks(sessions, asked(begin, begin + random.randrange(1, 29) * DAY, by))
    close_all(sessions)
    assert all(compare_week(sessions, monday).different == 0 for monday in weeks_to_compare(sessions))
    audit_rollups(sessions, telling.expected())


def test_kill_9_between_any_two_statements(sessions: Sessions, store_url: str) -> None:
    """Killed before each of its statements and before each commit, a closer leaves what readers see as it was."""
    telling, chance = Telling(sessions), random.Random(4)
    telling.send({TRACE_SOURCES[0]: [some_trace(chance, UUID(int=n + 1, version=4), [MONDAY]) for n in range(30)]})
    tick(sessions)
    kills = 0
    with ticker(store_url) as one_ticker:
        while one_ticker.ends(0, kills + 1) != 0:
            kills += 1
            assert "closed" not in [state for _, state in rows(sessions, _STATES)]
            same_without_weeks(sessions, asked(MONDAY, THIS_MONDAY))
    assert kills >= 10
    assert rows(sessions, _STATES) == [(MONDAY, "closed")]
    assert compare_week(sessions, MONDAY.date()).different == 0


def test_two_closers_and_a_tick_at_once(feed: Feed, open_sessions: OpenSessions, scale: Scale) -> None:
    """Whoever is refused has done nothing; in the end the week says what its days say."""
    sessions, own = open_sessions(), [open_sessions() for _ in range(2)]
    for _ in range(scale(long=60, small=8)):
        feed.send(trace(started_at=MONDAY + DAY, duration_s=1.0), trace(started_at=MONDAY - DAY, duration_s=2.0))
        calls: list[Any] = [lambda one_own=one_own: close_a_week(one_own, rest=AT_ONCE) for one_own in own]
        ended = fates(at_once(*calls, lambda: tick(sessions)))
        assert set(ended) <= {"well", "StoreAway"}
        same_without_weeks(sessions, asked(MONDAY - WEEK, _TODAY))
    while tick(sessions).more:
        pass
    close_all(sessions)
    assert weeks_to_compare(sessions) == [(MONDAY - WEEK).date(), MONDAY.date()]
    for monday in weeks_to_compare(sessions):
        compared = compare_week(sessions, monday)
        assert (compared.different, compared.rows > 0) == (0, True)


def test_a_week_that_differs_is_named_and_mended(feed: Feed, sessions: Sessions) -> None:
    """After a hand in the database; opened again, readers take the days until it is merged anew."""
    timed(feed, MONDAY)
    close_all(sessions)
    execute(sessions, "UPDATE latency_rollups_week SET counts = ARRAY[7] WHERE kind = 'duration'")
    compared = compare_week(sessions, MONDAY.date())
    assert (compared.day, compared.rows, compared.different) == (MONDAY.date(), 1, 1)
    (first,) = compared.first
    assert first.expected is not None
    assert first.stored is not None
    assert (first.expected[1], first.stored[1]) == ("{1}", "{7}")
    assert weeks_to_compare(sessions, since=MONDAY.date() + 6 * DAY) == [MONDAY.date()]
    assert weeks_to_compare(sessions, since=THIS_MONDAY.date()) == []
    reopen_week(sessions, MONDAY.date())
    same_without_weeks(sessions, asked(MONDAY, THIS_MONDAY))
    assert compare_week(sessions, MONDAY.date()).rows == 0
    close_all(sessions)
    assert compare_week(sessions, MONDAY.date()).different == 0


@given(st.sets(st.integers(0, 9)), st.integers(0, 6), st.integers(0, 6))
def test_parts_with_weeks_cover_the_same_span(numbers: set[int], before: int, behind: int) -> None:
    """Without a gap and without an overlap, and no two neighbours of one level."""
    begin, weeks = MONDAY - before * DAY, [MONDAY + number * WEEK for number in sorted(numbers)]
    part = Part("day", begin, MONDAY + 10 * WEEK + behind * DAY)
    parts = split_by_weeks(part, weeks)
    assert [parts[0].begin, *(one.end for one in parts)] == [*(one.begin for one in parts), part.end]
    assert all(one.begin < one.end for one in parts)
    found = {one.begin + n * WEEK for one in parts if one.level == "week" for n in range((one.end - one.begin) // WEEK)}
    assert found == set(weeks)
    assert all(one.level != other.level for one, other in pairwise(parts))
