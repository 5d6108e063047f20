"""Rates are divided by time that is over and counted, at the steps in which the rollups were read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.report import STEPS, Asked, buckets_of
from store.rollups.reading import Level, Part, cover

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = (STEPS[name] for name in ("minute", "hour", "day"))


def asked(since: datetime, until: datetime, step: Level | None = None, *, minutes_from: datetime = LONG_AGO) -> Asked:
    """Of a span until now."""
    parts = cover(since, until, minutes_from=minutes_from, coarsest=step or "day")
    return Asked(parts, step=step, counted_until=until)


def test_five_minutes_that_are_nearly_six() -> None:
    """At 12:14:46 they begin at 12:09:00, as the minutes do, and end now, not at 12:15:00."""
    now = NOON + timedelta(minutes=14, seconds=46)
    assert asked(now - 5 * MINUTE, now).seconds == 5 * 60 + 46


def test_an_hour_that_has_gone_for_twenty_minutes() -> None:
    """Each bucket has its own length: the last one as far as it is over."""
    now = NOON + timedelta(minutes=20)
    assert asked(NOON - HOUR, now, "hour").bucket_seconds == {NOON - HOUR: 3600, NOON: 1200}


def test_a_day_of_which_three_hours_were_asked_for() -> None:
    """The part of the day that was read, not all of it."""
    now = NOON + timedelta(minutes=30)
    assert asked(now - 3 * HOUR, now, "day").bucket_seconds == {NOON.replace(hour=0): 3 * 3600}
    # Where there are only hours, four of them were read, as far as they are over.
    of_hours = asked(now - 3 * HOUR, now, "day", minutes_from=NEVER)
    assert of_hours.bucket_seconds == {NOON.replace(hour=0): 3.5 * 3600}


def test_a_span_that_is_over_is_whole() -> None:
    """Also where counting is behind it, but not where counting stopped within it."""
    over = Asked(cover(NOON, NOON + HOUR, minutes_from=LONG_AGO), counted_until=NOON + DAY)
    assert over.seconds == 3600
    assert over._replace(counted_until=NOON + timedelta(minutes=6)).seconds == 360
    assert over._replace(counted_until=NOON - HOUR).seconds == 0
    assert over._replace(counted_until=None).seconds == 3600


@pytest.mark.parametrize("step", ["minute", "hour", "day"])
@given(st.integers(0, 3 * 86_400), st.integers(1, 2 * 86_400), st.integers(0, 5 * 86_400))
def test_buckets_add_up_to_the_span(step: Level, begins: int, lasts: int, counted: int) -> None:
    """Of any span, counted up to any moment: none is longer than its step, and each belongs to the plot."""
    since = NOON + timedelta(seconds=begins)
    until = since + timedelta(seconds=lasts)
    one = asked(since, until, step)._replace(counted_until=NOON + timedelta(seconds=counted))
    assert sum(one.bucket_seconds.values()) == pytest.approx(one.seconds)
    assert all(0 < seconds <= STEPS[step].total_seconds() for seconds in one.bucket_seconds.values())
    assert set(one.bucket_seconds) <= set(buckets_of(one))


def test_parts_end_where_counting_ends() -> None:
    """And those that come later are gone."""
    parts = [Part("hour", NOON, NOON + HOUR), Part("minute", NOON + HOUR, NOON + HOUR + MINUTE)]
    assert Asked(parts, counted_until=NOON + MINUTE).counted == [Part("hour", NOON, NOON + MINUTE)]
