"""What waits for Kafka: bounded by count and by bytes. What does not fit is counted."""

from collections import deque
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Waiting(NamedTuple, Generic[T]):
    """A message that waits; `size` is its estimated memory in bytes, `tries` how often a producer gave it up."""

    item: T
    size: int
    tries: int = 0


class Buffer(Generic[T]):
    """Takes from any thread without waiting for anyone but another `put`; the oldest is dropped for the newest.

    After an outage the newest say what the router does now, and the heartbeats say how many are missing.
    """

    def __init__(self, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._items: deque[Waiting[T]] = deque()
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
        """Add the newest item. After `close` it counts as dropped."""
        with self._lock:
            if self._closed or size > self._max_bytes:
                self._dropped += 1
                return
            self._items.append(Waiting(item, size))
            self._bytes += size
            while len(self._items) > self._max_count or self._bytes > self._max_bytes:
                self._bytes -= self._items.popleft().size
                self._dropped += 1

    def take(self) -> Waiting[T] | None:
        """The oldest item, or None."""
        with self._lock:
            if not self._items:
                return None
            oldest = self._items.popleft()
            self._bytes -= oldest.size
            return oldest

    def put_back(self, oldest: Waiting[T]) -> None:
        """Return what `take` gave and could not be sent: it is the oldest again, and the first to be dropped."""
        with self._lock:
            if self._closed or len(self._items) >= self._max_count or self._bytes + oldest.size > self._max_bytes:
                self._dropped += 1
                return
            self._items.appendleft(oldest)
            self._bytes += oldest.size

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
