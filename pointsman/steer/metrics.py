"""The closed list of what `steer` measures about itself; docs/metrics.md is made from it."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from typing_extensions import override

from pointsman.steer.task import Task

_TASK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class _KnownGauge(Gauge):
    """A gauge that is left out until it is set: 0 would be read as 1970."""

    _is_known = False

    def know(self, value: float) -> None:
        """Set it, and show it from now on."""
        self.set(value)
        self._is_known = True

    def forget(self) -> None:
        """Leave it out until it is known again."""
        self._is_known = False

    @override
    def collect(self) -> Iterable[Metric]:
        return super().collect() if self._is_known else []


class SteerMetrics:
    """Metrics of one process that leads or stands by, on its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        task: dict[str, Any] = {"labelnames": ["task"], "registry": registry}
        self._last_success = Gauge(
            "pointsman_task_last_success_timestamp_seconds",
            "When the task last ended well in this process (Unix time); left out until it has.",
            **task,
        )
        self._stale_after = Gauge(
            "pointsman_task_stale_after_seconds", "Without a success for so long something is wrong.", **task
        )
        self._seconds = Histogram(
            "pointsman_task_duration_seconds",
            "Time of a run, also of one that failed.",
            buckets=_TASK_SECONDS,
            **task,
        )
        self._rows = Counter("pointsman_task_rows", "Rows that the task handled; for rollups, messages.", **task)
        self._failures = Counter("pointsman_task_failures", "Runs that failed; each is tried again.", **task)
        self.leader = Gauge(
            "pointsman_leader", "1 where this process surely leads, 0 where it stands by.", registry=registry
        )
        self._fresh = _KnownGauge(
            "pointsman_rollups_fresh_timestamp_seconds",
            "Broker time of the newest message in the rollups (Unix time), by who leads; left out until it is known.",
            registry=registry,
        )

    def begin(self, tasks: Iterable[Task], leads: Callable[[], bool]) -> None:
        """Show every counter of these tasks as 0, so that the first failure is a rise; and who leads."""
        for task in tasks:
            self._stale_after.labels(task.name).set(task.patience.total_seconds())
            for metric in (self._seconds, self._rows, self._failures):
                metric.labels(task.name)
        self.leader.set_function(lambda: float(leads()))

    def succeeded(self, task: Task, rows: int, seconds: float) -> None:
        """A run ended well."""
        self._last_success.labels(task.name).set(time.time())
        self._rows.labels(task.name).inc(rows)
        self._seconds.labels(task.name).observe(seconds)

    def failed(self, task: Task, seconds: float) -> None:
        """A run ended badly."""
        self._failures.labels(task.name).inc()
        self._seconds.labels(task.name).observe(seconds)

    def rollups_are_fresh(self, until: datetime) -> None:
        """The rollups hold what the broker took up to then."""
        self._fresh.know(until.timestamp())

    def stands_by(self) -> None:
        """What another one knows better is not shown."""
        self._fresh.forget()
