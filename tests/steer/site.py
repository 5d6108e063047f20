"""A database with traffic, and processes that steer on it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from store.rollups.comparing import comparable_days, compare_day
from store.sessions import Sessions
from tests.builders import trace
from tests.ingest import stored
from tests.ingest.process import IngestProcess
from tests.store.feed import Feed

_TRACES_A_BATCH = 20
_BATCH_EVERY_S = 0.05
_TICK_WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pointsman steer'"
    " AND wait_event_type = 'Lock' AND query LIKE '%%request_rollups_day%%'"
)
_IN_ROLLUPS = "SELECT coalesce(sum(requests), 0) FROM request_rollups_day"


class Site:
    """Ingest is played by a Feed; nothing here needs Kafka."""

    def __init__(self, url: str, sessions: Sessions, directory: Path) -> None:
        self.url = url
        self.sessions = sessions
        self.sent = 0
        self._directory = directory
        self._feed = Feed(sessions)
        self._processes: list[IngestProcess] = []

    def steer(self, **settings: object) -> IngestProcess:
        """One more `pointsman steer`."""
        log = self._directory / f"steer-{len(self._processes)}.log"
        process = IngestProcess(log, {"database_url": self.url, "http_port": 0, **settings}, command="steer")
        self._processes.append(process)
        return process

    def leader(self, **settings: object) -> IngestProcess:
        """One more of them, which leads."""
        process = self.steer(**settings)
        process.wait_for("leading")
        return process

    def standby(self, **settings: object) -> IngestProcess:
        """One more of them, which stands by."""
        process = self.steer(**settings)
        process.wait_health("standby")
        return process

    def send(self, count: int = _TRACES_A_BATCH) -> None:
        """Store that many requests of now."""
        now = datetime.now(UTC)
        contents: list[Any] = [trace(started_at=now) for _ in range(count)]
        self._feed.send(*contents)
        self.sent += count

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Batches all the time, so that each tick has something to do."""
        over = threading.Event()

        def send() -> None:
            while not over.wait(_BATCH_EVERY_S):
                self.send()

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()

    @property
    def rolled_up(self) -> int:
        """Requests in the rollups by day."""
        return int(stored.one(self.url, _IN_ROLLUPS))

    def wait_rolled_up(self, count: int, *, within_s: float = 20.0) -> float:
        """Wait until so many are; how long it took."""
        return self.wait_until(lambda: self.rolled_up >= count, f"{count} requests in the rollups", within_s=within_s)

    def wait_until(self, holds: Callable[[], object], what: str, *, within_s: float = 20.0) -> float:
        """Wait until it holds; how long it took. Fails with all that the processes said."""
        began = time.monotonic()
        while not holds():
            said = "\n\n".join(process.output for process in self._processes)
            assert time.monotonic() - began < within_s, f"no {what} within {within_s:g} s:\n{said}"
            time.sleep(0.02)
        return time.monotonic() - began

    @contextmanager
    def inside_a_tick(self) -> Iterator[None]:
        """Whoever leads is in the midst of a tick, and stays in it for as long as the block."""
        with psycopg.connect(self.url) as holder:
            holder.execute("LOCK TABLE request_rollups_day IN SHARE MODE")
            self.wait_until(lambda: stored.one(self.url, _TICK_WAITS), "tick that waits", within_s=10.0)
            yield

    def audit(self) -> None:
        """Every request is in the rollups, and in none of them twice."""
        self.wait_rolled_up(self.sent)
        assert self.rolled_up == self.sent == stored.count(self.url, "traces")
        days = comparable_days(self.sessions).days
        compared = [one for day in days if (one := compare_day(self.sessions, day)).rows]
        assert compared
        assert [one.different for one in compared] == [0] * len(compared)

    def close(self) -> None:
        """End what runs."""
        for process in self._processes:
            process.close()
