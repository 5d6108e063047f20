"""What waits for Kafka: bounded by count and by bytes. What does not fit is counted."""

from collections import deque
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Buffer(Generic[T]):
    """Takes from any thread without waiting for anyone but another `put`; the oldest is dropped for the newest.

    After an outage the newest say what the router does now, and the heartbeats say how many are missing.
    """

    def __init__(self, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def dropped(self) -> int:
        """Items that were given up; only rises."""
        return self._dropped

    def put(self, item: T, size: int) -> None:
        """Add the newest item; `size` is its estimated memory in bytes. After `close` it counts as dropped."""
        with self._lock:
            if self._closed or size > self._max_bytes:
                self._dropped += 1
                return
            self._items.append((item, size))
            self._bytes += size
            while len(self._items) > self._max_count or self._bytes > self._max_bytes:
                _, gone = self._items.popleft()
                self._bytes -= gone
                self._dropped += 1

    def take(self) -> tuple[T, int] | None:
        """The oldest item with its size, or None."""
        with self._lock:
            if not self._items:
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            return item, size

    def put_back(self, item: T, size: int) -> None:
        """Return what `take` gave and could not be sent: it is the oldest again, and the first to be dropped."""
        with self._lock:
            if self._closed or len(self._items) >= self._max_count or self._bytes + size > self._max_bytes:
                self._dropped += 1
                return
            self._items.appendleft((item, size))
            self._bytes += size

    def close(self) -> None:
        """Take nothing more, and count what is left as dropped."""
        with self._lock:
            self._closed = True
            self._dropped += len(self._items)
            self._items.clear()
            self._bytes = 0

    def forget(self) -> None:
        """For the child of a fork: what is in here is the parent's, and so is the lock, perhaps for ever."""
        self._lock = Lock()
        self.close()
