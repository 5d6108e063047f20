"""Kill any process at any moment: every message is still in the store exactly once."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from store.errors import StoreAway
from store.sessions import Sessions
from tests.builders import trace
from tests.conftest import Scale
from tests.services.postgres import PostgresServer
from tests.store.feed import Feed, one, partition
from tests.store.gate import gate, until
from tests.store.storyline import audit_story, tell

_PARTITIONS, _SIZE = 3, 40
# More than any of these tests has the time to store.
_NEVER = 10**9


@contextmanager
def writer(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that stores; killed with the block at the latest."""
    command = [sys.executable, "-m", "tests.store.writer", url, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@contextmanager
def thread(work: Callable[[], None]) -> Iterator[None]:
    """Work that goes on beside the block; the block ends when it has ended."""
    beside = threading.Thread(target=work)
    beside.start()
    try:
        yield
    finally:
        beside.join()


def test_kill_9_at_random_moments(feed: Feed, store_url: str, scale: Scale) -> None:
    """Two processes fight for the same partitions, and both are killed in the middle of it, again and again; the
    last one goes on from the store's offsets.
    """
    kills = scale(long=20, small=3)
    arguments = ["--partitions", str(_PARTITIONS), "--end", str(_NEVER), "--size", str(_SIZE)]
    moments = random.Random(7)
    killed = stored = 0
    while killed < kills:
        with writer(store_url, *arguments) as first, writer(store_url, *arguments) as second:
            time.sleep(moments.uniform(0.0, 0.3))
            first.kill()
            second.kill()
        # Those that came before anything was stored say nothing.
        before, stored = stored, sum(feed.place(partition(number)) for number in range(_PARTITIONS))
        killed += stored > before
    end = max(feed.place(partition(number)) for number in range(_PARTITIONS)) + 100
    tell(feed, partitions=_PARTITIONS, end=end, size=_SIZE * 5)
    audit_story(feed, partitions=_PARTITIONS, end=end)


@pytest.mark.parametrize("how", ["ended", "cancelled"])
def test_connections_that_break_at_random_moments(feed: Feed, store_url: str, scale: Scale, how: str) -> None:
    """An operator ends sessions, or cancels statements, wherever they happen to be: the same Sessions object goes
    on, and a commit whose answer was lost is found in the store.
    """
    function = {"ended": "pg_terminate_backend", "cancelled": "pg_cancel_backend"}[how]
    others = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
    struck = threading.Event()

    def strike() -> None:
        moments = random.Random(11)
        try:
            with psycopg.connect(store_url, autocommit=True) as connection:
                for _ in range(scale(long=1_000, small=60)):
                    time.sleep(moments.uniform(0.0, 0.04))
                    connection.execute(f"SELECT {function}(pid) FROM pg_stat_activity WHERE {others}")
        finally:
            struck.set()

    end = troubles = 0
    with thread(strike):
        while not struck.is_set():
            end += 400
            troubles += tell(feed, partitions=_PARTITIONS, end=end, size=_SIZE)
    assert troubles > 0
    audit_story(feed, partitions=_PARTITIONS, end=end)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_the_database_goes_and_comes_back(feed: Feed, postgres: PostgresServer, scale: Scale, how: str) -> None:
    """In good order or by kill -9 of all its processes, in the middle of storing: StoreAway, and then the same
    Sessions object works again.
    """
    times = scale(long=6, small=1)
    stopped = threading.Event()

    def break_it() -> None:
        for _ in range(times):
            time.sleep(0.3)
            postgres.restart() if how == "restart" else postgres.kill()
            postgres.start() if how == "kill" else None
        stopped.set()

    end = 400
    with thread(break_it):
        troubles = tell(feed, partitions=_PARTITIONS, end=end, size=_SIZE)
        while not stopped.is_set() or troubles == 0:
            end += 400
            troubles += tell(feed, partitions=_PARTITIONS, end=end, size=_SIZE)
    assert troubles > 0
    audit_story(feed, partitions=_PARTITIONS, end=end)


def test_a_database_that_dies_before_the_commit(feed: Feed, postgres: PostgresServer, store_url: str) -> None:
    """All rows are inserted and the server is killed: nothing of the batch is there, and it can be stored again."""
    feed.send(trace())
    batch = feed.batch({partition(0): [trace(), trace()]})
    fates: list[str] = []

    def store() -> None:
        try:
            feed.store.store(batch)
        except StoreAway as error:
            fates.append(str(error))

    with gate(store_url) as closed, thread(store):
        until(lambda: closed.waiting() == 1)
        postgres.kill()
        until(lambda: bool(fates))
    with pytest.raises(StoreAway), feed.sessions.read():
        pass
    postgres.start()
    assert one(feed.sessions, "SELECT count(*) FROM traces") == 1
    assert feed.send_batch(batch).counts[partition(0)].stored == 2


def test_a_session_that_broke_leaves_no_half_tables(sessions: Sessions, feed: Feed) -> None:
    """A batch that fails on a new connection takes its temporary tables along; the next one makes them again."""
    batch = feed.batch({partition(0): [trace()]})
    for _ in range(7):
        with sessions.write() as db:
            db.exec_driver_sql("UPDATE ingest_offsets SET next_offset = 5")
        with pytest.raises(Exception, match="stored up to 5"):
            feed.store.store(batch)
        with sessions.write() as db:
            db.exec_driver_sql("UPDATE ingest_offsets SET next_offset = 0")
    assert feed.send_batch(batch).counts[partition(0)].stored == 1
