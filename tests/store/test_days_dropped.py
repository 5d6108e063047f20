"""Old days go while people read and ingest stores, and a round that was cut short is finished by the next."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from store.days import Days, Maintenance, partition_name
from store.errors import StoreAway
from store.received import Counts
from store.sessions import Sessions
from tests.builders import trace
from tests.conftest import Scale
from tests.store.conftest import OpenSessions
from tests.store.feed import Feed, execute, one, partition, rows
from tests.store.gate import until

MONTH = timedelta(days=30)
_BUSY = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query ~ :what"
)
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ~ :what"


@pytest.fixture
def today(sessions: Sessions) -> date:
    """The database's day."""
    now: datetime = one(sessions, "SELECT clock_timestamp()")
    return now.astimezone(UTC).date()


@pytest.fixture
def old(sessions: Sessions, today: date) -> list[date]:
    """Two days past retention, each with a trace."""
    ages = [today - timedelta(days=40), today - timedelta(days=39)]
    feed = Feed(sessions)
    feed.send(*(trace(started_at=datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in ages))
    return ages


@pytest.fixture
def maintenance(open_sessions: OpenSessions) -> Iterator[Callable[[], Future[Maintenance]]]:
    """Starts a round of maintenance in a process of its own, as good as."""
    with ThreadPoolExecutor(4) as threads:
        yield lambda: threads.submit(Days(open_sessions(), raw_retention=MONTH).maintain)


@pytest.fixture
def reader(store_url: str, old: list[date], today: date, sessions: Sessions) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who reads all traces and attempts in one long transaction."""
    with psycopg.connect(store_url) as connection:
        connection.execute("SELECT count(*) FROM traces JOIN attempts USING (trace_id)")
        yield connection
        connection.rollback()


def tables(sessions: Sessions, days: list[date]) -> int:
    """How many tables of these days exist, attached or not."""
    names = [partition_name(table, day) for table in ("traces", "attempts") for day in days]
    return int(one(sessions, "SELECT count(*) FROM pg_class WHERE relname = ANY(:names)", names=names))


def busy(sessions: Sessions, what: str) -> bool:
    """Whether somebody is at such a statement."""
    # The question itself contains what it asks for, and is never counted for its parameter stands apart.
    return bool(one(sessions, _BUSY, what=f"^ALTER TABLE .* {what}"))


def cut_short(sessions: Sessions, maintenance: Callable[[], Future[Maintenance]]) -> None:
    """Start a round and kill its backend in the middle of DETACH, while somebody reads: StoreAway."""
    round_ = maintenance()
    until(lambda: busy(sessions, "CONCURRENTLY"))
    # Its first half has been committed, and it waits for the reader.
    until(lambda: one(sessions, "SELECT count(*) > 0 FROM pg_inherits WHERE inhdetachpending"))
    execute(sessions, _END, what="^ALTER TABLE .* CONCURRENTLY")
    assert isinstance(round_.exception(), StoreAway)


def test_old_days_go(sessions: Sessions, old: list[date], today: date) -> None:
    """What is past retention is detached and dropped; the oldest day kept stays with its rows."""
    days = Days(sessions, raw_retention=MONTH)
    edge = datetime(today.year, today.month, today.day, tzinfo=UTC) - MONTH
    Feed(sessions, raw_retention=MONTH).send(trace(started_at=edge), to=partition(1))
    assert days.maintain().dropped == old
    assert tables(sessions, old) == 0
    assert rows(sessions, "SELECT started_at FROM traces") == [(edge,)]
    assert days.maintain() == ([], [])


def test_ingest_goes_on_while_a_reader_holds_up_the_drop(
    sessions: Sessions,
    old: list[date],
    today: date,
    reader: psycopg.Connection[Any],
    maintenance: Callable[[], Future[Maintenance]],
) -> None:
    """The detach waits for the open SELECT; traces are stored and a new day is made meanwhile; then the drop ends."""
    round_ = maintenance()
    until(lambda: busy(sessions, "CONCURRENTLY"))
    feed = Feed(sessions, raw_retention=MONTH)
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    for ahead in (0, 3, -20):
        assert feed.send(trace(started_at=noon + timedelta(days=ahead)), to=partition(1)) == Counts(stored=1)
    assert not round_.done()
    reader.execute("SELECT count(*) FROM attempts")
    reader.rollback()
    assert round_.result().dropped == old
    assert tables(sessions, old) == 0


def test_a_detach_cut_short_is_finished_by_the_next_round(
    sessions: Sessions,
    old: list[date],
    reader: psycopg.Connection[Any],
    maintenance: Callable[[], Future[Maintenance]],
) -> None:
    """The backend is killed in the middle of DETACH: StoreAway, a pending detach, and the next round drops the day."""
    cut_short(sessions, maintenance)
    assert one(sessions, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1
    reader.rollback()
    assert maintenance().result().dropped == old
    assert tables(sessions, old) == 0


def test_ingest_goes_on_beside_a_detach_that_cannot_be_finished(
    sessions: Sessions,
    old: list[date],
    today: date,
    reader: psycopg.Connection[Any],
    maintenance: Callable[[], Future[Maintenance]],
) -> None:
    """A detach was cut short and its reader still reads: the round gives up soon, because FINALIZE keeps everybody
    from attaching days; once the reader has ended, the days go.
    """
    cut_short(sessions, maintenance)
    second = maintenance()
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    feed = Feed(sessions, raw_retention=MONTH)
    for ahead in range(-3, -13, -1):
        assert feed.send(trace(started_at=noon + timedelta(days=ahead)), to=partition(1)) == Counts(stored=1)
    assert second.result().dropped == []
    reader.rollback()
    assert maintenance().result().dropped == old


def test_a_leaving_day_may_come_back(
    sessions: Sessions,
    old: list[date],
    reader: psycopg.Connection[Any],
    maintenance: Callable[[], Future[Maintenance]],
) -> None:
    """Retention was made longer after a detach was cut short: a trace of that day finds its place again."""
    cut_short(sessions, maintenance)
    reader.rollback()
    start = datetime(old[0].year, old[0].month, old[0].day, 7, tzinfo=UTC)
    assert Feed(sessions).send(trace(started_at=start), to=partition(1)) == Counts(stored=1)
    assert one(sessions, "SELECT count(*) FROM traces WHERE started_at <= :start", start=start) == 2


def test_one_round_at_a_time(
    sessions: Sessions,
    old: list[date],
    reader: psycopg.Connection[Any],
    maintenance: Callable[[], Future[Maintenance]],
) -> None:
    """While one drops, another only makes days and goes on; its connections wait no longer than before."""
    first = maintenance()
    until(lambda: busy(sessions, "CONCURRENTLY"))
    days = Days(sessions, raw_retention=MONTH)
    assert days.maintain() == ([], [])
    assert {one(sessions, "SHOW lock_timeout") for _ in range(5)} == {"3s"}
    reader.rollback()
    assert first.result().dropped == old
    assert days.maintain() == ([], [])
    assert {one(sessions, "SHOW lock_timeout") for _ in range(5)} == {"3s"}


def test_days_come_and_go_under_load(open_sessions: OpenSessions, today: date, scale: Scale) -> None:
    """Two writers store into a day that another process, set to a shorter retention, drops again and again: they
    meet nothing but the way out, and no trace is ever there without its attempts.
    """
    start = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=20)
    feeds = [Feed(open_sessions(), raw_retention=timedelta(days=25)) for _ in range(2)]
    dropper = Days(open_sessions(), raw_retention=timedelta(days=15))
    batches = scale(long=300, small=12)

    def write(number: int) -> None:
        while (at := feeds[number].place(partition(number))) < batches:
            with suppress(StoreAway):
                feeds[number].send(trace(started_at=start), to=partition(number))
                assert feeds[number].place(partition(number)) == at + 1

    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write, number) for number in (0, 1)]
        while not all(writer.done() for writer in writers):
            dropper.maintain()
            time.sleep(0.05)
        for writer in writers:
            writer.result()
    sessions = feeds[0].sessions
    orphans = "SELECT count(*) FROM traces t LEFT JOIN attempts a USING (trace_id) WHERE a.trace_id IS NULL"
    assert one(sessions, orphans) == 0
    assert one(sessions, "SELECT sum(stored) FROM ingest_batches") == 2 * batches
