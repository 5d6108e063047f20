"""What runs by the clock: partitions made ahead, retention."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.schedulers.background import BackgroundScheduler

from store.days import Days
from store.errors import StoreAway
from store.retention import delete_expired
from store.sessions import Sessions

log = structlog.get_logger()

_EVERY = timedelta(minutes=10)


class Maintenance:
    """Keeps day partitions ahead and drops what is past retention, every ten minutes."""

    name = "maintenance"

    def __init__(
        self, sessions: Sessions, days: Days, *, maintained: Callable[[int], None], every: timedelta = _EVERY
    ) -> None:
        """`maintained` is told how many days are ready ahead."""
        self._sessions = sessions
        self._days = days
        self._maintained = maintained
        self._every = every
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []

    def run(self) -> None:
        """Keep the schedule until `stop`. Raises what a round raised, unless the database was away."""
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _DaemonThreads()},  # type: ignore[no-untyped-call]  # APScheduler has no types
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_job(
            self._round, "interval", seconds=self._every.total_seconds(), id=self.name, next_run_time=datetime.now(UTC)
        )
        scheduler.start()
        try:
            self._stopping.wait()
        finally:
            scheduler.shutdown(wait=False)
        if self._failures:
            raise self._failures[0]

    def stop(self) -> None:
        """End the schedule; a round that runs is safe to be cut."""
        self._stopping.set()

    def _round(self) -> None:
        # APScheduler would log what is raised here and go on.
        try:
            self.maintain()
        except BaseException as error:  # noqa: BLE001 - whatever ends a round ends the process
            self._failures.append(error)
            self._stopping.set()

    def maintain(self) -> None:
        """One round. A database that is away is no reason to end: the next round comes. Raises other StoreErrors."""
        try:
            done = self._days.maintain()
            kept = self._days.kept()
            deleted = delete_expired(self._sessions, now=kept.now, oldest=kept.oldest)
            self._maintained(self._days.ahead())
        except StoreAway as error:
            log.warning("maintenance_failed", why=str(error))
        else:
            counts = {"days_made": len(done.made), "days_dropped": len(done.dropped)}
            counts |= {f"{name}_deleted": count for name, count in deleted._asdict().items()}
            say = log.info if any(counts.values()) else log.debug
            say("maintained", **counts)


class _DaemonThreads(BaseExecutor):
    """A thread for each run, which the process does not wait for at its end: a round may wait for a reader for long."""

    def _do_submit_job(self, job: Any, run_times: Sequence[datetime]) -> None:
        ended: Any = self._run_job_success

        def run() -> None:
            events = run_job(job, job._jobstore_alias, run_times, self._logger.name)  # noqa: SLF001 - as its own pools do
            ended(job.id, events)

        threading.Thread(target=run, name=str(job.id), daemon=True).start()
