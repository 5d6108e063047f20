"""The partitions that this member has: which of them are read, and which wait to be placed."""

from collections.abc import Iterable

import structlog

from ingest.broker import GroupConsumer
from ingest.errors import IngestStopped
from ingest.metrics import IngestMetrics
from ingest.partitions import Bounds, Partition
from ingest.pending import PendingBatch
from ingest.placing import Begin, Continue, Jump, Stop, place
from store.errors import OffsetsMoved
from store.ingest_store import IngestStore
from store.offsets import KnownPartition
from store.received import Source

log = structlog.get_logger()


class Assignment:
    """Follows the group. A partition is either placed (read, with its part of the batch) or waits, paused."""

    def __init__(
        self, store: IngestStore, topics: Iterable[str], pending: PendingBatch, metrics: IngestMetrics
    ) -> None:
        self._store = store
        self._topics = tuple(topics)
        self._pending = pending
        self._metrics = metrics
        self.placed: dict[Partition, Source] = {}
        self.waiting: set[Partition] = set()

    def follow_group(self, consumer: GroupConsumer) -> set[Partition]:
        """Take in what the group did since the last call; returns the partitions that changed hands."""
        changed: set[Partition] = set()
        for rebalanced in consumer.take_rebalances():
            log.info("rebalanced", change=rebalanced.change, partitions=sorted(map(str, rebalanced.partitions)))
            self._drop(rebalanced.partitions)
            self.waiting -= rebalanced.partitions
            if rebalanced.change == "assigned":
                self.waiting |= rebalanced.partitions
            else:
                self._metrics.forget_lag(rebalanced.partitions)
            changed |= rebalanced.partitions
        return changed

    def refuse_other_incarnations(self, consumer: GroupConsumer) -> None:
        """Raises IngestStopped where a topic was re-created while it was read; what is in memory of it is dropped."""
        for source in set(self.placed.values()):
            now_is = consumer.topic_id(source.topic)
            if now_is is not None and now_is != source.topic_id:
                self._drop(self.placed)
                raise IngestStopped(
                    f"topic {source.topic} was re-created while it was read: it was {source.topic_id},"
                    f" it is now {now_is}. To read it from its beginning, run:"
                    f" pointsman offsets reset --topic {source.topic} --to start"
                )

    def place_waiting(self, consumer: GroupConsumer) -> None:
        """Ask store and broker where the waiting partitions stand, and read on from there.

        A partition that needs a row in the store first goes on waiting: the next call reads what the store then says,
        since somebody else's word may have been first. So does one that no broker leads.
        Raises BrokerUnreachable, StoreAway, OffsetsMoved, IngestStopped.
        """
        cluster_id = consumer.cluster_id()
        if cluster_id is None:
            return
        sources = {
            partition: Source(cluster_id, topic_id, partition.topic, partition.number)
            for partition in self.waiting
            if (topic_id := consumer.topic_id(partition.topic)) is not None
        }
        known = self._store.known(cluster_id, self._topics)
        bounds = consumer.bounds(sources)
        before = set(self.placed)
        for partition, held in bounds.items():
            self._place(consumer, partition, sources[partition], known, held)
        begun = [(at, self._pending.begins_at(source)) for at, source in self.placed.items() if at not in before]
        if begun:
            log.info("reading_from", offsets=" ".join(f"{at}@{offset}" for at, offset in sorted(begun)))

    def refuse_moved_offsets(self, consumer: GroupConsumer) -> None:
        """Raises OffsetsMoved where the store stands elsewhere than this reads from, and StoreAway."""
        cluster_id = consumer.cluster_id()
        if cluster_id is None or not self.placed:
            return
        stored = {one.source: one.next_offset for one in self._store.known(cluster_id, self._topics)}
        for partition, source in self.placed.items():
            ours = self._pending.begins_at(source)
            if stored.get(source) != ours:
                raise OffsetsMoved(f"{partition}: read from {ours}, stored up to {stored.get(source)}")

    def unplace_all(self, consumer: GroupConsumer) -> None:
        """Drop what is in memory; every partition waits to be placed anew."""
        again = set(self.placed)
        consumer.pause(again)
        self._drop(again)
        self.waiting |= again

    def _place(
        self, consumer: GroupConsumer, partition: Partition, source: Source, known: list[KnownPartition], bounds: Bounds
    ) -> None:
        of_topic = [one for one in known if one.source.topic == source.topic]
        if consumer.tells_short_ends():
            stood = max((one.next_offset for one in of_topic if one.source == source), default=0)
            bounds = bounds._replace(end=max(bounds.end, stood))
        match place(source, of_topic, bounds):
            case Stop(reason):
                raise IngestStopped(reason)
            case Begin(offset):
                self._store.begin(source, offset)
            case Jump(gap):
                self._store.jump(source, gap)
                self._metrics.count_gap(source.topic, gap)
                log.error("messages_deleted_unread", partition=str(partition), first=gap.first, next=gap.next)
            case Continue(offset):
                consumer.start_at(partition, offset)
                self._pending.begin(source, offset)
                self.placed[partition] = source
                self.waiting.discard(partition)

    def _drop(self, partitions: Iterable[Partition]) -> None:
        gone = [self.placed.pop(partition) for partition in list(partitions) if partition in self.placed]
        self._pending.drop(gone)
