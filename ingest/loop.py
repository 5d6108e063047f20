"""The loop that reads and stores: one batch is finished in the store while the next is read and begun.

Every trouble has one way out: drop what is in memory, pause, wait, ask the store how far it is, and read on from there.
The loop keeps polling while it waits, so that the group keeps its partitions where they are.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from ingest.assignment import Assignment
from ingest.backoff import Backoff
from ingest.broker import GroupConsumer, Message
from ingest.errors import BatchUnreadable, BrokerUnreachable, OffsetGone
from ingest.handover import Handover
from ingest.health import Condition, Health, State
from ingest.lookout import Lookout
from ingest.metrics import IngestMetrics
from ingest.partitions import Partition
from ingest.pending import PendingBatch
from ingest.reading import Model, TopicReader
from ingest.stopping import StopRules
from pointsman_contract.errors import PointsmanError
from store.errors import OffsetsMoved, StoreAway
from store.ingest_store import IngestStore

log = structlog.get_logger()

_POLL_S = 0.2
# How soon it is noticed that a batch is stored while nothing comes.
_SETTLE_S = 0.02
_LOOK_S = 5.0
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
        self._readers = {topic: TopicReader(model) for topic, model in carries.items()}
        self._pending = pending
        self._rules = rules
        self._metrics = metrics
        self._assignment = Assignment(store, carries, pending, metrics)
        self._condition = Condition()
        metrics.begin(carries, lambda: self._condition.health.state)
        self._lookout = Lookout(carries, self._assignment, pending, store, self._condition, metrics)
        self._stopping = threading.Event()
        self._handover = Handover(store, pending, self._assignment, self._condition, metrics, self._stopping)
        self._backoff = Backoff()
        # Times of the monotonic clock at which the next of each is due.
        self._place_at = self._look_at = self._letters_at = 0.0

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
            self._handover.finish(consumer)
        finally:
            if not self._stopping.is_set():
                self._condition.became("stopped", "ingest ended by itself")
            self._handover.abandon()
            consumer.close(_LEAVE_S, self._handover.progress)

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
        """One round: poll, follow the group, take in, settle what is under way, place, look, store."""
        if self._handover.is_full:
            # Two batches are as much as memory shall hold.
            self._settle(consumer, _POLL_S)
            return
        if self._pending.is_full():
            self._store_full(consumer)
            return
        polled = self._poll(consumer)
        if polled is None:
            return
        self._follow_group(consumer)
        self._assignment.refuse_other_incarnations(consumer)
        self._take(consumer, polled)
        self._settle(consumer, 0.0)
        self._place_and_look(consumer)
        if self._rules.reached():
            self._store_unreadable(consumer)
        elif self._pending.due_in(time.monotonic()) <= 0 and not self._handover.under_way:
            self._begin_storing(consumer)

    def _poll(self, consumer: GroupConsumer) -> Mapping[Partition, Sequence[Message]] | None:
        """New messages; None where there was trouble, and everything waits to be placed anew."""
        wait = min(_POLL_S, max(self._pending.due_in(time.monotonic()), _SETTLE_S if self._handover.under_way else 0.0))
        if self._condition.state == "waiting_for_broker" and not consumer.joining():
            # Where nobody answers, kafka-python's poll takes no rest once a heartbeat is due.
            self._stopping.wait(wait)
            wait = 0.0
        try:
            return consumer.poll(wait, self._pending.room())
        except OffsetGone as gone:
            log.warning("offset_gone", detail=str(gone))
            self._start_over(consumer)
            # A broker that lags behind may say so again and again.
            self._place_at = time.monotonic() + self._backoff.next_s()
        except BrokerUnreachable as error:
            self._start_over(consumer)
            self._wait_for("waiting_for_broker", error)
        except BatchUnreadable as unreadable:
            self._store_what_came_before(consumer)
            self._follow_group(consumer)
            # Where there was trouble on the way, or the partition went, somebody meets the batch again.
            if unreadable.partition in self._assignment.placed:
                raise
        return None

    def _follow_group(self, consumer: GroupConsumer) -> None:
        changed = self._assignment.follow_group(consumer)
        if changed:
            self._rules.forget()
            self._handover.forget(changed)

    def _take(self, consumer: GroupConsumer, polled: Mapping[Partition, Sequence[Message]]) -> None:
        clock = datetime.now(UTC)
        placed = self._assignment.placed
        for partition, messages in polled.items():
            source = placed.get(partition)
            if source is None:
                continue
            reader = self._readers[partition.topic]
            received = list(reader.read(source, messages, clock))
            self._pending.add(received)
            self._rules.note(partition.topic, received)
            unknowns = reader.take_unknowns()
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

    def _place_and_look(self, consumer: GroupConsumer) -> None:
        """What asks the store where we stand: only while nothing is on its way there."""
        if not self._handover.under_way:
            if self._is_placing_due():
                self._place(consumer)
            if time.monotonic() >= self._look_at:
                self._look(consumer)

    def _is_placing_due(self) -> bool:
        return bool(self._assignment.waiting) and time.monotonic() >= self._place_at

    def _store_full(self, consumer: GroupConsumer) -> None:
        """Begin to store while the batch before is being finished, unless the store has to be asked in between."""
        if self._handover.under_way and (self._is_placing_due() or time.monotonic() >= self._look_at):
            self._settle(consumer, _POLL_S)
            if self._handover.under_way:
                return
        self._place_and_look(consumer)
        if self._pending.is_full():
            self._begin_storing(consumer)

    def _begin_storing(self, consumer: GroupConsumer) -> None:
        try:
            self._handover.begin(consumer)
        except BrokerUnreachable as error:
            self._start_over(consumer)
            self._wait_for("waiting_for_broker", error)
        except StoreAway as error:
            self._store_is_away(consumer, error)

    def _settle(self, consumer: GroupConsumer, timeout_s: float | None) -> None:
        """Take in what became of the batch that is under way, if that is known within `timeout_s`."""
        try:
            stored = self._handover.settle(consumer, timeout_s)
        except OffsetsMoved as moved:
            log.info("batch_dropped", why=str(moved))
            self._start_over(consumer)
        except StoreAway as error:
            self._store_is_away(consumer, error)
        else:
            if stored is not None:
                # Not before something was stored: a database that can be read and not written is away too.
                self._backoff.reset()
                if self._condition.wrote():
                    self._look_at = 0.0
                self._rules.check(stored, self._letters_bytes() if stored.reasons else None)

    def _store_unreadable(self, consumer: GroupConsumer) -> None:
        """A row of unreadable messages is too long: keep all of them, then stop."""
        self._store_what_came_before(consumer)
        # Trouble on the way forgot the row: it will be read again.
        self._rules.check_row()

    def _store_what_came_before(self, consumer: GroupConsumer) -> None:
        """Store all that was read, before a stop; trouble on the way drops it."""
        self._settle_all(consumer)
        if not self._pending.is_empty():
            self._begin_storing(consumer)
            self._settle_all(consumer)

    def _settle_all(self, consumer: GroupConsumer) -> None:
        while self._handover.under_way:
            self._settle(consumer, None)

    def _letters_bytes(self) -> int | None:
        """What dead letters hold; looked up now and then, since the look reads their whole table."""
        if time.monotonic() < self._letters_at:
            return None
        self._letters_at = time.monotonic() + _LETTERS_S
        try:
            return self._store.letters_bytes()
        except StoreAway:
            return None

    def _store_is_away(self, consumer: GroupConsumer, error: StoreAway) -> None:
        """A batch could not be stored."""
        self._start_over(consumer)
        self._condition.write_failed(str(error))
        self._wait_for("waiting_for_store", error)

    def _start_over(self, consumer: GroupConsumer) -> None:
        self._handover.abandon()
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
