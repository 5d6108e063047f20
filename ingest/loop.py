"""The loop that reads, stores, and only then moves on.

Every trouble has one way out: drop what is in memory, pause, wait, ask the store how far it is, and read on from there.
The loop keeps polling while it waits, so that the group keeps its partitions where they are.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from ingest.assignment import Assignment
from ingest.backoff import Backoff
from ingest.broker import GroupConsumer, Message, Partition
from ingest.errors import BrokerUnreachable, OffsetGone
from ingest.health import Condition, Health, State
from ingest.lookout import Lookout
from ingest.metrics import IngestMetrics
from ingest.pending import PendingBatch
from ingest.reading import Model, read_message
from ingest.stopping import StopRules
from pointsman_contract.errors import PointsmanError
from store.errors import OffsetsMoved, StoreAway, StoreError
from store.ingest_store import IngestStore
from store.received import Batch, StoredBatch

log = structlog.get_logger()

_POLL_S = 0.2
_LOOK_S = 5.0
_REFRESH_S = 2.0
_CONFIRM_S = 10.0
_PROGRESS_S = 2.0
_LETTERS_S = 10.0
_LEAVE_S = 3.0


class Ingest:
    """Reads topics as one member of a consumer group into the store."""

    def __init__(
        self,
        connect: Callable[[], GroupConsumer],
        store: IngestStore,
        carries: Mapping[str, Model],
        pending: PendingBatch,
        rules: StopRules,
        metrics: IngestMetrics,
    ) -> None:
        """`connect` makes the consumer and raises BrokerUnreachable; `carries` says which message each topic holds."""
        self._connect = connect
        self._store = store
        self._carries = carries
        self._pending = pending
        self._rules = rules
        self._metrics = metrics
        self._assignment = Assignment(store, carries, pending, metrics)
        self._condition = Condition()
        metrics.begin(carries, lambda: self._condition.health.state)
        self._lookout = Lookout(carries, self._assignment, pending, store, self._condition, metrics)
        self._stopping = threading.Event()
        self._backoff = Backoff()
        self._progress: dict[Partition, int] = {}
        # Times of the monotonic clock at which the next of each is due.
        self._place_at = self._look_at = self._progress_at = self._letters_at = 0.0

    @property
    def health(self) -> Health:
        """What it is doing. May be read from any thread."""
        return self._condition.health

    def stop(self) -> None:
        """Finish the batch and leave the group; `run` then returns. May be called from any thread or signal handler."""
        self._stopping.set()

    def wait_for_store(self, why: str) -> None:
        """Say that the database is not there yet; for the time before `run`."""
        self._condition.became("waiting_for_store", why)

    def run(self) -> None:
        """Read until `stop`. Raises IngestStopped where no waiting helps."""
        consumer = self._connected()
        if consumer is None:
            return
        try:
            while not self._stopping.is_set():
                self._turn(consumer)
            self._store_last(consumer)
        finally:
            if not self._stopping.is_set():
                self._condition.became("stopped", "ingest ended by itself")
            consumer.close(_LEAVE_S, self._progress)

    def _connected(self) -> GroupConsumer | None:
        while not self._stopping.is_set():
            try:
                consumer = self._connect()
            except BrokerUnreachable as error:
                self._condition.became("waiting_for_broker", str(error))
                self._stopping.wait(self._backoff.next_s())
            else:
                self._backoff.reset()
                return consumer
        return None

    def _turn(self, consumer: GroupConsumer) -> None:
        """One round: poll, follow the group, take in, place, store, look."""
        wait = min(_POLL_S, self._pending.due_in(time.monotonic()))
        if self._condition.state == "waiting_for_broker" and not consumer.joining():
            # Where nobody answers, kafka-python's poll takes no rest once a heartbeat is due.
            self._stopping.wait(wait)
            wait = 0.0
        try:
            polled = consumer.poll(wait, self._pending.room())
        except OffsetGone as gone:
            log.warning("offset_gone", detail=str(gone))
            self._start_over(consumer)
            # A broker that lags behind may say so again and again.
            self._place_at = time.monotonic() + self._backoff.next_s()
            return
        except BrokerUnreachable as error:
            self._start_over(consumer)
            self._wait_for("waiting_for_broker", error)
            return
        changed = self._assignment.follow_group(consumer)
        if changed:
            self._rules.forget()
            self._progress = {at: offset for at, offset in self._progress.items() if at not in changed}
        self._assignment.refuse_other_incarnations(consumer)
        self._take(consumer, polled)
        now = time.monotonic()
        if self._assignment.waiting and now >= self._place_at:
            self._place(consumer)
        if self._pending.due_in(now) <= 0 or self._rules.reached():
            self._store_pending(consumer)
        if now >= self._look_at:
            self._look(consumer)

    def _take(self, consumer: GroupConsumer, polled: Mapping[Partition, list[Message]]) -> None:
        clock = datetime.now(UTC)
        placed = self._assignment.placed
        for partition, messages in polled.items():
            source = placed.get(partition)
            if source is None:
                continue
            model = self._carries[partition.topic]
            for message in messages:
                received, unknowns = read_message(source, model, message, clock)
                self._pending.add(received)
                self._rules.note(received)
                if unknowns is not None:
                    self._metrics.count_unknowns(partition.topic, unknowns)
        now = time.monotonic()
        for partition, source in placed.items():
            position = consumer.position(partition)
            if position is not None:
                self._pending.reach(source, position, now)

    def _place(self, consumer: GroupConsumer) -> None:
        try:
            with self._condition.asking_store():
                self._assignment.place_waiting(consumer)
        except BrokerUnreachable as error:
            self._wait_for("waiting_for_broker", error)
        except StoreAway as error:
            self._wait_for("waiting_for_store", error)
        except OffsetsMoved:
            self._place_at = 0.0
        else:
            self._look_at = 0.0
            # What still waits (for its row in the store, for a leader) waits for the next poll.
            self._place_at = time.monotonic() + _POLL_S

    def _store_pending(self, consumer: GroupConsumer) -> None:
        batch = self._pending.batch()
        began = time.monotonic()
        try:
            stored = self._confirmed_and_stored(consumer, batch)
        except OffsetsMoved as moved:
            log.info("batch_dropped", why=str(moved))
            self._start_over(consumer)
            return
        except StoreAway as error:
            self._start_over(consumer)
            self._condition.write_failed(str(error))
            self._wait_for("waiting_for_store", error)
            return
        except BrokerUnreachable as error:
            self._start_over(consumer)
            self._wait_for("waiting_for_broker", error)
            return
        self._done(batch, stored, time.monotonic() - began)
        if time.monotonic() >= self._progress_at:
            self._progress_at = time.monotonic() + _PROGRESS_S
            consumer.note_progress(self._progress)
        self._rules.check(stored, self._letters_bytes() if stored.reasons else None)

    def _confirmed_and_stored(self, consumer: GroupConsumer, batch: Batch) -> StoredBatch:
        """Store what still is of the topics that we know: Kafka hands messages out by the topic's name alone.

        A consumer that stood still while a topic was re-created would else take the new one's messages for the old's.
        """
        self._refresh_topics(consumer)
        self._assignment.refuse_other_incarnations(consumer)
        with self._condition.asking_store():
            return self._store.store(batch)

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

    def _store_last(self, consumer: GroupConsumer) -> None:
        """The last batch before leaving; what cannot be stored now will be read again."""
        batch = self._pending.batch()
        if not batch.spans:
            return
        began = time.monotonic()
        try:
            stored = self._confirmed_and_stored(consumer, batch)
        except (StoreError, BrokerUnreachable) as error:
            log.warning("last_batch_left_in_kafka", why=str(error))
            return
        self._done(batch, stored, time.monotonic() - began)

    def _done(self, batch: Batch, stored: StoredBatch, seconds: float) -> None:
        self._pending.stored()
        # Not before something was stored: a database that can be read and not written is away too.
        self._backoff.reset()
        if self._condition.wrote():
            self._look_at = 0.0
        self._metrics.count_batch(stored, len(batch.messages), seconds)
        for source, span in batch.spans.items():
            self._progress[Partition(source.topic, source.partition)] = span.next

    def _letters_bytes(self) -> int | None:
        """What dead letters hold; looked up now and then, since the look reads their whole table."""
        if time.monotonic() < self._letters_at:
            return None
        self._letters_at = time.monotonic() + _LETTERS_S
        try:
            return self._store.letters_bytes()
        except StoreAway:
            return None

    def _start_over(self, consumer: GroupConsumer) -> None:
        self._assignment.unplace_all(consumer)
        self._rules.forget()
        self._place_at = 0.0

    def _wait_for(self, state: State, error: PointsmanError) -> None:
        self._condition.became(state, str(error))
        self._place_at = time.monotonic() + self._backoff.next_s()

    def _look(self, consumer: GroupConsumer) -> None:
        self._look_at = time.monotonic() + _LOOK_S
        try:
            self._lookout.look(consumer)
        except BrokerUnreachable as error:
            self._condition.became("waiting_for_broker", str(error))
        except OffsetsMoved as moved:
            log.info("reading_anew", why=str(moved))
            self._start_over(consumer)
        except StoreAway as error:
            self._start_over(consumer)
            self._wait_for("waiting_for_store", error)
