"""What the producer holds of one topic and Kafka has not acknowledged yet: counts, never the messages.

kafka-python 3 has no bound of its own on what it holds; this is the bound.
"""

from threading import Lock
from time import monotonic


class Flight:
    """Counted up by the emitter's thread, down by kafka-python's."""

    def __init__(self, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._bytes = 0
        self._pending = 0
        self._sent = 0
        self._delivered = 0
        self._failed = 0
        self._error = ""
        self._moved_at = monotonic()

    @property
    def pending(self) -> int:
        """Messages that are neither acknowledged nor given up."""
        return self._pending

    @property
    def sent(self) -> int:
        """Messages that were handed to the producer."""
        return self._sent

    @property
    def delivered(self) -> int:
        """Messages that Kafka acknowledged."""
        return self._delivered

    @property
    def failed(self) -> int:
        """Messages that were given up for good."""
        return self._failed

    @property
    def error(self) -> str:
        """Why the last one failed: the error's class; '' once another was delivered after it."""
        return self._error

    def waiting_s(self, now: float) -> float:
        """For how long nothing has moved although messages are under way."""
        return now - self._moved_at if self._pending else 0.0

    def has_room(self, size: int) -> bool:
        """Whether one more may go; a message larger than all the room goes alone."""
        with self._lock:
            return self._pending == 0 or (self._pending < self._max_count and self._bytes + size <= self._max_bytes)

    def begin(self, size: int, *, again: bool) -> None:
        """The producer has one more; one that it gets `again` was counted as sent before."""
        with self._lock:
            if self._pending == 0:
                self._moved_at = monotonic()
            self._pending += 1
            self._bytes += size
            self._sent += not again

    def withdraw(self, size: int, *, again: bool) -> None:
        """The producer did not take it after all."""
        with self._lock:
            self._sent -= not again
            self._settle(size)

    def acknowledged(self, size: int) -> None:
        """Kafka has it."""
        with self._lock:
            self._delivered += 1
            self._error = ""
            self._settle(size)

    def lost(self, size: int, error: Exception, *, for_good: bool) -> None:
        """The producer gave it up; not `for_good` where it goes back into the buffer."""
        with self._lock:
            self._failed += for_good
            self._error = type(error).__name__
            self._settle(size)

    def _settle(self, size: int) -> None:
        self._pending -= 1
        self._bytes -= size
        self._moved_at = monotonic()
