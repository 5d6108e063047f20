"""A look at a topic from outside of any consumer group."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ingest.broker import EMBEDDED_CLUSTER, Bounds, has_leader
from ingest.errors import BrokerUnreachable, TopicRefused

_FETCH_S = 5.0


@dataclass(frozen=True, slots=True)
class TopicState:
    """What a topic is now: its incarnation and what each partition holds."""

    cluster_id: str
    topic_id: UUID
    bounds: dict[int, Bounds]


def topic_state(bootstrap: str, topic: str, *, timeout_s: float = 10.0) -> TopicState:
    """Ask the broker. Raises BrokerUnreachable, and TopicRefused where there is no such topic."""
    milliseconds = round(timeout_s * 1000)
    consumer: Any = None
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            client_id="pointsman-look",
            group_id=None,
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds,
            metrics_enabled=False,
        )
        numbers = consumer.partitions_for_topic(topic)
        topic_id = consumer._cluster.topic_id(topic)  # noqa: SLF001 - kafka-python shows it nowhere else
        if not numbers or topic_id is None:
            raise TopicRefused(f"there is no topic {topic} at {bootstrap}; run: pointsman topics create")
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        leaderless = [str(at.partition) for at in partitions if not has_leader(consumer, at)]
        if leaderless:
            raise BrokerUnreachable(f"{bootstrap} for {topic}/{','.join(leaderless)}: no broker leads it")
        begins = consumer.beginning_offsets(partitions, timeout_ms=milliseconds)
        ends = consumer.end_offsets(partitions, timeout_ms=milliseconds)
        cluster_id = str(consumer._cluster.cluster_id or "")  # noqa: SLF001 - see above
        if cluster_id.startswith(EMBEDDED_CLUSTER):
            ends = _fetched_ends(consumer, ends)
        return TopicState(cluster_id, topic_id, {at.partition: Bounds(begins[at], ends[at]) for at in partitions})
    # A leader that goes while it is asked leaves its partition out of the answer: a KeyError.
    except (KafkaError, OSError, KeyError) as error:
        raise BrokerUnreachable(bootstrap, waited_s=timeout_s) from error
    finally:
        if consumer is not None:
            consumer.close()


def _fetched_ends(consumer: Any, told: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The true ends, by a fetch: see GroupConsumer.tells_short_ends."""
    consumer.assign(list(told))
    for at, end in told.items():
        consumer.seek(at, end)
    deadline = time.monotonic() + _FETCH_S
    while any(consumer.highwater(at) is None for at in told) and time.monotonic() < deadline:
        consumer.poll(timeout_ms=100)
    return {at: max(end, consumer.highwater(at) or 0) for at, end in told.items()}
