"""The batch that grows between two commits. The limits are a value, the batch is their memory."""

from collections.abc import Iterable
from dataclasses import dataclass

from store.received import Batch, Received, Source, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """When a batch is stored: at the first limit that it reaches."""

    max_messages: int = 5_000
    max_bytes: int = 16 * 1024 * 1024
    max_age_s: float = 0.25


class PendingBatch:
    """Messages that were read and not yet stored. Takes the clock as an argument."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._messages: list[Received] = []
        self._bytes = 0
        self._since: float | None = None
        self._spans: dict[Source, Span] = {}

    def begin(self, source: Source, offset: int) -> None:
        """The partition is read from this offset on."""
        self._spans[source] = Span(offset, offset)

    def add(self, messages: Iterable[Received]) -> None:
        """Take in messages."""
        for message in messages:
            self._messages.append(message)
            self._bytes += len(message.payload or b"") + len(message.message_key or b"")

    def reach(self, source: Source, offset: int, now: float) -> None:
        """Everything before this offset was delivered, or is no message (markers, aborted, compacted)."""
        span = self._spans[source]
        if offset > span.next:
            self._spans[source] = span._replace(next=offset)
            if self._since is None:
                self._since = now

    def begins_at(self, source: Source) -> int:
        """Where the partition's part of the batch begins: everything before it was handed over."""
        return self._spans[source].first

    def room(self) -> int:
        """How many more messages fit; at least 1."""
        return max(1, self._limits.max_messages - len(self._messages))

    def due_in(self, now: float) -> float:
        """Seconds until the batch is to be stored; 0 where it is due, infinite where there is nothing."""
        if self._since is None:
            return float("inf")
        if self.is_full():
            return 0.0
        return max(0.0, self._since + self._limits.max_age_s - now)

    def is_empty(self) -> bool:
        """Whether nothing was delivered since the last batch."""
        return self._since is None

    def is_full(self) -> bool:
        """Whether it has reached a limit of size."""
        return len(self._messages) >= self._limits.max_messages or self._bytes >= self._limits.max_bytes

    def hand_over(self) -> Batch:
        """What to store: the messages, and the spans of the partitions that moved. Goes on behind them."""
        moved = {source: span for source, span in self._spans.items() if span.next > span.first}
        batch = Batch(self._messages, moved)
        self._spans = {source: Span(span.next, span.next) for source, span in self._spans.items()}
        self._clear()
        return batch

    def drop(self, sources: Iterable[Source]) -> None:
        """Forget these partitions: they are somebody else's, or will be placed anew."""
        gone = set(sources)
        self._spans = {source: span for source, span in self._spans.items() if source not in gone}
        kept = [message for message in self._messages if message.source not in gone]
        moved = any(span.next > span.first for span in self._spans.values())
        since = self._since
        self._clear()
        self.add(kept)
        self._since = since if moved else None

    def _clear(self) -> None:
        self._messages = []
        self._bytes = 0
        self._since = None
