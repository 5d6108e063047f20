"""What was sent and is not settled yet: counts and the first error, never the messages.

Pure apart from its lock. Acknowledgements come from the client's own thread, the waits are the caller's.
"""

from threading import Condition


class Deliveries:
    """Bounds what is under way in bytes, and remembers the first error for good."""

    def __init__(self, max_pending_bytes: int) -> None:
        self._max_pending_bytes = max_pending_bytes
        self._changed = Condition()
        self._pending_bytes = 0
        self._pending = 0
        self._delivered = 0
        self._failed = 0
        self._first_error: Exception | None = None

    @property
    def pending(self) -> int:
        """Messages that are neither acknowledged nor failed."""
        return self._pending

    @property
    def delivered(self) -> int:
        """Messages that a broker acknowledged."""
        return self._delivered

    @property
    def failed(self) -> int:
        """Messages that will never be acknowledged."""
        return self._failed

    @property
    def first_error(self) -> Exception | None:
        """Why the first of the failed messages failed."""
        return self._first_error

    def begin(self, size: int, timeout_s: float) -> bool:
        """Wait for room and take it; False if there was none in time.

        A message larger than all the room goes alone: it waits for the others, not for ever. Once a message was lost
        nobody waits any more: the caller has to look at `first_error` first.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._first_error or self._has_room(size), timeout_s):
                return False
            self._pending_bytes += size
            self._pending += 1
            return True

    def acknowledged(self, size: int, _receipt: object = None) -> None:
        """The broker has the message."""
        with self._changed:
            self._delivered += 1
            self._settle(size)

    def lost(self, size: int, error: Exception) -> None:
        """The message was given up."""
        with self._changed:
            self._failed += 1
            self._first_error = self._first_error or error
            self._settle(size)

    def withdraw(self, size: int) -> None:
        """The message was refused before it was under way: the caller has the error."""
        with self._changed:
            self._settle(size)

    def settled(self, timeout_s: float) -> bool:
        """Wait until nothing is under way; False if something still was when the time was over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout_s)

    def _has_room(self, size: int) -> bool:
        return self._pending == 0 or self._pending_bytes + size <= self._max_pending_bytes

    def _settle(self, size: int) -> None:
        self._pending_bytes -= size
        self._pending -= 1
        self._changed.notify_all()
