"""Runs tasks by the clock while this process leads."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.schedulers.background import BackgroundScheduler

from pointsman.steer.leadership import WORK_ENDS_WITHIN_S
from pointsman.steer.metrics import SteerMetrics
from pointsman.steer.standing import Leads
from pointsman.steer.task import Records, Task
from pointsman_contract.errors import PointsmanError
from store.errors import StoreAway

log = structlog.get_logger()

_LOOK_S = 0.1
_CLOCK_WAS_SET_S = 1.0
_MOST_SHOWN = 300


class Schedule:
    """A service of the process: each task at its times, one run of it at a time, and at once when this process begins
    to lead. A task that fails is tried again; only what is no Exception ends the process.
    """

    name = "schedule"

    def __init__(
        self, tasks: Sequence[Task], leads: Leads, metrics: SteerMetrics, ended: threading.Event | None = None
    ) -> None:
        """`ended` is set when nothing runs any more after `stop`, or nothing that is worth waiting for."""
        self.tasks = tuple(tasks)
        self.records = Records()
        self._leads = leads
        self._metrics = metrics
        metrics.begin(self.tasks, lambda: leads.lease is not None)
        self._ended = ended or threading.Event()
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        self._wall_clock_ahead = time.time() - time.monotonic()

    def run(self) -> None:
        """Keep the schedule until `stop`; then wait for the runs under way, for a while."""
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _DaemonThreads()},  # type: ignore[no-untyped-call]  # APScheduler has no types
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for task in self.tasks:
            scheduler.add_job(partial(self._do, task), "interval", seconds=task.every.total_seconds(), id=task.name)
        scheduler.start()
        try:
            self._follow(scheduler)
        finally:
            scheduler.shutdown(wait=False)
            self._wait_for_runs()
            self._ended.set()
        if self._failures:
            raise self._failures[0]

    def stop(self) -> None:
        """Begin no more runs, and return when those under way have ended."""
        self._stopping.set()

    def _follow(self, scheduler: BackgroundScheduler) -> None:
        """Start every task at once where this process begins to lead, or the machine's clock was set: APScheduler
        would wait until a clock that was set back is where it was.
        """
        term: int | None = None
        while not self._stopping.wait(_LOOK_S):
            lease = self._leads.lease
            led, term = term, None if lease is None else lease.term
            if term is None and led is not None:
                self._metrics.stands_by()
            was_set = self._clock_was_set()
            if was_set or (term is not None and term != led):
                for task in self.tasks:
                    scheduler.modify_job(task.name, next_run_time=datetime.now(UTC))

    def _clock_was_set(self) -> bool:
        before, self._wall_clock_ahead = self._wall_clock_ahead, time.time() - time.monotonic()
        return abs(self._wall_clock_ahead - before) > _CLOCK_WAS_SET_S

    def _do(self, task: Task) -> None:
        """One run, if this process leads. APScheduler would log what is raised here and go on."""
        lease = self._leads.lease
        if lease is None or self._stopping.is_set():
            return
        began = time.monotonic()
        self.records.began(task)
        try:
            rows = task.run()
        except Exception as error:  # noqa: BLE001 - told, counted, and tried again
            self._failed(task, error, lease.term, time.monotonic() - began)
        except BaseException as error:  # noqa: BLE001 - ends the process
            self._failures.append(error)
            self._stopping.set()
            self.records.failed(task, _reason(error), term=lease.term, is_away=False)
        else:
            self._metrics.succeeded(task, rows, time.monotonic() - began)
            ended = self.records.succeeded(task, rows)
            if ended is not None:
                log.info("task_recovered", task=task.name, failed_since=ended.since.isoformat(timespec="seconds"))

    def _failed(self, task: Task, error: Exception, term: int, seconds: float) -> None:
        is_away = isinstance(error, StoreAway)
        self._metrics.failed(task, seconds)
        why = _reason(error)
        if not self.records.failed(task, why, term=term, is_away=is_away):
            log.debug("task_failed_again", task=task.name, why=why)
        elif is_away:
            log.warning("task_failed", task=task.name, why=why)
        else:
            # What Pointsman raises on purpose says all in its sentence.
            log.error("task_failed", task=task.name, why=why, exc_info=not isinstance(error, PointsmanError))

    def _wait_for_runs(self) -> None:
        waited_for = [task for task in self.tasks if not task.left_at_end]
        deadline = time.monotonic() + WORK_ENDS_WITHIN_S
        while self.records.running(waited_for) and time.monotonic() < deadline:
            time.sleep(0.02)
        if left := self.records.running(self.tasks):
            log.warning("left_unfinished", tasks=left, why="a run that is cut has done nothing, or all")


def _reason(error: BaseException) -> str:
    """One line of bounded length; the driver's errors bring whole statements along."""
    lines = str(error).strip().splitlines() or [""]
    first = lines[0] if isinstance(error, PointsmanError) else f"{type(error).__name__}: {lines[0]}".removesuffix(": ")
    return first[:_MOST_SHOWN]


class _DaemonThreads(BaseExecutor):
    """A thread for each run, which the process does not wait for at its end: a round may wait for a reader for long."""

    def _do_submit_job(self, job: Any, run_times: Sequence[datetime]) -> None:
        ended: Any = self._run_job_success

        def run() -> None:
            events = run_job(job, job._jobstore_alias, run_times, self._logger.name)  # noqa: SLF001 - as its own pools do
            ended(job.id, events)

        threading.Thread(target=run, name=str(job.id), daemon=True).start()
