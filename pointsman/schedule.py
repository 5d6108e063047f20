"""What runs by the clock: partitions made ahead, retention."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from store.days import Days
from store.errors import StoreError
from store.retention import delete_expired
from store.sessions import Sessions

log = structlog.get_logger()

_EVERY = timedelta(minutes=10)


class Maintenance:
    """Keeps day partitions ahead and drops what is past retention, every ten minutes."""

    name = "maintenance"

    def __init__(self, sessions: Sessions, days: Days, *, maintained: Callable[[int], None]) -> None:
        """`maintained` is told how many days are ready ahead."""
        self._sessions = sessions
        self._days = days
        self._maintained = maintained
        self._stopping = threading.Event()

    def run(self) -> None:
        """Keep the schedule until `stop`."""
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_job(
            self.maintain, "interval", seconds=_EVERY.total_seconds(), id=self.name, next_run_time=datetime.now(UTC)
        )
        scheduler.start()
        try:
            self._stopping.wait()
        finally:
            scheduler.shutdown(wait=False)

    def stop(self) -> None:
        """End the schedule; a round that runs is safe to be cut."""
        self._stopping.set()

    def maintain(self) -> None:
        """One round. A database that is away is no reason to end: the next round comes."""
        try:
            done = self._days.maintain()
            kept = self._days.kept()
            deleted = delete_expired(self._sessions, now=kept.now, oldest=kept.oldest)
            self._maintained(self._days.ahead())
        except StoreError as error:
            log.warning("maintenance_failed", why=str(error))
        else:
            log.info(
                "maintained",
                days_made=[str(day) for day in done.made],
                days_dropped=[str(day) for day in done.dropped],
                **deleted._asdict(),
            )
