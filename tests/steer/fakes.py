"""Who leads, as a test says; tasks with a fate; and a schedule that runs in the frame of a process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from pointsman.process import Stopping, run_services
from pointsman.steer.health import SteerHealth, steer_health
from pointsman.steer.metrics import SteerMetrics
from pointsman.steer.schedule import Schedule
from pointsman.steer.standing import Standing
from pointsman.steer.task import Task
from store.leases import Lease

OFTEN = timedelta(seconds=0.05)
SELDOM = timedelta(hours=1)


class FakeLeads:
    """Leads in the term that it was given; None stands by."""

    def __init__(self, term: int | None = 1) -> None:
        self._term = term
        self._since = time.monotonic()

    def become(self, term: int | None) -> None:
        """From now on."""
        self._term, self._since = term, time.monotonic()

    @property
    def lease(self) -> Lease | None:
        """The lease of the term."""
        return None if self._term is None else Lease("steer", "me", self._term, datetime.now(UTC))

    @property
    def standing(self) -> Standing:
        """Never unsure."""
        if self._term is None:
            return Standing("standby", "other/1/ab leads")
        return Standing("leading", "this process leads", self._term, self._since)


class Fates:
    """A task's runs: each returns its fate, raises it, or takes that many seconds; the last one stays."""

    def __init__(self, *fates: float | BaseException) -> None:
        self.runs = 0
        self._fates = fates

    def __call__(self) -> int:
        """One run."""
        fate = self._fates[min(self.runs, len(self._fates) - 1)]
        self.runs += 1
        if isinstance(fate, BaseException):
            raise fate
        if isinstance(fate, int):
            return fate
        time.sleep(fate)
        return 0


class Running:
    """A schedule that runs, and what it tells."""

    def __init__(self, *tasks: Task, leads: FakeLeads | None = None) -> None:
        self.leads = leads or FakeLeads()
        self.registry = CollectorRegistry()
        self.ended = threading.Event()
        self.schedule = Schedule(tasks, self.leads, SteerMetrics(self.registry), self.ended)
        self.stopping = Stopping()
        self.failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            run_services([self.schedule], self.stopping)
        except BaseException as error:  # noqa: BLE001 - for the test to look at
            self.failures.append(error)

    @property
    def health(self) -> SteerHealth:
        """As it is now."""
        return self.health_in(timedelta(0))

    def health_in(self, time_from_now: timedelta) -> SteerHealth:
        """As it will be if nothing happens until then."""
        now = time.monotonic() + time_from_now.total_seconds()
        return steer_health(self.schedule.tasks, self.schedule.records, self.leads.standing, now)

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample; None where it is left out."""
        return self.registry.get_sample_value(name, labels)

    def until(self, holds: Callable[[], object], *, within_s: float = 5.0) -> None:
        """Wait until it holds; fail where it does not."""
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, self.health
            time.sleep(0.01)

    def stop(self) -> float:
        """Ask it to stop; how long that took."""
        began = time.monotonic()
        self.stopping.asked.set()
        self._thread.join()
        return time.monotonic() - began

    def start(self) -> None:
        """Begin."""
        self._thread.start()


@contextmanager
def running(*tasks: Task, leads: FakeLeads | None = None) -> Iterator[Running]:
    """Run these until the block ends."""
    schedule = Running(*tasks, leads=leads)
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.stop()
