"""Days are made ahead and on demand, attached beside readers, and dropped past retention."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pointsman_contract.errors import DeadLetterReason
from store.days import DAYS_AHEAD, Days, attached_days, partition_name
from store.errors import StoreAway
from store.received import Counts
from store.sessions import Sessions
from tests.builders import trace
from tests.store.conftest import OpenSessions
from tests.store.feed import TRACES_0, Feed, execute, one, received, rows

MONTH = timedelta(days=30)
DAY = timedelta(days=1)


@pytest.fixture
def now(sessions: Sessions) -> datetime:
    """The database's clock."""
    found: datetime = one(sessions, "SELECT clock_timestamp()")
    return found


@pytest.fixture
def today(now: datetime) -> date:
    """The database's day."""
    return now.astimezone(UTC).date()


@pytest.fixture
def days(sessions: Sessions) -> Days:
    """Days that are kept for a month."""
    return Days(sessions, raw_retention=MONTH)


@pytest.fixture
def reader(store_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who reads all traces and attempts in one long transaction."""
    with psycopg.connect(store_url) as connection:
        yield connection
        connection.rollback()


def read(reader: psycopg.Connection[Any]) -> None:
    """Open the transaction: from now on the reader holds its locks."""
    reader.execute("SELECT count(*) FROM traces JOIN attempts USING (trace_id)")


def attached(sessions: Sessions) -> set[date]:
    """The days that both tables have."""
    with sessions.read() as db:
        both = [attached_days(db, table) for table in ("traces", "attempts")]
    assert both[0] == both[1]
    return both[0]


def tables(sessions: Sessions, day: date) -> list[str]:
    """Which of the day's tables exist, attached or not."""
    query = "SELECT relname FROM pg_class WHERE relname = ANY(:names) ORDER BY 1"
    names = [partition_name(table, day) for table in ("traces", "attempts")]
    return [name for (name,) in rows(sessions, query, names=names)]


def test_a_week_is_made_ahead(days: Days, sessions: Sessions, today: date) -> None:
    """Yesterday to a week from now; a second round makes and drops nothing."""
    wanted = {today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)}
    assert set(days.maintain().made) == wanted
    assert attached(sessions) == wanted
    assert days.ahead() == DAYS_AHEAD
    assert days.maintain() == ([], [])


def test_a_day_is_whole_in_utc(days: Days, sessions: Sessions, today: date) -> None:
    """From midnight to midnight in UTC, whatever the server's zone; ids are unique in each day."""
    days.ensure([today])
    bounds = one(
        sessions,
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = :name",
        name=partition_name("traces", today),
    )
    assert bounds == f"FOR VALUES FROM ('{today} 00:00:00+00') TO ('{today + DAY} 00:00:00+00')"
    indexes = rows(
        sessions, "SELECT indexdef FROM pg_indexes WHERE tablename = :name", name=partition_name("traces", today)
    )
    assert any("UNIQUE INDEX" in definition and definition.endswith("(trace_id)") for (definition,) in indexes)


def test_making_a_day_does_not_wait_for_readers(
    days: Days, sessions: Sessions, today: date, reader: psycopg.Connection[Any]
) -> None:
    """Nor do readers wait for it: a long SELECT is open before, during and after."""
    read(reader)
    with sessions.write() as db:
        db.exec_driver_sql("SELECT 1")
        days.ensure([today, today + DAY])
    reader.execute("SELECT count(*) FROM traces")
    assert attached(sessions) == {today, today + DAY}


def test_who_comes_late_needs_no_turn(days: Days, today: date, store_url: str) -> None:
    """Days that are there are taken as they are: somebody who stands still while making days holds up nobody else."""
    days.ensure([today])
    days.forget()
    with psycopg.connect(store_url) as still:
        still.execute("SELECT pg_advisory_lock(%s)", [0x706F_696E_7473])
        assert days.ensure([today]) == []
        with pytest.raises(StoreAway, match="lock timeout"):
            days.ensure([today + DAY])


@pytest.mark.parametrize("made", [("traces",), ("attempts",), ("traces", "attempts")])
def test_a_half_made_day_is_finished(days: Days, sessions: Sessions, today: date, made: tuple[str, ...]) -> None:
    """A maker was killed between CREATE and ATTACH: the next one goes on from there."""
    for table in made:
        execute(sessions, f"CREATE TABLE {partition_name(table, today)} (LIKE {table})")
    assert days.ensure([today]) == [today]
    assert attached(sessions) == {today}


def test_a_day_of_one_table_only_is_completed(days: Days, sessions: Sessions, today: date) -> None:
    """The maker was killed between the two tables."""
    days.ensure([today])
    execute(sessions, f"DROP TABLE {partition_name('attempts', today)}")
    days.forget()
    assert days.ensure([today]) == [today]
    assert attached(sessions) == {today}


def test_a_detached_day_comes_back_with_its_rows(sessions: Sessions, now: datetime) -> None:
    """Retention was made longer before the drop: the day is kept after all, and its ids are still unique."""
    feed = Feed(sessions, raw_retention=MONTH)
    kept = trace(started_at=now)
    feed.send(kept)
    for table in ("traces", "attempts"):
        execute(sessions, f"ALTER TABLE {table} DETACH PARTITION {partition_name(table, now.date())}")
    assert feed.send(kept, trace(started_at=now)) == Counts(stored=1, duplicate=1)
    assert one(sessions, "SELECT count(*) FROM traces") == 2


def test_many_makers_at_once(open_sessions: OpenSessions, sessions: Sessions, today: date) -> None:
    """Eight processes find the same days missing: each day is made once, and nobody fails."""
    wanted = [today + timedelta(days=ahead) for ahead in range(4)]
    makers = [Days(open_sessions(), raw_retention=MONTH) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda maker: maker.ensure(wanted), makers))
    assert sorted(day for each in made for day in each) == wanted
    assert attached(sessions) == set(wanted)


def test_a_day_dropped_behind_the_writers_back(sessions: Sessions, now: datetime) -> None:
    """The writer remembers the day as attached; when it is gone it is made anew."""
    feed = Feed(sessions, raw_retention=MONTH)
    feed.send(trace(started_at=now))
    for table in ("traces", "attempts"):
        execute(sessions, f"DROP TABLE {partition_name(table, now.date())}")
    assert feed.send(trace(started_at=now), trace(started_at=now)) == Counts(stored=2)


def test_a_day_whose_attempts_are_gone(sessions: Sessions, now: datetime) -> None:
    """Half of a day is missing: the trace is not stored without its attempts."""
    feed = Feed(sessions, raw_retention=MONTH)
    feed.days.ensure([now.date()])
    execute(sessions, f"DROP TABLE {partition_name('attempts', now.date())}")
    assert feed.send(trace(started_at=now)) == Counts(stored=1)
    assert one(sessions, "SELECT count(*) FROM attempts") == 1


def test_older_than_retention_is_a_dead_letter(sessions: Sessions, now: datetime, today: date) -> None:
    """The oldest day kept is stored, the day before is not, and no partition is made for it."""
    feed = Feed(sessions, raw_retention=MONTH)
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) - MONTH
    contents = [trace(started_at=midnight), trace(started_at=midnight - timedelta(microseconds=1))]
    stored = feed.send_batch(feed.batch({TRACES_0: contents}))
    assert stored.counts[TRACES_0] == Counts(stored=1, dead=1)
    assert stored.reasons == {DeadLetterReason.OLDER_THAN_RETENTION: 1}
    assert attached(sessions) == {midnight.date()}


def test_a_made_up_broker_time_makes_no_days(sessions: Sessions, now: datetime) -> None:
    """A producer sets its own timestamps years ahead, so that the contract lets them pass: the store does not."""
    feed = Feed(sessions, raw_retention=MONTH)
    feed.place(TRACES_0)
    batch = feed.batch({TRACES_0: [trace(started_at=now + timedelta(days=ahead)) for ahead in (7, 8, 3650)]})
    made_up = [message._replace(broker_time=now + timedelta(days=4000)) for message in batch.messages]
    stored = feed.store.store(type(batch)(made_up, batch.spans))
    assert stored.counts[TRACES_0] == Counts(stored=1, dead=2)
    assert stored.reasons == {DeadLetterReason.FUTURE_TIME: 2}
    assert attached(sessions) == {(now + timedelta(days=7)).date()}
    assert rows(sessions, "SELECT environment, route FROM dead_letters") == [("prod", "invoices")] * 2


def test_a_zone_does_not_move_the_day(sessions: Sessions) -> None:
    """A start told in another zone belongs to its UTC day."""
    feed = Feed(sessions)
    feed.send(trace(started_at=datetime.fromisoformat("2026-11-24T08:00:00+14:00")))
    assert attached(sessions) == {date(2026, 11, 23)}
    assert received(TRACES_0, 0, trace()).content
