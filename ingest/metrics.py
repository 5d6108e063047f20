"""The closed list of what ingest measures about itself; docs/metrics.md is made from it."""

import time
from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.health import State
from ingest.partitions import Partition
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.fields import Unknowns
from store.received import Span, StoredBatch

_RESULTS = ("stored", "duplicate", "dead")
_BATCH_SIZES = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000)
_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class IngestMetrics:
    """Metrics of one ingest process on its own registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._define_messages(registry)
        self._define_state(registry)

    def _define_messages(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge(
            "pointsman_ingest_lag_messages",
            "Offsets between what is stored and the end of the partition.",
            ["topic", "partition"],
            registry=registry,
        )
        self.messages = Counter(
            "pointsman_ingest_messages",
            "Messages that were stored, were duplicates, or became dead letters.",
            ["topic", "result"],
            registry=registry,
        )
        self.restamped = Counter(
            "pointsman_ingest_restamped",
            "Duplicates that came with another started_at; they are among the duplicates.",
            registry=registry,
        )
        self.dead_letters = Counter(
            "pointsman_dead_letters", "Messages that became dead letters, by reason.", ["reason"], registry=registry
        )
        self.unpriced = Counter(
            "pointsman_unpriced_attempts",
            "Attempts that were stored without a cost: the router told none, and the price book has no price.",
            registry=registry,
        )
        self.batch_messages = Histogram(
            "pointsman_ingest_batch_messages", "Messages in a batch.", buckets=_BATCH_SIZES, registry=registry
        )
        self.batch_seconds = Histogram(
            "pointsman_ingest_batch_seconds",
            "Time from the beginning of a batch to its commit; it may wait for the one before it.",
            buckets=_BATCH_SECONDS,
            registry=registry,
        )
        self.gaps = Counter(
            "pointsman_ingest_gaps", "Jumps over messages that Kafka deleted unread.", ["topic"], registry=registry
        )
        self.gap_messages = Counter(
            "pointsman_ingest_gap_offsets", "Offsets inside those jumps.", ["topic"], registry=registry
        )

    def _define_state(self, registry: CollectorRegistry) -> None:
        self.unknown_fields = Counter(
            "pointsman_unknown_fields", "Fields that the contract does not know; ignored.", ["topic"], registry=registry
        )
        self.unknown_values = Counter(
            "pointsman_unknown_values",
            "Values of describing fields that became `other`.",
            ["field"],
            registry=registry,
        )
        self.waiting = Gauge(
            "pointsman_ingest_waiting",
            "1 while ingest waits for broker, store or topics, and reads nothing.",
            ["waits_for"],
            registry=registry,
        )
        self.last_commit = Gauge(
            "pointsman_ingest_last_commit_timestamp_seconds",
            "When the last batch was committed (Unix time).",
            registry=registry,
        )
        self.days_ahead = Gauge(
            "pointsman_partitions_ahead", "Day partitions ready after today; 7 is well.", registry=registry
        )

    def count_batch(self, stored: StoredBatch, messages: int, seconds: float) -> None:
        """A batch was committed."""
        for source, counts in stored.counts.items():
            for result in _RESULTS:
                self.messages.labels(source.topic, result).inc(getattr(counts, result))
            self.restamped.inc(counts.restamped)
        self.unpriced.inc(stored.unpriced)
        for reason, count in stored.reasons.items():
            self.dead_letters.labels(reason.value).inc(count)
        self.batch_messages.observe(messages)
        self.batch_seconds.observe(seconds)
        self.last_commit.set(time.time())

    def count_unknowns(self, topic: str, unknowns: Unknowns) -> None:
        """A message held what the contract does not know."""
        self.unknown_fields.labels(topic).inc(len(unknowns.fields))
        for field in unknowns.values:
            self.unknown_values.labels(field).inc()

    def count_gap(self, topic: str, gap: Span) -> None:
        """Kafka deleted messages unread."""
        self.gaps.labels(topic).inc()
        self.gap_messages.labels(topic).inc(gap.next - gap.first)

    def begin(self, topics: Iterable[str], state: Callable[[], State]) -> None:
        """Show every counter of these topics as 0, so that the first message is a rise; and what is waited for."""
        for topic in topics:
            for result in _RESULTS:
                self.messages.labels(topic, result)
            for counter in (self.gaps, self.gap_messages, self.unknown_fields):
                counter.labels(topic)
        for reason in DeadLetterReason:
            self.dead_letters.labels(reason.value)
        for waits_for in ("broker", "store", "topics"):
            self.waiting.labels(waits_for).set_function(partial(_is_waiting, state, waits_for))

    def forget_lag(self, partitions: Iterable[Partition]) -> None:
        """Partitions that went elsewhere are reported elsewhere."""
        for partition in partitions:
            try:
                self.lag.remove(partition.topic, str(partition.number))
            except KeyError:
                continue


def _is_waiting(state: Callable[[], State], waits_for: str) -> float:
    return float(state() == f"waiting_for_{waits_for}")
