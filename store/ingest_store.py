"""Everything that ingest asks of the store, each call a transaction of its own."""

from collections.abc import Iterable

from store import dead_letters, offsets
from store.batches import BatchStore, BegunBatch
from store.days import Days
from store.received import Batch, Source, Span, StoredBatch
from store.sessions import Sessions


class IngestStore:
    """The store as one consumer sees it. Every call raises StoreAway where the database is."""

    def __init__(self, sessions: Sessions, batches: BatchStore, days: Days) -> None:
        self._sessions = sessions
        self._batches = batches
        self._days = days

    def known(self, cluster_id: str, topics: Iterable[str]) -> list[offsets.KnownPartition]:
        """How far these topics are stored, earlier incarnations included."""
        with self._sessions.read() as db:
            return offsets.stored_offsets(db, cluster_id, topics)

    def begin(self, source: Source, first: int) -> None:
        """Note where a partition that was never read begins."""
        with self._sessions.write() as db:
            offsets.begin_partition(db, source, first)

    def jump(self, source: Source, gap: Span) -> None:
        """Note messages that Kafka deleted unread, and move behind them. Raises OffsetsMoved."""
        with self._sessions.write() as db:
            offsets.jump_gap(db, source, gap, "deleted")

    def begin_batch(self, batch: Batch) -> BegunBatch:
        """Bring a batch's rows to the database; `finish_batch` has to follow, or its own `abandon`."""
        return self._batches.begin(batch)

    def finish_batch(self, begun: BegunBatch) -> StoredBatch:
        """Store a batch with its offsets. Raises OffsetsMoved."""
        return self._batches.finish(begun)

    def days_ahead(self) -> int:
        """How many day partitions after today are ready."""
        return self._days.ahead()

    def letters_bytes(self) -> int:
        """What dead letters take on disk."""
        with self._sessions.read() as db:
            return dead_letters.stored_bytes(db)
