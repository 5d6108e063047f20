"""What a replay will send, and when: pure, told what time it is.

A trace never starts after it is published. The ingest refuses what is ahead of the broker's clock, so the shift
puts the last start at the planned end of the replay, or, where a replay is slower than life, the first at its begin.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from pydantic import TypeAdapter, ValidationError

from pointsman.replay.tracefile import ReplayRefused, Survey, lines_of, trace_of
from pointsman_contract.decode import encode
from pointsman_contract.errors import ContractError
from pointsman_contract.fields import Name
from pointsman_contract.topics import TRACES
from pointsman_contract.trace import Trace

ENVIRONMENT = "replay"
MAX_DURATION = timedelta(days=31)
MAX_SHIFTED_SPAN = timedelta(days=10 * 365)
_ENVIRONMENT_NAME: TypeAdapter[str] = TypeAdapter(Name)


class DueMessage(NamedTuple):
    """A message and the time at which it is published, or at once if that is over."""

    due: datetime
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """A valid file and what is done to it on its way.

    Without `speed` everything is due at once. Ids are made from `run_id` and the old id: a new run has new ids, a
    pair of shadow and original stays a pair, a duplicate stays a duplicate, and no table of ids is kept.
    """

    path: Path
    survey: Survey
    topic: str = TRACES
    environment: str = ENVIRONMENT
    speed: float | None = None
    keep_times: bool = False
    keep_ids: bool = False
    run_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        check_environment(self.environment)
        if self.speed is not None:
            self._refuse_speed(self.speed)
        if not self.keep_times and self.survey.span > MAX_SHIFTED_SPAN:
            raise ReplayRefused(
                f"{self.path} spans {self.survey.span.days:,} days; times over more than {MAX_SHIFTED_SPAN.days:,}"
                " days are not shifted, keep them or split the file"
            )

    @property
    def duration(self) -> timedelta:
        """How long the publishing takes at this speed."""
        return timedelta(0) if self.speed is None else self.survey.span / self.speed

    def shift(self, begins: datetime) -> timedelta:
        """What is added to each start."""
        first, last = self.survey.first, self.survey.last
        if self.keep_times or first is None or last is None:
            return timedelta(0)
        return min(begins + self.duration - last, begins - first)

    def due(self, started_at: datetime, begins: datetime) -> datetime:
        """When a trace is published; `started_at` is the file's."""
        if self.speed is None or self.survey.first is None:
            return begins
        return begins + (started_at - self.survey.first) / self.speed

    def id_of(self, old: UUID) -> UUID:
        """The trace's id in this run."""
        return old if self.keep_ids else uuid5(self.run_id, str(old))

    def _refuse_speed(self, speed: float) -> None:
        if not 0 < speed < float("inf"):
            raise ReplayRefused(f"speed: a number over 0 is needed, not {speed:g}")
        if self.survey.span.total_seconds() / speed > MAX_DURATION.total_seconds():
            raise ReplayRefused(
                f"speed: at {speed:g} the replay would take more than {MAX_DURATION.days} days,"
                f" the file spans {self.survey.span}"
            )


def check_environment(name: str) -> None:
    """Raises ReplayRefused where no trace can have this environment."""
    try:
        _ENVIRONMENT_NAME.validate_python(name, strict=True)
    except ValidationError as error:
        raise ReplayRefused(f"environment: {error.errors()[0]['msg']}") from error


def due_messages(plan: ReplayPlan, begins: datetime) -> Iterator[DueMessage]:
    """The file's traces in its order, one at a time.

    Lines added since the survey are left out. Raises ReplayRefused when the surveyed lines changed meanwhile.
    """
    shift = plan.shift(begins)
    remaining = plan.survey.traces
    lines = lines_of(plan.path)
    while remaining:
        line = next(lines, None)
        if line is None:
            raise _changed(plan)
        try:
            trace = trace_of(line).message
        except ContractError as error:
            raise _changed(plan) from error
        if not _in_span(trace, plan.survey):
            raise _changed(plan)
        yield _message(trace, plan, shift, begins)
        remaining -= 1


def _message(trace: Trace, plan: ReplayPlan, shift: timedelta, begins: datetime) -> DueMessage:
    trace_id = plan.id_of(trace.trace_id)
    published = trace.model_copy(
        update={
            "trace_id": trace_id,
            "shadow_of": None if trace.shadow_of is None else plan.id_of(trace.shadow_of),
            "started_at": trace.started_at + shift,
            "environment": plan.environment,
        }
    )
    return DueMessage(plan.due(trace.started_at, begins), str(trace_id).encode(), encode(published))


def _in_span(trace: Trace, survey: Survey) -> bool:
    return survey.first is not None and survey.last is not None and survey.first <= trace.started_at <= survey.last


def _changed(plan: ReplayPlan) -> ReplayRefused:
    return ReplayRefused(f"{plan.path} changed while it was replayed: a part of it was sent")
