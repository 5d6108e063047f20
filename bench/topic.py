"""A topic of Apache Kafka with full-size traces, and how fast kafka-python alone reads it."""

import random
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.full_trace import full_trace

_UNDER_WAY = 20_000
_ACKNOWLEDGED_S = 60
_PARTITION_RUN = 100
_BATCHES_BETWEEN = 5


class Rate(NamedTuple):
    """Messages a second of wall time, and CPU seconds for a million of them."""

    messages_s: float
    cpu_s_a_million: float


def fill(
    bootstrap: str, topic: str, messages: int, *, partitions: int, again_every: int | None = None, costs: bool = True
) -> None:
    """Publish `messages` traces evenly over the partitions; of `again_every` one is an earlier one once more."""
    producer: Any = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20, batch_size=128 * 1024)
    under_way: list[Any] = []
    for number, (key, value) in enumerate(_traces(messages, again_every, costs=costs)):
        under_way.append(producer.send(topic, value, key, partition=number // _PARTITION_RUN % partitions))
        if len(under_way) == _UNDER_WAY:
            _acknowledged(under_way)
    _acknowledged(under_way)
    producer.close()


def _acknowledged(under_way: list[Any]) -> None:
    for sent in under_way:
        sent.get(_ACKNOWLEDGED_S)
    under_way.clear()


def _traces(count: int, again_every: int | None, *, costs: bool) -> Iterator[tuple[bytes, bytes]]:
    rng = random.Random(7)
    earlier: deque[tuple[bytes, bytes]] = deque(maxlen=_BATCHES_BETWEEN)
    for number in range(count):
        if again_every and number % again_every == 0 and len(earlier) == _BATCHES_BETWEEN:
            # Stored long ago: what comes twice in one batch is found without the database.
            yield earlier[0]
            continue
        trace_id, value = full_trace(rng, datetime.now(UTC), costs=costs)
        message = (str(trace_id).encode(), value)
        if again_every and number % again_every == 1:
            earlier.append(message)
        yield message


def poll_rate(bootstrap: str, topic: str, messages: int, *, partitions: int) -> Rate:
    """Read the whole topic with `KafkaConsumer.poll()` as ingest does, and do nothing with what comes."""
    consumer: Any = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        metrics_enabled=False,
    )
    consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
    consumer.seek_to_beginning()
    seen = 0
    while not seen:
        seen = _count(consumer.poll(timeout_ms=1_000, max_records=5_000))
    first, began, cpu = seen, time.perf_counter(), time.process_time()
    while seen < messages:
        seen += _count(consumer.poll(timeout_ms=1_000, max_records=5_000))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    consumer.close()
    return Rate((seen - first) / took, cpu / (seen - first) * 1e6)


def _count(polled: dict[Any, list[Any]]) -> int:
    return sum(map(len, polled.values()))
