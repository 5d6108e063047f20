"""Is everything there, and how far behind are we? Looked up now and then, between two batches."""

import time
from collections.abc import Iterable

from ingest.assignment import Assignment
from ingest.broker import GroupConsumer
from ingest.health import Condition
from ingest.metrics import IngestMetrics
from ingest.pending import PendingBatch
from ingest.refusals import no_way_in
from store.ingest_store import IngestStore

_TIMEOUT_S = 2.0
_DAYS_S = 60.0
_SHOWN = 3


class Lookout:
    """Tells the condition what it sees, and the metrics how much."""

    def __init__(
        self,
        topics: Iterable[str],
        assignment: Assignment,
        pending: PendingBatch,
        store: IngestStore,
        condition: Condition,
        metrics: IngestMetrics,
    ) -> None:
        self._topics = tuple(topics)
        self._assignment = assignment
        self._pending = pending
        self._store = store
        self._condition = condition
        self._metrics = metrics
        self._days_at = 0.0

    def look(self, consumer: GroupConsumer) -> None:
        """Look at broker, topics, group and store.

        Raises BrokerUnreachable, OffsetsMoved where an operator moved them, and StoreAway: that is how an ingest
        without messages learns of both.
        """
        consumer.refresh_topics(_TIMEOUT_S)
        if not self._measure_lag(consumer) and not self._assignment.waiting:
            self._condition.wrote()
        missing = [topic for topic in self._topics if consumer.topic_id(topic) is None]
        if missing:
            self._condition.became("waiting_for_topics", f"no topic {', '.join(missing)}; run: pointsman topics create")
        elif refusing := consumer.refusing():
            self._condition.became("waiting_for_broker", no_way_in(*min(refusing.items())))
        elif leaderless := consumer.without_leader():
            some = ", ".join(map(str, leaderless[:_SHOWN])) + (", …" if len(leaderless) > _SHOWN else "")
            self._condition.became(
                "waiting_for_broker", f"of {consumer.address} no broker leads {len(leaderless)} partitions: {some}"
            )
        elif not consumer.joined():
            self._condition.became("starting", "joining the consumer group")
        elif not self._assignment.waiting:
            self._condition.became("reading", _partitions(len(self._assignment.placed)))
            self._look_at_store(consumer)

    def _measure_lag(self, consumer: GroupConsumer) -> int:
        """Note how far each partition is behind; the sum."""
        placed = self._assignment.placed
        total = 0
        for partition, bounds in consumer.bounds(placed, timeout_s=_TIMEOUT_S).items():
            behind = max(0, bounds.end - self._pending.begins_at(placed[partition]))
            self._metrics.lag.labels(partition.topic, str(partition.number)).set(behind)
            total += behind
        return total

    def _look_at_store(self, consumer: GroupConsumer) -> None:
        with self._condition.asking_store():
            self._assignment.refuse_moved_offsets(consumer)
            if time.monotonic() >= self._days_at:
                self._days_at = time.monotonic() + _DAYS_S
                self._metrics.days_ahead.set(self._store.days_ahead())


def _partitions(count: int) -> str:
    if not count:
        return "no partition is assigned: standing by"
    return f"{count} partition{'' if count == 1 else 's'}"
