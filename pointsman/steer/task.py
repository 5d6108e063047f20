"""A task that runs by the clock, and what is remembered of its runs."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

_LEAST_PATIENCE = timedelta(seconds=60)
_ROUNDS_OF_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Task:
    """Something that the leader does again and again; `run` returns how many rows it handled.

    `run` asks for itself whether to go on where it takes long, and is safe to be killed at any point.
    """

    name: str
    every: timedelta
    run: Callable[[], int]
    # Not waited for at the end of the process, because it may itself wait for others for long.
    left_at_end: bool = False

    @property
    def patience(self) -> timedelta:
        """How long it may run, or have no success, before something is wrong."""
        return max(_LEAST_PATIENCE, _ROUNDS_OF_PATIENCE * self.every)


@dataclass(frozen=True, slots=True)
class Failure:
    """Runs that failed one after the other: since when, the last one's reason, and in which term of leadership."""

    since: datetime
    why: str
    term: int
    # The database was away: everybody's trouble, and told as such.
    is_away: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a task's runs in this process; the floats are `time.monotonic`."""

    last_success_at: datetime | None = None
    succeeded: float | None = None
    rows: int = 0
    failed: Failure | None = None
    running_since: float | None = None


@dataclass
class Records:
    """The records of all tasks. Each is replaced as a whole: any thread may read them."""

    _by_task: dict[str, Record] = field(default_factory=dict)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def of(self, task: Task) -> Record:
        """What is known of this task."""
        return self._by_task.get(task.name, Record())

    def running(self, tasks: Iterable[Task]) -> list[str]:
        """The names of those that run."""
        return [task.name for task in tasks if self.of(task).running_since is not None]

    def began(self, task: Task) -> None:
        """A run begins."""
        self._replace(task, running_since=time.monotonic())

    def succeeded(self, task: Task, rows: int) -> Failure | None:
        """The run ended well; returns the failures that this ends."""
        before = self.of(task).failed
        now = datetime.now(UTC)
        self._replace(task, last_success_at=now, succeeded=time.monotonic(), rows=rows, failed=None, running_since=None)
        return before

    def failed(self, task: Task, why: str, *, term: int, is_away: bool) -> bool:
        """The run ended badly; whether that is news, and not the same as the last time."""
        before = self.of(task).failed
        goes_on = before is not None and before.term == term
        since = before.since if before is not None and goes_on else datetime.now(UTC)
        self._replace(task, failed=Failure(since, why, term, is_away), running_since=None)
        return before is None or (before.why, before.term) != (why, term)

    def _replace(self, task: Task, **changes: object) -> None:
        with self._changing:
            self._by_task[task.name] = replace(self.of(task), **changes)  # type: ignore[arg-type]  # of Record's fields
