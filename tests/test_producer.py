"""Published means acknowledged: on real brokers, healthy, frozen and gone, nothing is lost in silence or hangs."""

import gc
import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from ingest.errors import BrokerUnreachable, DeliveryFailed
from ingest.producer import KafkaPublisher, PublisherLimits
from pointsman.embedded.broker import embedded_broker
from pointsman.replay.plan import ReplayPlan
from pointsman.replay.run import run_replay
from pointsman.replay.tracefile import survey
from pointsman_contract.decode import decode
from pointsman_contract.trace import Trace
from tests.replay_fakes import line, trace_file
from tests.services.broker import Broker
from tests.services.kafka import ApacheKafka

P = ParamSpec("P")

QUICK = PublisherLimits(
    connect_timeout_s=1.0, topic_timeout_s=1.0, request_timeout_s=2.0, delivery_timeout_s=3.0, max_pending_bytes=200_000
)
# What a bounded wait may take beyond its time-out on a busy machine.
SLACK_S = 5.0


def new_topic(bootstrap: str, *, partitions: int = 3, **settings: str) -> str:
    """A topic of its own for a test."""
    name = f"producer-{uuid4().hex}"
    configs = {key.replace("_", "."): value for key, value in settings.items()}
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics({name: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})
        admin.wait_for_topics([name], timeout_ms=10_000)
    finally:
        admin.close()
    return name


def read_all(bootstrap: str, topic: str, count: int) -> list[list[tuple[bytes | None, bytes | None]]]:
    """Keys and values of each partition in order; waits for `count`, then a moment longer for what must not come."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(partitions)
        found: dict[Any, list[tuple[bytes | None, bytes | None]]] = {partition: [] for partition in partitions}
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for partition, records in consumer.poll(timeout_ms=200).items():
                found[partition].extend((record.key, record.value) for record in records)
            if sum(map(len, found.values())) >= count:
                deadline = min(deadline, time.monotonic() + 0.5)
        return [found[partition] for partition in partitions]
    finally:
        consumer.close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block ends in time."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + SLACK_S


def tolerating_unclosed_sockets(test: Callable[P, None]) -> Callable[P, None]:
    """kafka-python leaves the sockets of refused connections to the garbage collector, which then complains.

    They are collected here, after the test's own references are gone, and not under somebody else's name. The client
    logs nothing meanwhile: pytest keeps log records, they keep errors, and those keep sockets.
    """

    @wraps(test)
    def tolerant(*args: P.args, **kwargs: P.kwargs) -> None:
        client = logging.getLogger("kafka")
        level = client.level
        client.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            try:
                test(*args, **kwargs)
            finally:
                gc.collect()
                client.setLevel(level)

    return tolerant


def test_everything_is_delivered_once_and_in_order_by_key(broker: Broker) -> None:
    """20,000 messages are in the topic exactly once after `flush`, those of a key in the order of publishing."""
    topic = new_topic(broker.bootstrap)
    sent = [(f"key-{number % 50}".encode(), f"value-{number}".encode()) for number in range(20_000)]
    with KafkaPublisher(broker.bootstrap) as publisher:
        for key, value in sent:
            publisher.publish(topic, key, value)
        publisher.flush(30)
        assert publisher.delivered == len(sent)
    partitions = read_all(broker.bootstrap, topic, len(sent))
    assert sorted(pair for partition in partitions for pair in partition) == sorted(sent)
    for key in {key for key, _ in sent}:
        holding = [[pair for pair in partition if pair[0] == key] for partition in partitions]
        assert [pairs for pairs in holding if pairs] == [[pair for pair in sent if pair[0] == key]]


def test_any_bytes_can_be_sent(broker: Broker) -> None:
    """A tombstone, nothing at all, 2 MB and bytes that are no text arrive as they are: the ingest shall judge them."""
    topic = new_topic(broker.bootstrap, partitions=1, max_message_bytes="10000000")
    sent: list[tuple[bytes | None, bytes | None]] = [(b"k", None), (b"k", b""), (None, b"\xff\x00{")]
    sent.append((b"big", os.urandom(2_000_000)))
    with KafkaPublisher(broker.bootstrap) as publisher:
        for key, value in sent:
            publisher.publish(topic, key, value)
    assert read_all(broker.bootstrap, topic, len(sent)) == [sent]


def test_leaving_the_block_delivers(broker: Broker) -> None:
    """Without an error the end of the block is a flush, and no thread stays behind."""
    topic = new_topic(broker.bootstrap, partitions=1)
    before = threading.active_count()
    with KafkaPublisher(broker.bootstrap) as publisher:
        publisher.publish(topic, b"key", b"value")
    assert publisher.delivered == 1
    assert threading.active_count() <= before


def test_an_error_in_the_block_is_not_covered(broker: Broker) -> None:
    """The caller's own error comes out, whatever is still under way."""
    topic = new_topic(broker.bootstrap, partitions=1)

    def failing() -> None:
        with KafkaPublisher(broker.bootstrap) as publisher:
            publisher.publish(topic, b"key", b"value")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()


def test_a_refused_call_loses_nothing_else(broker: Broker) -> None:
    """A name that no topic can have and a message without key and value are clear errors; the next message goes out."""
    topic = new_topic(broker.bootstrap, partitions=1)
    with KafkaPublisher(broker.bootstrap, limits=QUICK) as publisher:
        with pytest.raises(DeliveryFailed, match=r"topic no topic: .*illegal"):
            publisher.publish("no topic", b"key", b"value")
        with pytest.raises(DeliveryFailed, match="key or value"):
            publisher.publish(topic, None, None)
        publisher.publish(topic, b"key", b"value")
    assert publisher.delivered == 1


def test_a_replay_arrives(broker: Broker, tmp_path: Path) -> None:
    """A replayed file is in the topic, each trace once and readable by the contract, when the summary is there."""
    topic = new_topic(broker.bootstrap)
    path = trace_file(tmp_path, (line(number) for number in range(2_000)))
    plan = ReplayPlan(path=path, survey=survey(path), topic=topic)
    with KafkaPublisher(broker.bootstrap) as publisher:
        summary = run_replay(plan, publisher)
    messages = [pair for partition in read_all(broker.bootstrap, topic, 2_000) for pair in partition]
    traces = [decode(Trace, value).message for _, value in messages]
    assert {str(trace.trace_id).encode() for trace in traces} == {key for key, _ in messages}
    assert summary.published == len({trace.trace_id for trace in traces}) == len(traces) == 2_000
    assert {trace.environment for trace in traces} == {"replay"}
    assert (min(t.started_at for t in traces), max(t.started_at for t in traces)) == (summary.first, summary.last)


def test_a_missing_topic_is_named_in_bounded_time(apache_kafka: ApacheKafka) -> None:
    """A misspelt topic is not created: the error has its name, the address, and the command that would create it."""
    with (
        within(QUICK.topic_timeout_s),
        KafkaPublisher(apache_kafka.bootstrap, limits=QUICK) as publisher,
        pytest.raises(
            DeliveryFailed,
            match=rf"{apache_kafka.bootstrap} named no partition of .*\.tracse .*: pointsman topics create$",
        ),
    ):
        publisher.publish("routing.tracse", b"key", b"value")


def test_a_message_that_the_broker_refuses_stops_the_publisher(apache_kafka: ApacheKafka) -> None:
    """The first error is told by flush and by each later call: what follows a hole is for the caller to judge."""
    topic = new_topic(apache_kafka.bootstrap, partitions=1, max_message_bytes="2000")
    publisher = KafkaPublisher(apache_kafka.bootstrap, limits=QUICK)
    publisher.publish(topic, b"small", b"value")
    publisher.publish(topic, b"large", os.urandom(20_000))
    for _ in range(2):
        with pytest.raises(DeliveryFailed, match=r"1 message was not delivered: .*MessageSizeTooLarge"):
            publisher.flush(10)
    with pytest.raises(DeliveryFailed, match="MessageSizeTooLarge"):
        publisher.publish(topic, b"small", b"value")
    assert publisher.delivered == 1
    publisher.close(1)


@tolerating_unclosed_sockets
def test_a_frozen_broker_bounds_memory_and_every_wait(apache_kafka: ApacheKafka) -> None:
    """While nothing answers, publish blocks at its limit of bytes and ends with an error; flush and close end too."""
    topic = new_topic(apache_kafka.bootstrap, partitions=1)
    publisher = KafkaPublisher(apache_kafka.bootstrap, limits=QUICK)
    publisher.publish(topic, b"key", b"value")
    publisher.flush(10)
    apache_kafka.suspend()
    try:
        room = QUICK.max_pending_bytes // 11_100
        for _ in range(room):
            publisher.publish(topic, b"key", b"x" * 10_000)
        with within(QUICK.delivery_timeout_s), pytest.raises(DeliveryFailed):
            publisher.publish(topic, b"key", b"x" * 10_000)
        with within(1), pytest.raises(DeliveryFailed):
            publisher.flush(1)
        with within(QUICK.request_timeout_s):
            publisher.close(0)
    finally:
        apache_kafka.resume()


@tolerating_unclosed_sockets
def test_a_broker_that_comes_back_gets_everything_once(apache_kafka: ApacheKafka) -> None:
    """A restart in the middle costs time, not messages, and repeats none."""
    topic = new_topic(apache_kafka.bootstrap, partitions=2)
    sent = [(str(number).encode(), b"value") for number in range(3_000)]
    with KafkaPublisher(apache_kafka.bootstrap) as publisher:
        for number, (key, value) in enumerate(sent):
            if number == 1_000:
                apache_kafka.restart()
            publisher.publish(topic, key, value)
        publisher.flush(30)
    partitions = read_all(apache_kafka.bootstrap, topic, len(sent))
    assert sorted(pair for partition in partitions for pair in partition) == sorted(sent)


@tolerating_unclosed_sockets
def test_a_broker_that_is_gone_is_an_error_in_bounded_time(tansu: str) -> None:
    """When the broker dies for good, what was handed over is counted as undelivered and no thread stays behind."""
    before = threading.active_count()
    with embedded_broker() as bootstrap:
        topic = new_topic(bootstrap)
        publisher = KafkaPublisher(bootstrap, limits=QUICK)
        publisher.publish(topic, b"key", b"value")
        publisher.flush(10)
    publisher.publish(topic, b"key", b"value")
    with (
        within(1),
        pytest.raises(DeliveryFailed, match=r"1 message was not delivered: .*did not acknowledge within 1 s"),
    ):
        publisher.flush(1)
    with within(QUICK.request_timeout_s):
        publisher.close(0)
    assert threading.active_count() <= before


@tolerating_unclosed_sockets
def test_an_address_where_nobody_answers_is_named() -> None:
    """Nobody listening, and somebody who never answers, are the same clear error within the connect time-out."""
    with socket.socket() as listening, socket.socket() as bound:
        for mute in (listening, bound):
            mute.bind(("127.0.0.1", 0))
        listening.listen()
        for mute in (listening, bound):
            address = "{}:{}".format(*mute.getsockname())
            with (
                within(QUICK.connect_timeout_s),
                pytest.raises(BrokerUnreachable, match=f"no Kafka broker answered at {address} within 1 s"),
            ):
                KafkaPublisher(address, limits=QUICK)


@tolerating_unclosed_sockets
def test_one_of_several_addresses_is_enough(tansu: str) -> None:
    """The bootstrap setting may list several brokers, and one that is away does not matter."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = "{}:{}".format(*bound.getsockname())
        with KafkaPublisher(f"{away},{tansu}") as publisher:
            publisher.publish(new_topic(tansu), b"key", b"value")
    assert publisher.delivered == 1
