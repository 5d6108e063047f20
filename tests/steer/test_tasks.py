"""What the leader does, on a real store."""

from datetime import UTC, datetime, timedelta

import pytest

from pointsman.steer.tasks import RollUp, close_weeks, keep_partitions
from store.days import Days
from store.errors import StoreAway
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import trace
from tests.store.feed import Feed, one

_ROLLED_UP = "SELECT coalesce(sum(requests), 0) FROM request_rollups_day"


class Counted:
    """Says yes so many times; and keeps what it is told."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.told: list[datetime] = []

    def __call__(self) -> bool:
        """Whether to go on."""
        self.left -= 1
        return self.left >= 0


def three_batches(feed: Feed) -> None:
    """Of two requests each."""
    for _ in range(3):
        feed.send(trace(), trace())


def test_rollups_are_brought_up_to_date(feed: Feed, sessions: Sessions) -> None:
    """Tick after tick, until there is no more; it says how many messages that were, and how fresh the rollups are."""
    three_batches(feed)
    go_on = Counted(99)
    assert RollUp(sessions, go_on=go_on, fresh=go_on.told.append, most=2).run() == 6
    assert one(sessions, _ROLLED_UP) == 6
    assert len(go_on.told) == 3
    assert go_on.told == sorted(go_on.told)
    assert datetime.now(UTC) - go_on.told[-1] < timedelta(minutes=1)
    assert RollUp(sessions, go_on=go_on, fresh=go_on.told.append).run() == 0
    assert len(go_on.told) == 3


def test_it_stops_between_two_ticks(feed: Feed, sessions: Sessions) -> None:
    """Where leadership is lost or the process shall end; what is left is taken by whoever comes next."""
    three_batches(feed)
    go_on = Counted(1)
    assert RollUp(sessions, go_on=go_on, fresh=go_on.told.append, most=2).run() == 2
    assert RollUp(sessions, go_on=Counted(0), fresh=go_on.told.append).run() == 0
    assert RollUp(sessions, go_on=Counted(9), fresh=go_on.told.append).run() == 4


def test_a_long_way_is_gone_in_parts(feed: Feed, sessions: Sessions) -> None:
    """A run that catches up ends now and then, so that it is seen to get on."""
    three_batches(feed)
    assert RollUp(sessions, go_on=lambda: True, fresh=lambda _: None, most=2).run(longest_s=0.0) == 2


def test_partitions_are_kept(sessions: Sessions) -> None:
    """Days ahead are made, those past retention go; each counts as a row. A second round has nothing to do."""
    days = Days(sessions, raw_retention=timedelta(days=30))
    old = datetime.now(UTC).date() - timedelta(days=40)
    days.ensure([old])
    ahead: list[int] = []
    assert keep_partitions(sessions, days, ready=ahead.append) > 1
    assert ahead == [7]
    assert one(sessions, f"SELECT to_regclass('traces_{old:%Y%m%d}')") is None
    assert keep_partitions(sessions, days) == 0


def test_weeks_that_are_over_are_closed(feed: Feed, sessions: Sessions) -> None:
    """One after the other, until there is none, leadership is lost or time is over; the next run goes on."""
    for weeks in (2, 3, 4, 5):
        feed.send(trace(started_at=datetime.now(UTC) - timedelta(weeks=weeks), duration_s=1.0))
    tick(sessions)
    assert close_weeks(sessions, go_on=Counted(1)) == 1
    assert close_weeks(sessions, go_on=Counted(9), longest_s=0.0) == 0
    assert close_weeks(sessions, go_on=Counted(9)) == 3
    assert one(sessions, "SELECT count(*) FROM closed_weeks WHERE state = 'closed'") == 4
    assert close_weeks(sessions, go_on=Counted(9)) == 0


def test_a_database_that_is_away_is_told() -> None:
    """Whoever called decides what that means."""
    away = Sessions("postgresql://127.0.0.1:1/none")
    with pytest.raises(StoreAway):
        RollUp(away, go_on=lambda: True, fresh=lambda _: None).run()
    with pytest.raises(StoreAway):
        keep_partitions(away, Days(away, raw_retention=timedelta(days=30)))


def test_a_tick_that_is_too_large_is_tried_smaller(feed: Feed, sessions: Sessions) -> None:
    """What did not end in time would not do so the next time either; in good times ticks grow again."""
    three_batches(feed)
    rolling = RollUp(sessions, go_on=lambda: True, fresh=lambda _: None, most=8)
    with sessions.write() as other:
        # Until the tick has waited for three seconds.
        other.exec_driver_sql("LOCK TABLE rollups_turn IN EXCLUSIVE MODE")
        with pytest.raises(StoreAway):
            rolling.run()
    assert rolling.most == 2
    assert rolling.run() == 6
    assert rolling.most == 8
