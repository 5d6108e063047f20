"""Sends what the plan says when it is due. Holds no rule: it waits, publishes and counts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pointsman.replay.plan import ReplayPlan, due_messages

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]
Progress = Callable[[int], None]

_FLUSH_TIMEOUT_S = 60.0
# Short naps: a clock that is set meanwhile is noticed.
_NAP_S = 1.0


class Publisher(Protocol):
    """Where messages go."""

    def publish(self, topic: str, key: bytes, value: bytes) -> None:
        """Take one message over; may block while too many are under way, never for ever."""

    def flush(self, timeout_s: float) -> None:
        """Return when every message is delivered; raise if one was not, or not in time."""


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """What was published and acknowledged. `first` and `last` are the starts as published, None for an empty file."""

    published: int
    seconds: float
    first: datetime | None
    last: datetime | None
    environment: str


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def run_replay(
    plan: ReplayPlan,
    publisher: Publisher,
    *,
    clock: Clock = utc_now,
    sleep: Sleep = time.sleep,
    progress: Progress | None = None,
) -> ReplaySummary:
    """Publish the whole plan and wait until it is delivered. `progress` is told the count so far."""
    begins = clock()
    published = 0
    for message in due_messages(plan, begins):
        _wait_until(message.due, clock, sleep)
        publisher.publish(plan.topic, message.key, message.value)
        published += 1
        if progress is not None:
            progress(published)
    publisher.flush(_FLUSH_TIMEOUT_S)
    shift = plan.shift(begins)
    first, last = plan.survey.first, plan.survey.last
    return ReplaySummary(
        published=published,
        seconds=(clock() - begins).total_seconds(),
        first=None if first is None else first + shift,
        last=None if last is None else last + shift,
        environment=plan.environment,
    )


def _wait_until(due: datetime, clock: Clock, sleep: Sleep) -> None:
    while (remaining := (due - clock()).total_seconds()) > 0:
        sleep(min(remaining, _NAP_S))
