"""Only what was committed is stored; markers, aborted messages and compaction leave holes that are no losses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition

from tests.audit import audit
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.traffic import bytes_of, fresh_trace, fresh_traces


@contextmanager
def transactions(deployment: Deployment, name: str) -> Iterator[Any]:
    """A transactional producer."""
    with deployment.producer(transactional_id=f"{deployment.prefix}{name}") as producer:
        producer.init_transactions()
        yield producer


def send(producer: Any, topic: str, values: list[bytes]) -> None:
    """Send to the first partition, and wait until they are in the log."""
    for future in [producer.send(topic, value, partition=0) for value in values]:
        future.get(20)


def test_only_committed_messages_are_stored_and_the_lag_goes_to_0(on_kafka: Deployment) -> None:
    """Two transactions and a plain producer interleave; a trailing aborted one leaves no lag, and nothing is a gap."""
    on_kafka.create_topics(partitions=1)
    topic, url = on_kafka.traces, on_kafka.url
    plain, first, aborted, second, held, trailing = (fresh_traces(20) for _ in range(6))
    ingest = on_kafka.reading()
    with transactions(on_kafka, "one") as one, transactions(on_kafka, "two") as two:
        one.begin_transaction()
        two.begin_transaction()
        send(one, topic, bytes_of(first))
        send(two, topic, bytes_of(aborted))
        on_kafka.publish(topic, bytes_of(plain))
        send(one, topic, bytes_of(second))
        two.abort_transaction()
        one.commit_transaction()
        ingest.wait_until(lambda: stored.count(url, "traces") == 60, "what was committed")
        one.begin_transaction()
        two.begin_transaction()
        send(two, topic, bytes_of(trailing))
        send(one, topic, bytes_of(held))
        one.commit_transaction()
        # The open transaction holds back what is behind its beginning, committed or not.
        time.sleep(1)
        assert stored.count(url, "traces") == 60
        two.abort_transaction()
    ingest.wait_until(lambda: stored.next_offsets(url)[topic, 0] == on_kafka.end_of(topic), "behind the last marker")
    labels = {"partition": "0", "topic": topic}
    ingest.wait_until(lambda: ingest.metric("pointsman_ingest_lag_messages", **labels) == 0, "no lag")
    attempts: dict[UUID, int] = {trace.trace_id: 1 for trace in [*plain, *first, *second, *held]}
    assert audit(url, attempts=attempts, messages=80).gaps == 0


def offsets_in(deployment: Deployment, topic: str) -> list[int]:
    """The offsets of the messages that the first partition still has."""
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=deployment.bootstrap)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        found: list[int] = []
        while consumer.position(partition) < end:
            for messages in consumer.poll(timeout_ms=500).values():
                found += [message.offset for message in messages]
        return found
    finally:
        consumer.close()


def test_compaction_leaves_holes_and_no_losses(on_kafka: Deployment) -> None:
    """Whoever compacts the topic while ingest is behind loses what Kafka removed, and no gap is noted for it."""
    topic, url = on_kafka.traces, on_kafka.url
    on_kafka.create_topic(
        topic, cleanup_policy="compact", segment_ms="200", min_cleanable_dirty_ratio="0.01", max_compaction_lag_ms="200"
    )
    on_kafka.create_topics(partitions=1)
    sent = [fresh_trace() for _ in range(40)]
    ingest = on_kafka.reading()
    with on_kafka.producer() as producer:
        keyed = [(value, b"%d" % (number % 3)) for number, value in enumerate(bytes_of(sent))]
        for value, key in keyed[:5]:
            producer.send(topic, value, key=key).get(20)
        ingest.wait_until(lambda: stored.next_offsets(url)[topic, 0] == 5, "the first five")
        ingest.suspend()
        for value, key in keyed[5:39]:
            producer.send(topic, value, key=key).get(20)
        # A segment is compacted once a newer one was begun.
        time.sleep(0.5)
        producer.send(topic, keyed[39][0], key=b"another").get(20)
    deadline = time.monotonic() + 20
    while len(left := offsets_in(on_kafka, topic)) > 10:
        assert time.monotonic() < deadline, f"Kafka has not compacted: {left}"
        time.sleep(0.2)
    ingest.resume()
    ingest.wait_until(lambda: stored.next_offsets(url)[topic, 0] == 40, "the end")
    # Kafka may have compacted on before ingest read: what is left now was there then.
    left = offsets_in(on_kafka, topic)
    found = {row["trace_id"] for row in stored.rows(url, "SELECT trace_id FROM traces")}
    assert {sent[offset].trace_id for offset in {0, 1, 2, 3, 4, *left}} <= found
    # A fetch that was under way may have brought one more before it was compacted away.
    assert len(found) < 20
    assert audit(url, attempts=dict.fromkeys(found, 1)).gaps == 0
