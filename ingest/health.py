"""What ingest is doing, in one word and one sentence."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import structlog

log = structlog.get_logger()

State = Literal["starting", "reading", "waiting_for_broker", "waiting_for_store", "waiting_for_topics", "stopped"]

# A database that hangs breaks no connection: past this time it counts as away.
_SLOW_STORE_S = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """The state of an ingest; only `reading` is well. Replaced as a whole, so that any thread may read it."""

    state: State
    detail: str

    @property
    def well(self) -> bool:
        """Whether messages reach the store."""
        return self.state == "reading"


class Condition:
    """The health as it now is: told by the thread that reads, asked by any other. `asking_store` is for all."""

    def __init__(self) -> None:
        self._told = Health("starting", "not connected yet")
        # When each question to the database began that is not answered yet.
        self._asked_store_at: dict[object, float] = {}
        self._takes_writes = True

    @property
    def state(self) -> State:
        """As it was told last."""
        return self._told.state

    @property
    def health(self) -> Health:
        """As it was told last, unless the database has been silent for too long since."""
        now = time.monotonic()
        waited_s = now - min(self._asked_store_at.copy().values(), default=now)
        if waited_s > _SLOW_STORE_S and self._told.well:
            return Health("waiting_for_store", f"the database has not answered for {waited_s:.0f} s")
        return self._told

    def write_failed(self, detail: str) -> None:
        """A batch could not be stored: `reading` is told again after `wrote` only, for a database may take reads alone
        (its disk is full, it is a standby).
        """
        self._takes_writes = False
        self.became("waiting_for_store", detail)

    def wrote(self) -> bool:
        """A batch was stored, or none is left to store; whether this is news."""
        was_in_doubt = not self._takes_writes
        self._takes_writes = True
        return was_in_doubt

    def became(self, state: State, detail: str) -> None:
        """Tell it; a new state is logged."""
        if state == "reading" and not self._takes_writes:
            return
        health = Health(state, detail)
        if state != self._told.state:
            log.log(20 if health.well else 30, state, detail=detail)
        self._told = health

    @contextmanager
    def asking_store(self) -> Iterator[None]:
        """While the block waits for the database."""
        question = object()
        self._asked_store_at[question] = time.monotonic()
        try:
            yield
        finally:
            del self._asked_store_at[question]
