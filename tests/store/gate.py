"""Holds transactions where a test wants them, with nothing but PostgreSQL's own locks."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")

_LIMIT_S = 10.0


def until(happened: Callable[[], bool], *, within_s: float = _LIMIT_S) -> None:
    """Wait until something is so; fail where it does not become so in time."""
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Gate:
    """Before their commit, all who store batches wait here: they insert into `ingest_batches` last."""

    def __init__(self, url: str) -> None:
        self._holder = psycopg.connect(url)
        self._looker = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Let nobody pass."""
        self._holder.execute("LOCK TABLE ingest_batches IN SHARE MODE")

    def open(self) -> None:
        """Let everybody pass."""
        self._holder.rollback()

    def leave(self) -> None:
        """Take the gate away."""
        self._holder.close()
        self._looker.close()

    def waiting(self, table: str = "ingest_batches") -> int:
        """How many wait for a lock on this table."""
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        row = self._looker.execute(query, [table]).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def gate(url: str) -> Iterator[Gate]:
    """A gate that is closed when the block begins and gone when it ends."""
    held = Gate(url)
    held.close()
    try:
        yield held
    finally:
        held.leave()


def at_once(*calls: Callable[[], T]) -> list[Future[T]]:
    """Run these in threads of their own, and return when all have ended."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [threads.submit(call) for call in calls]


def fates(futures: list[Future[Any]]) -> list[str]:
    """How each ended: the name of its exception, or "well"."""
    return sorted(type(error).__name__ if (error := future.exception()) else "well" for future in futures)
