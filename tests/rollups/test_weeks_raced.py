"""Closers that are killed, that meet each other, and that meet ticks: nobody waits, and nothing is lost."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from store.errors import StoreAway
from store.rollups.closing import close_a_week, mark_next, merge
from store.rollups.comparing import compare_week, weeks_to_compare
from store.rollups.tick import tick
from store.rollups.weeks import WEEK
from store.sessions import Sessions
from tests.builders import trace
from tests.conftest import Scale
from tests.rollups.shapes import some_trace
from tests.rollups.telling import TRACE_SOURCES, Telling
from tests.rollups.test_ticks_killed import ticker
from tests.rollups.weeks import (
    AT_ONCE,
    DAY,
    MONDAY,
    STATES,
    THIS_MONDAY,
    TODAY,
    WEEK_ROWS,
    asked,
    close_all,
    same_without_weeks,
    timed,
)
from tests.store.conftest import OpenSessions
from tests.store.feed import Feed, one, rows
from tests.store.gate import at_once, fates


def test_a_late_trace_while_its_week_is_merged(feed: Feed, sessions: Sessions) -> None:
    """Between the two transactions, and inside of the second: the week stays open, and the trace is counted."""
    timed(feed, MONDAY)
    assert mark_next(sessions, AT_ONCE) == MONDAY
    timed(feed, MONDAY)
    assert merge(sessions, MONDAY) == 0
    assert rows(sessions, STATES) == [(MONDAY, "reopened")]
    assert one(sessions, "SELECT count(*) FROM latency_rollups_week") == 0


@contextmanager
def before_statement(begins: str, do: Callable[[], object]) -> Iterator[None]:
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
    assert rows(sessions, STATES) == [(MONDAY, "reopened")]
    close_all(sessions)
    assert rows(sessions, WEEK_ROWS) == [(2, 1)]


def test_a_tick_that_comes_second_is_taken_again(feed: Feed, sessions: Sessions) -> None:
    """A week that is closed while a tick brings something for it refuses that tick; the next one opens it."""
    timed(feed, MONDAY)
    feed.send(trace(started_at=MONDAY, duration_s=1.0))
    mark_next(sessions, AT_ONCE)
    with (
        before_statement("WITH changed AS (INSERT INTO latency_rollups_day", lambda: merge(sessions, MONDAY)),
        pytest.raises(StoreAway, match="concurrent update"),
    ):
        tick(sessions)
    assert rows(sessions, STATES) == [(MONDAY, "closed")]
    assert tick(sessions).messages == 1
    assert rows(sessions, STATES) == [(MONDAY, "reopened")]
    close_all(sessions)
    assert rows(sessions, WEEK_ROWS) == [(2, 1)]


def test_kill_9_between_any_two_statements(sessions: Sessions, store_url: str) -> None:
    """Killed before each of its statements and before each commit, a closer leaves what readers see as it was."""
    telling, chance = Telling(sessions), random.Random(4)
    telling.send({TRACE_SOURCES[0]: [some_trace(chance, UUID(int=n + 1, version=4), [MONDAY]) for n in range(30)]})
    tick(sessions)
    kills = 0
    with ticker(store_url) as one_ticker:
        while one_ticker.ends(0, kills + 1) != 0:
            kills += 1
            assert "closed" not in [state for _, state in rows(sessions, STATES)]
            same_without_weeks(sessions, asked(MONDAY, THIS_MONDAY))
    assert kills >= 10
    assert rows(sessions, STATES) == [(MONDAY, "closed")]
    assert compare_week(sessions, MONDAY.date()).different == 0


def test_two_closers_and_a_tick_at_once(feed: Feed, open_sessions: OpenSessions, scale: Scale) -> None:
    """Whoever is refused has done nothing; in the end the week says what its days say."""
    sessions, own = open_sessions(), [open_sessions() for _ in range(2)]
    for _ in range(scale(long=60, small=5)):
        feed.send(trace(started_at=MONDAY + DAY, duration_s=1.0), trace(started_at=MONDAY - DAY, duration_s=2.0))
        calls: list[Any] = [lambda one_own=one_own: close_a_week(one_own, rest=AT_ONCE) for one_own in own]
        ended = fates(at_once(*calls, lambda: tick(sessions)))
        assert set(ended) <= {"well", "StoreAway"}
        same_without_weeks(sessions, asked(MONDAY - WEEK, TODAY))
    while tick(sessions).more:
        pass
    close_all(sessions)
    assert weeks_to_compare(sessions) == [(MONDAY - WEEK).date(), MONDAY.date()]
    for monday in weeks_to_compare(sessions):
        compared = compare_week(sessions, monday)
        assert (compared.different, compared.rows > 0) == (0, True)
