"""The way of a batch from memory into the store: begun, handed over, settled, its progress told to Kafka."""

import threading
import time

import structlog

from ingest.assignment import Assignment
from ingest.broker import AskedTopics, GroupConsumer
from ingest.errors import BrokerUnreachable
from ingest.health import Condition
from ingest.metrics import IngestMetrics
from ingest.partitions import Partition
from ingest.pending import PendingBatch
from ingest.storing import Settled, Storing, free_frames
from store.batches import BegunBatch
from store.errors import StoreAway, StoreError
from store.ingest_store import IngestStore
from store.received import StoredBatch

log = structlog.get_logger()

_REFRESH_S = 2.0
# A question may wait for the answer to an earlier one.
_CONFIRM_S = 20.0
_PROGRESS_S = 2.0


class Handover:
    """Hands batches to the store: one is finished there, and the next may have begun. Used by the thread that reads."""

    def __init__(
        self,
        store: IngestStore,
        pending: PendingBatch,
        assignment: Assignment,
        condition: Condition,
        metrics: IngestMetrics,
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._pending = pending
        self._assignment = assignment
        self._condition = condition
        self._metrics = metrics
        self._stopping = stopping
        self._storing = Storing(self._finish)
        self._next: BegunBatch | None = None
        self._progress_at = 0.0
        self.progress: dict[Partition, int] = {}

    @property
    def under_way(self) -> bool:
        """Whether a batch was begun and is not settled yet."""
        return self._storing.under_way or self._next is not None

    @property
    def is_full(self) -> bool:
        """Whether a batch waits for the one before it: no other can be begun."""
        return self._next is not None

    def begin(self, consumer: GroupConsumer) -> None:
        """Bring the pending batch to the database, and have it finished once the one before it is.

        Kafka hands messages out by the topic's name alone: a consumer that stood still while a topic was re-created
        would else take the new one's messages for the old's. So the broker is asked which topics there are once the
        last message is there (see `refresh_topics`), and answers while the rows are on their way. Raises
        BrokerUnreachable, IngestStopped, StoreAway.
        """
        asked = consumer.ask_topics()
        batch = self._pending.hand_over()
        try:
            with self._condition.asking_store():
                begun = self._store.begin_batch(batch)
        except StoreAway as error:
            free_frames(error)
            raise
        try:
            self._refresh_topics(consumer, asked)
            self._assignment.refuse_other_incarnations(consumer)
        except BaseException:
            begun.abandon()
            raise
        if self._storing.under_way:
            self._next = begun
        else:
            self._storing.hand_over(begun)

    def abandon(self) -> None:
        """Store nothing of a batch that waits; the one that is being finished goes its way."""
        begun, self._next = self._next, None
        if begun is not None:
            begun.abandon()

    def settle(self, consumer: GroupConsumer, timeout_s: float | None) -> StoredBatch | None:
        """What became of the batch under way; None where there is none, or nothing is known after `timeout_s`.

        The next one, if it waits, is under way then. Raises OffsetsMoved, StoreAway; the next one waits on.
        """
        settled = self._storing.settled(timeout_s)
        if settled is None:
            return None
        if self._next is not None:
            self._storing.hand_over(self._next)
            self._next = None
        self._note(settled)
        if time.monotonic() >= self._progress_at:
            self._progress_at = time.monotonic() + _PROGRESS_S
            consumer.note_progress(self.progress)
        return settled.stored

    def finish(self, consumer: GroupConsumer) -> None:
        """Store what is under way and what is pending, before leaving; what cannot be stored will be read again."""
        try:
            self._settle_all(consumer)
            if not self._pending.is_empty():
                self.begin(consumer)
                self._settle_all(consumer)
        except (StoreError, BrokerUnreachable) as error:
            log.warning("last_batch_left_in_kafka", why=str(error))

    def forget(self, partitions: set[Partition]) -> None:
        """These partitions changed hands: their progress is somebody else's to tell."""
        self.progress = {at: offset for at, offset in self.progress.items() if at not in partitions}

    def _settle_all(self, consumer: GroupConsumer) -> None:
        while self.under_way:
            self.settle(consumer, None)

    def _refresh_topics(self, consumer: GroupConsumer, asked: AskedTopics) -> None:
        """Wait for a broker that is slow to tell its topics: it would be as slow with the same batch read again.

        Raises BrokerUnreachable, soon where the process is to end.
        """
        deadline = time.monotonic() + _CONFIRM_S
        while True:
            began = time.monotonic()
            try:
                return consumer.refresh_topics(_REFRESH_S, asked)
            except BrokerUnreachable:
                now = time.monotonic()
                is_slow = now - began >= _REFRESH_S
                if not is_slow or now >= deadline or self._stopping.is_set():
                    raise

    def _finish(self, begun: BegunBatch) -> StoredBatch:
        """Runs on the thread of `Storing`."""
        with self._condition.asking_store():
            stored = self._store.finish_batch(begun)
        # At once: who sees a row in the store shall find it counted.
        self._metrics.count_batch(stored, len(begun.batch.messages), time.monotonic() - begun.began_at)
        return stored

    def _note(self, settled: Settled) -> None:
        for source, span in settled.batch.spans.items():
            at = Partition(source.topic, source.partition)
            if at in self._assignment.placed:
                self.progress[at] = span.next
