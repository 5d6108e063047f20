"""Our consumer of Kafka, held against what kafka-python does of its own accord."""

import gc
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psutil
import pytest

from ingest.broker import GroupConsumer
from ingest.errors import BrokerUnreachable, IngestStopped
from ingest.partitions import Bounds, Partition
from ingest.producer import KafkaPublisher
from tests.ingest.deployment import Deployment


@contextmanager
def consumer_of(deployment: Deployment, group: str) -> Iterator[GroupConsumer]:
    """A member of a group of its own."""
    topics = [deployment.traces, deployment.outcomes, deployment.heartbeats]
    consumer = GroupConsumer(deployment.bootstrap, group=group, topics=topics)
    try:
        yield consumer
    finally:
        consumer.close(1.0, {})


def test_joins_however_short_the_polls_are(on_kafka: Deployment) -> None:
    """kafka-python forgets a join that is answered between two polls: one start in eight then waited for ever."""
    on_kafka.create_topics(partitions=1)
    for _ in range(12):
        with consumer_of(on_kafka, secrets.token_hex(4)) as consumer:
            deadline = time.monotonic() + 6
            while len(consumer.assignment()) < 3:
                assert time.monotonic() < deadline, "joined the group and never got its partitions"
                consumer.poll(0.02, 100)
            assert consumer.joined()


def test_asks_kafka_to_create_no_topic(on_kafka: Deployment) -> None:
    """kafka-python forgets its own setting for this; where operators left it on, Kafka would make what we name."""
    with KafkaPublisher(on_kafka.bootstrap) as publisher:
        request = publisher._producer._metadata.metadata_request()  # noqa: SLF001 - no broker of ours creates topics
    assert request.allow_auto_topic_creation is False
    with consumer_of(on_kafka, "creates-nothing") as consumer:
        request = consumer._consumer._cluster.metadata_request()  # noqa: SLF001 - no broker of ours creates topics
    assert request.allow_auto_topic_creation is False


def test_a_new_partition_needs_no_committed_offset(on_kafka: Deployment) -> None:
    """Without a position kafka-python asks for one at each poll, and delivers nothing of the other partitions."""
    on_kafka.create_topics(partitions=1)
    with consumer_of(on_kafka, secrets.token_hex(4)) as consumer:
        deadline = time.monotonic() + 10
        while not consumer.assignment():
            assert time.monotonic() < deadline
            consumer.poll(0.2, 100)
        began = time.monotonic()
        assert consumer.poll(0.5, 100) == {}
        # It rested: an error would have come back at once.
        assert time.monotonic() - began >= 0.4
        assert all(consumer.position(partition) == 0 for partition in consumer.assignment())


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("listens", [False, True], ids=["refused", "silent"])
def test_a_failed_connection_leaves_nothing_behind(listens: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A broker may be away for days: threads and sockets of each try would add up."""
    threads, handles = threading.active_count(), psutil.Process().num_fds()
    with closing(socket.socket()) as port:
        port.bind(("127.0.0.1", 0))
        if listens:
            port.listen()
        address = f"127.0.0.1:{port.getsockname()[1]}"
        for _ in range(5):
            with pytest.raises(BrokerUnreachable, match=address):
                GroupConsumer(address, group="g", topics=["t"], connect_timeout_s=0.2)
    gc.collect()
    assert threading.active_count() <= threads
    assert psutil.Process().num_fds() < handles + 4


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("address", ["nobody.invalid:9092", "127.0.0.1:1,127.0.0.1:2"])
def test_an_address_that_nobody_has_is_away(address: str) -> None:
    """A name that cannot be looked up may be one tomorrow; several addresses are tried."""
    with pytest.raises(BrokerUnreachable):
        GroupConsumer(address, group="g", topics=["t"], connect_timeout_s=0.3)


def test_what_no_waiting_mends_says_so(on_kafka: Deployment) -> None:
    """A group that exists with another protocol refuses us for good."""
    with pytest.raises(IngestStopped), consumer_of(on_kafka, "") as consumer:
        consumer.poll(2.0, 1)


def test_a_partition_without_a_leader_hides_no_other(on_kafka: Deployment) -> None:
    """kafka-python leaves it out of the answer and then fails for all of them; we tell the bounds of the others. Its
    leader may also go while it is asked.
    """
    on_kafka.create_topics(partitions=2)
    with consumer_of(on_kafka, secrets.token_hex(4)) as consumer:
        while len(consumer.assignment()) < 6:
            consumer.poll(0.2, 100)
        cluster = consumer._consumer._cluster  # noqa: SLF001 - one broker never loses the leader of one partition alone
        known = cluster.leader_for_partition
        led, lost = (Partition(on_kafka.traces, number) for number in (0, 1))
        cluster.leader_for_partition = lambda at: -1 if at.partition == 1 else known(at)
        assert consumer.bounds([led, lost]) == {led: Bounds(0, 0)}
        assert lost in consumer.without_leader()
        assert led not in consumer.without_leader()
        answers = iter([1])
        cluster.leader_for_partition = lambda at: next(answers, -1) if at.partition == 1 else known(at)
        with pytest.raises(BrokerUnreachable):
            consumer.bounds([led, lost])
