"""A look at a topic from outside of any consumer group."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from ingest.connection import KafkaConnection
from ingest.errors import BatchUnreadable, BrokerUnreachable, TopicRefused
from ingest.network_client import closed_on_failure, create_no_topics
from ingest.partitions import Bounds, Partition, bounds_of, tells_short_ends
from ingest.portions import PortionFull, bound_memory
from ingest.refusals import denied, why_not

_FETCH_S = 5.0


@dataclass(frozen=True, slots=True)
class TopicState:
    """What a topic is now: its incarnation and what each partition holds."""

    cluster_id: str
    topic_id: UUID
    bounds: dict[int, Bounds]


def topic_state(connection: KafkaConnection | str, topic: str, *, timeout_s: float = 10.0) -> TopicState:
    """Ask the broker. Raises BrokerUnreachable, KafkaDenied, and TopicRefused where there is no such topic."""
    connection = KafkaConnection.of(connection)
    bootstrap = connection.bootstrap
    milliseconds = round(timeout_s * 1000)
    consumer: Any = None
    try:
        with closed_on_failure() as client:
            consumer = KafkaConsumer(
                kafka_client=client,
                **connection.client_settings(),
                client_id="pointsman-look",
                group_id=None,
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=milliseconds,
                request_timeout_ms=milliseconds,
                metrics_enabled=False,
            )
        create_no_topics(consumer._cluster)  # noqa: SLF001 - see below
        # Asked for by its name: of all topics Kafka names only those that this user may know.
        asked = consumer._cluster.add_topic(topic)  # noqa: SLF001 - see below
        consumer._net.run(consumer._manager.wait_for, asked, milliseconds)  # noqa: SLF001 - see below
        numbers = consumer.partitions_for_topic(topic)
        if topic in consumer._cluster.unauthorized_topics:  # noqa: SLF001 - see below
            raise TopicAuthorizationFailedError({topic})
        topic_id = consumer._cluster.topic_id(topic)  # noqa: SLF001 - kafka-python shows it nowhere else
        if not numbers or topic_id is None:
            raise TopicRefused(f"there is no topic {topic} at {bootstrap}; run: pointsman topics create")
        if tells_short_ends(consumer):
            _fetch_once(consumer, [TopicPartition(topic, number) for number in numbers])
        found = bounds_of(consumer, [Partition(topic, number) for number in sorted(numbers)], timeout_s)
        leaderless = numbers - {at.number for at in found}
        if leaderless:
            named = ",".join(map(str, sorted(leaderless)))
            raise BrokerUnreachable(f"{bootstrap} for {topic}/{named}: no broker leads it")
        cluster_id = str(consumer._cluster.cluster_id or "")  # noqa: SLF001 - see above
        return TopicState(cluster_id, topic_id, {at.number: bounds for at, bounds in found.items()})
    except ValueError as error:
        raise TopicRefused(f"{topic!r} is no name of a topic") from error
    # The KeyError is explained at `bounds_of`.
    except (KafkaError, OSError, KeyError) as error:
        if refused := denied(error, bootstrap):
            raise refused from error
        raise BrokerUnreachable(bootstrap, waited_s=timeout_s, why=why_not(error)) from error
    finally:
        if consumer is not None:
            consumer.close()


def _fetch_once(consumer: Any, partitions: Sequence[TopicPartition]) -> None:
    """Have each partition fetched once at its end, so that the client has heard the true one."""
    # What it looks at may be as large, or as broken, as what ingest reads.
    portion = bound_memory(consumer)
    consumer.assign(partitions)
    consumer.seek_to_end(*partitions)
    deadline = time.monotonic() + _FETCH_S
    while any(consumer.highwater(at) is None for at in partitions) and time.monotonic() < deadline:
        portion.bytes = 0
        with suppress(PortionFull, BatchUnreadable):
            consumer.poll(timeout_ms=100)
