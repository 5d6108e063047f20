"""Closed weeks say what their days say, to the last digit, whatever happens to the days."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.errors import contradiction_in
from analytics.report import report
from store.rollups.closing import close_a_week, mark_next
from store.rollups.comparing import compare_week, weeks_to_compare
from store.rollups.reading import Part, split_by_weeks
from store.rollups.rebuilding import rebuild_day, reopen_week
from store.rollups.tick import tick
from store.rollups.weeks import WEEK
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.rollups.shapes import some_trace
from tests.rollups.telling import TRACE_SOURCES, Telling, audit_rollups, empty
from tests.rollups.weeks import (
    AT_ONCE,
    DAY,
    MONDAY,
    STARTS,
    STATES,
    THIS_MONDAY,
    TODAY,
    WEEK_ROWS,
    asked,
    close_all,
    same_without_weeks,
    timed,
)
from tests.store.feed import Feed, execute, rows


def test_a_week_that_is_over_is_closed(feed: Feed, sessions: Sessions) -> None:
    """Seven days become one row of the same sums; the week that goes on stays open, and a second run finds nothing."""
    timed(feed, MONDAY, MONDAY + 3 * DAY, MONDAY + 6 * DAY, MONDAY - DAY, TODAY)
    assert close_all(sessions) == 2
    assert rows(sessions, STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "closed")]
    assert rows(sessions, f"{WEEK_ROWS} AND bucket = :monday", monday=MONDAY) == [(3, 1)]
    same_without_weeks(sessions, asked(MONDAY - WEEK, TODAY + DAY))


def test_readers_take_the_week(feed: Feed, sessions: Sessions) -> None:
    """Once it is closed, a report reads its row and not its days; by day it reads days."""
    timed(feed, MONDAY, MONDAY + DAY)
    close_all(sessions)
    execute(sessions, "UPDATE latency_rollups_week SET counts = ARRAY[40] WHERE kind = 'duration'")
    whole = report(sessions, asked(MONDAY, MONDAY + WEEK))
    assert all(map(contradiction_in, whole.rows[whole.rows["measure"] == "duration"]["note"]))
    by_day = report(sessions, asked(MONDAY, MONDAY + WEEK)._replace(step="day"))
    assert set(by_day.rows[by_day.rows["measure"] == "duration"]["count"]) == {1}
    part_of_it = report(sessions, asked(MONDAY, MONDAY + 6 * DAY))
    assert set(part_of_it.rows[part_of_it.rows["measure"] == "duration"]["count"]) == {2}


def test_a_late_trace_reopens_its_week_alone(feed: Feed, sessions: Sessions) -> None:
    """In the transaction that counts it; traces of today and traces without times open nothing."""
    timed(feed, MONDAY, MONDAY - DAY)
    close_all(sessions)
    timed(feed, TODAY)
    feed.send(trace(started_at=MONDAY, duration_s=None, attempts=(attempt(duration_s=None, ttft_s=None),)))
    tick(sessions)
    assert rows(sessions, STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "closed")]
    timed(feed, MONDAY + DAY)
    assert rows(sessions, STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "reopened")]
    same_without_weeks(sessions, asked(MONDAY - WEEK, TODAY + DAY))


def test_a_week_is_merged_at_most_once_in_its_rest(feed: Feed, sessions: Sessions) -> None:
    """However often late traces reopen it, and also where merging failed."""
    timed(feed, MONDAY - WEEK)
    assert close_a_week(sessions) == 1
    timed(feed, MONDAY - WEEK)
    assert close_a_week(sessions) is None
    execute(sessions, "UPDATE closed_weeks SET state = 'merging'")
    assert close_a_week(sessions) is None
    execute(sessions, "UPDATE closed_weeks SET merged_at = now() - interval '61 minutes'")
    assert close_a_week(sessions) == 1
    assert rows(sessions, STATES) == [(MONDAY - WEEK, "closed")]


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
    assert rows(sessions, STATES) == [(MONDAY - WEEK, "closed"), (MONDAY, "reopened")]


def _some_step(telling: Telling, random: Random) -> None:
    sessions = telling.sessions
    step = random.randrange(6)
    if step < 2:
        traces = [some_trace(random, UUID(int=random.randrange(10**6), version=4), STARTS) for _ in range(3)]
        telling.send({random.choice(TRACE_SOURCES): traces})
        tick(sessions)
    elif step < 4:
        close_a_week(sessions, rest=AT_ONCE)
    elif step == 4:
        # One that was killed in between.
        mark_next(sessions, AT_ONCE)
    else:
        rebuild_day(sessions, random.choice(STARTS).date())


@settings(
    max_examples=min(settings().max_examples // 50, 100),
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
