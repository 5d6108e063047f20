"""What the leader does, on a real store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import sleep

import psycopg
import pytest

from pointsman.steer.tasks import RollUp, TickSize, close_weeks, keep_partitions
from store.days import Days
from store.errors import StatementTooSlow, StoreAway
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


def test_a_tick_that_is_too_large_is_tried_smaller(feed: Feed, sessions: Sessions, store_url: str) -> None:
    """What did not end in time would not do so the next time either; in good times ticks grow again."""
    three_batches(feed)
    rolling = RollUp(sessions, go_on=lambda: True, fresh=lambda _: None, most=8)
    operator = psycopg.connect(store_url, autocommit=True)
    with ThreadPoolExecutor(1) as pool, operator, sessions.write() as other:
        other.exec_driver_sql("LOCK TABLE ingest_batches IN ACCESS EXCLUSIVE MODE")
        running = pool.submit(rolling.run)
        # What a time-out does, without waiting for it.
        ended = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not operator.execute(ended).fetchall():
            sleep(0.01)
        with pytest.raises(StatementTooSlow):
            running.result()
    assert rolling.size.messages == 2
    assert rolling.run() == 6
    assert rolling.size.messages == 8


def test_a_database_that_is_away_changes_no_size(feed: Feed, sessions: Sessions) -> None:
    """Nor does a lock that somebody holds: neither would be sooner there for fewer messages."""
    three_batches(feed)
    rolling = RollUp(sessions, go_on=lambda: True, fresh=lambda _: None, most=8)
    with sessions.write() as other:
        # Until the tick has waited for three seconds.
        other.exec_driver_sql("LOCK TABLE rollups_turn IN EXCLUSIVE MODE")
        with pytest.raises(StoreAway):
            rolling.run()
    assert rolling.size.messages == 8


@pytest.mark.parametrize("fixed_s", [0.0, 0.2, 1.5, 4.0])
def test_ticks_grow_as_large_as_good_time_allows(fixed_s: float) -> None:
    """Whatever a tick costs at any size: from one message they come back to at least 4.5 s' worth, and stay there."""
    size = TickSize(100_000)
    for _ in range(12):
        size.too_slow()
    assert size.messages == 1
    seconds = []
    for _ in range(400):
        seconds.append(fixed_s + size.messages * 50e-6)
        size.took(seconds[-1])
    assert max(seconds) < 7.5
    assert max(seconds[-20:]) > 4.5
