"""The steps of an ingest, and how to find one that stands in each: with PostgreSQL's own locks, from outside.

The process under test is the real one, unchanged. A lock that another session holds makes it wait inside of a step;
there it is frozen or killed, and the lock goes. Inside COPY there is nothing to wait for: it is looked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import psycopg

_WITHIN_S = 20.0
_LOOK_S = 0.002
_OURS = "datname = current_database() AND pid <> pg_backend_pid() AND application_name ~ '^pointsman'"


class Step(NamedTuple):
    """What holds a process up inside of a step, and what pg_stat_activity shows of its session meanwhile."""

    held: str
    shown: str


_LOCKED = "wait_event_type = 'Lock' AND query ~ '{}'"
STEPS: Mapping[str, Step] = {
    "placing": Step("LOCK TABLE ingest_offsets IN ACCESS EXCLUSIVE MODE", _LOCKED.format("FROM ingest_offsets")),
    "COPY": Step("", "query ~ '^COPY staged_attempts' AND state = 'active' AND wait_event = 'ClientRead'"),
    "before the lock": Step(
        "LOCK TABLE start_day_parity IN ACCESS EXCLUSIVE MODE", _LOCKED.format("^LOCK TABLE start_day_parity")
    ),
    "compare-and-set": Step(
        "SELECT FROM ingest_offsets FOR UPDATE", _LOCKED.format("FROM ingest_offsets.* FOR UPDATE")
    ),
    "before the insert": Step(
        "LOCK TABLE ONLY traces IN ACCESS EXCLUSIVE MODE", _LOCKED.format("^SELECT t.trace_id, t.started_at FROM")
    ),
    "before the commit": Step("LOCK TABLE ingest_batches IN SHARE MODE", _LOCKED.format("^INSERT INTO ingest_batches")),
    "at the commit": Step("", "wait_event = 'SyncRep'"),
}


@contextmanager
def held(url: str, statement: str) -> Iterator[None]:
    """While the block lasts, somebody holds these locks."""
    with psycopg.connect(url) as holder:
        if statement:
            holder.execute(statement.encode())
        yield
        holder.rollback()


@contextmanager
def unanswered_commits(url: str) -> Iterator[None]:
    """While the block lasts, every commit is written and none is answered: it waits for a standby that is not there."""
    with psycopg.connect(url, autocommit=True, options="-c synchronous_commit=local") as operator:
        operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        operator.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
            operator.execute("SELECT pg_reload_conf()")


@contextmanager
def hindrance(url: str, name: str) -> Iterator[None]:
    """While the block lasts, whoever comes to this step stays in it (inside COPY: nobody does)."""
    if name == "at the commit":
        with unanswered_commits(url):
            yield
    else:
        with held(url, STEPS[name].held):
            yield


class Looker:
    """Sees from outside where the sessions of a database are."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def is_in(self, name: str) -> bool:
        """Whether a session of Pointsman is inside of this step now."""
        return self.shows(STEPS[name].shown)

    def shows(self, condition: str) -> bool:
        """Whether pg_stat_activity has such a session of Pointsman."""
        query = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE {_OURS} AND {condition}"
        row = self._connection.execute(query.encode()).fetchone()
        return bool(row and row[0])

    def end_sessions(self) -> None:
        """End every session of Pointsman, as an operator would."""
        self._connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OURS}".encode())

    def wait(self, holds: Callable[[], bool], what: str, *, within_s: float = _WITHIN_S) -> None:
        """Wait until it holds, looked up each two milliseconds."""
        assert self.sees(holds, within_s=within_s), f"no {what} within {within_s:g} s"

    def sees(self, holds: Callable[[], bool], *, within_s: float) -> bool:
        """The same; whether it held in time."""
        deadline = time.monotonic() + within_s
        while not holds():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_S)
        return True
