"""A consumer that is stopped (SIGSTOP) in the middle of a batch holds up nobody for long, and stores nothing twice."""

import signal
import time
from datetime import timedelta

import psutil
import pytest

from store.days import Days
from tests.store.feed import Feed, one, partition
from tests.store.gate import until
from tests.store.storyline import audit_story, tell
from tests.store.test_killed import writer

_END, _SIZE = 120, 60
_LOCKED = (
    "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
    " WHERE relname ~ '^(traces|attempts|outcomes|heartbeats|dead_letters|ingest_offsets)' AND pid <> pg_backend_pid()"
)


def store_all(feed: Feed) -> float:
    """Be the successor: store the whole partition; seconds until it was done."""
    began = time.monotonic()
    tell(feed, partitions=1, end=_END, size=_SIZE)
    return time.monotonic() - began


@pytest.mark.parametrize(("where", "within_s"), [("copy", 2.0), ("inserted", 12.0)])
def test_a_successor_goes_on(feed: Feed, store_url: str, where: str, within_s: float) -> None:
    """Inside COPY, also the very first of a connection, nothing is held that a successor or the maintenance of days
    needs; behind the compare-and-set the idle transaction is ended after five seconds. Once it goes on, the stopped one
    is told that the offsets moved, or that its session is over.
    """
    feed.place(partition())
    with writer(store_url, "--end", str(_END), "--size", str(_SIZE), "--stop", where) as process:
        stopped = psutil.Process(process.pid)
        until(lambda: stopped.status() == psutil.STATUS_STOPPED)
        if where == "copy":
            assert one(feed.sessions, _LOCKED) == 0
            Days(feed.sessions, raw_retention=timedelta(days=30)).maintain()
        assert store_all(feed) < within_s
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.readline() == ("OffsetsMoved\n" if where == "copy" else "StoreAway\n")
    audit_story(feed, partitions=1, end=_END)


def test_the_stopped_one_may_win(feed: Feed, store_url: str) -> None:
    """Nobody else came: it stores its batch as if nothing had been."""
    feed.place(partition())
    with writer(store_url, "--end", str(_SIZE), "--size", str(_SIZE), "--stop", "copy") as process:
        stopped = psutil.Process(process.pid)
        until(lambda: stopped.status() == psutil.STATUS_STOPPED)
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
    audit_story(feed, partitions=1, end=_SIZE)
