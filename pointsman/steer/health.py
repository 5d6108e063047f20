"""Is everything done that this process has to do? A pure rule over what is remembered."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pointsman.steer.standing import Standing, State
from pointsman.steer.task import Failure, Record, Records, Task


class SteerHealth(NamedTuple):
    """Whether all is well, in one word and one sentence; `tasks` is what /healthz shows of each."""

    well: bool
    state: State
    detail: str
    tasks: dict[str, dict[str, Any]]

    @property
    def body(self) -> dict[str, Any]:
        """The part of /healthz that tells of it."""
        return {"state": self.state, "detail": self.detail, "tasks": self.tasks}


def steer_health(tasks: Sequence[Task], records: Records, standing: Standing, now: float) -> SteerHealth:
    """The health at `now` (`time.monotonic`). Who stands by is well, unless a run of its own hangs; who did not hear
    the database the last time is not.
    """
    known = {task: records.of(task) for task in tasks}
    troubles = [standing.trouble] if standing.trouble else []
    troubles += [trouble for task, record in known.items() for trouble in _troubles(task, record, standing, now)]
    shown = {task.name: _shown(record, standing) for task, record in known.items()}
    return SteerHealth(not troubles, standing.state, "; ".join(troubles) or standing.detail, shown)


def _troubles(task: Task, record: Record, standing: Standing, now: float) -> Iterator[str]:
    """What is wrong with a task; one sentence at the most."""
    runs_for = timedelta(seconds=now - (record.running_since if record.running_since is not None else now))
    if runs_for > task.patience:
        yield f"{task.name} has been running for {runs_for.total_seconds():.0f} s"
    if runs_for > task.patience or standing.state != "leading":
        return
    failure = _failure(record, standing)
    waits_for = timedelta(seconds=now - max(standing.since, record.succeeded or 0.0))
    if failure is not None and not failure.is_away:
        yield f"{task.name} has failed since {failure.since:%H:%M:%S} UTC: {failure.why}"
    elif waits_for > task.patience:
        why = "" if failure is None else f": {failure.why}"
        yield f"{task.name} has had no success for {waits_for.total_seconds():.0f} s{why}"


def _failure(record: Record, standing: Standing) -> Failure | None:
    """What failed before another one led is forgotten."""
    failed = record.failed
    return failed if failed is not None and standing.state == "leading" and failed.term == standing.term else None


def _shown(record: Record, standing: Standing) -> dict[str, Any]:
    failure = _failure(record, standing)
    at = record.last_success_at
    return {
        "last_success_at": None if at is None else at.isoformat(timespec="seconds"),
        "rows": record.rows,
        "failed": None if failure is None else failure.why,
    }
