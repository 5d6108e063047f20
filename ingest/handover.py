"""The way of a batch from memory into the store: handed over whole, settled later, its progress told to Kafka."""

import threading
import time

import structlog

from ingest.assignment import Assignment
from ingest.broker import GroupConsumer
from ingest.errors import BrokerUnreachable
from ingest.health import Condition
from ingest.metrics import IngestMetrics
from ingest.partitions import Partition
from ingest.pending import PendingBatch
from ingest.storing import Settled, Storing
from store.batches import BegunBatch
from store.errors import StoreError
from store.ingest_store import IngestStore
from store.received import StoredBatch

log = structlog.get_logger()

_REFRESH_S = 2.0
_CONFIRM_S = 10.0
_PROGRESS_S = 2.0


class Handover:
    """Hands the pending batch to the store, one at a time. Used by the thread that reads."""

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
        self._is_confirmed = False
        self._began_at = 0.0
        self._progress_at = 0.0
        self.progress: dict[Partition, int] = {}

    @property
    def under_way(self) -> bool:
        """Whether a batch was handed over and is not settled yet."""
        return self._storing.under_way

    def confirm(self, consumer: GroupConsumer) -> None:
        """Make sure that the pending batch is of the topics that we know; nothing may be added to it afterwards.

        Kafka hands messages out by the topic's name alone: a consumer that stood still while a topic was re-created
        would else take the new one's messages for the old's. Raises BrokerUnreachable, IngestStopped.
        """
        if not self._is_confirmed:
            self._refresh_topics(consumer)
            self._assignment.refuse_other_incarnations(consumer)
            self._is_confirmed = True

    def begin(self, consumer: GroupConsumer) -> None:
        """Confirm the pending batch and hand it over. Raises BrokerUnreachable, IngestStopped, StoreAway."""
        self.confirm(consumer)
        self._is_confirmed = False
        batch = self._pending.hand_over()
        self._began_at = time.monotonic()
        with self._condition.asking_store():
            begun = self._store.begin_batch(batch)
        self._storing.hand_over(begun)

    def doubt(self) -> None:
        """What was pending is dropped: the next batch has to be confirmed anew."""
        self._is_confirmed = False

    def settle(self, consumer: GroupConsumer, timeout_s: float | None) -> StoredBatch | None:
        """What became of the batch under way; None where there is none, or nothing is known after `timeout_s`.

        Raises OffsetsMoved, StoreAway.
        """
        settled = self._storing.settled(timeout_s)
        if settled is None:
            return None
        self._note(settled)
        if time.monotonic() >= self._progress_at:
            self._progress_at = time.monotonic() + _PROGRESS_S
            consumer.note_progress(self.progress)
        return settled.stored

    def finish(self, consumer: GroupConsumer) -> None:
        """Store what is under way and what is pending, before leaving; what cannot be stored will be read again."""
        try:
            self.settle(consumer, None)
            if not self._pending.is_empty():
                self.begin(consumer)
                self.settle(consumer, None)
        except (StoreError, BrokerUnreachable) as error:
            log.warning("last_batch_left_in_kafka", why=str(error))

    def forget(self, partitions: set[Partition]) -> None:
        """These partitions changed hands: their progress is somebody else's to tell."""
        self.progress = {at: offset for at, offset in self.progress.items() if at not in partitions}

    def _refresh_topics(self, consumer: GroupConsumer) -> None:
        """Wait for a broker that is slow to tell its topics: it would be as slow with the same batch read again.

        Raises BrokerUnreachable, soon where the process is to end.
        """
        deadline = time.monotonic() + _CONFIRM_S
        while True:
            asked = time.monotonic()
            try:
                return consumer.refresh_topics(_REFRESH_S)
            except BrokerUnreachable:
                now = time.monotonic()
                if now - asked < _REFRESH_S or now >= deadline or self._stopping.is_set():
                    raise

    def _finish(self, begun: BegunBatch) -> StoredBatch:
        """Runs on the thread of `Storing`."""
        with self._condition.asking_store():
            stored = self._store.finish_batch(begun)
        # At once: who sees a row in the store shall find it counted.
        self._metrics.count_batch(stored, len(begun.batch.messages), time.monotonic() - self._began_at)
        return stored

    def _note(self, settled: Settled) -> None:
        for source, span in settled.batch.spans.items():
            at = Partition(source.topic, source.partition)
            if at in self._assignment.placed:
                self.progress[at] = span.next
