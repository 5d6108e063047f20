"""Kafka away at the start, in the middle and at the end: requests never wait, and nothing is lost uncounted."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self
from uuid import UUID

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError

from pointsman_contract import topics as names
from pointsman_router import EmitterLimits, TraceEmitter
from pointsman_router.kafka_line import KafkaLine
from tests.router.routing import route_many, route_one
from tests.router.topics import Topics, wait_until
from tests.services.kafka import ApacheKafka
from tests.test_producer import tolerating_unclosed_sockets

# A request may lose the interpreter to another thread; to wait for Kafka would take much longer.
UNNOTICED_S = 0.2
SLACK_S = 1.0


@pytest.fixture
def topics(apache_kafka: ApacheKafka) -> Topics:
    """Topics of the test's own."""
    return Topics(apache_kafka.bootstrap)


@contextmanager
def unnoticed() -> Iterator[None]:
    """Nothing in the block waits for Kafka."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < UNNOTICED_S


class Traffic:
    """Requests in a thread of their own until told to stop; none of them may wait."""

    def __init__(self, emitter: TraceEmitter) -> None:
        self.ids: list[UUID] = []
        self.slowest_s = 0.0
        self._emitter = emitter
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._route)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _route(self) -> None:
        while not self._over.wait(0.005):
            began = time.monotonic()
            self.ids.append(route_one(self._emitter))
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


@tolerating_unclosed_sockets
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_an_address_where_nobody_answers_holds_up_nothing(protocol: str) -> None:
    """Refused or mute: the constructor, requests and `close` keep their bounds, and no thread stays behind."""
    before = set(threading.enumerate())
    with socket.socket() as mute, socket.socket() as refusing:
        for one in (mute, refusing):
            one.bind(("127.0.0.1", 0))
        mute.listen()
        for one in (mute, refusing):
            address = "{}:{}".format(*one.getsockname())
            with unnoticed():
                settings = {"security_protocol": protocol}
                emitter = TraceEmitter(address, environment="prod", router_id="router-3", kafka_settings=settings)
                route_many(emitter, 100)
                emitter.policy_applied("invoices", 18)
            time.sleep(0.5)
            began = time.monotonic()
            emitter.close(1.0)
            assert time.monotonic() - began < 1.0 + SLACK_S
            assert (emitter.stats().emitted, emitter.stats().dropped, emitter.stats().waiting) == (0, 100, 0)
    wait_until(lambda: set(threading.enumerate()) <= before, "end of the threads", within_s=15)


@tolerating_unclosed_sockets
def test_a_line_to_somebody_who_never_talks_tls_ends() -> None:
    """It would hold the emitter's thread for ever, and all that waits, also with a byte now and then."""
    says = b"\x16\x03\x03\x40\0" + bytes(100)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        done = threading.Event()

        def talk() -> None:
            client, _ = mute.accept()
            with client, suppress(OSError):
                for byte in says:
                    client.send(bytes([byte]))
                    if done.wait(1):
                        break
                done.wait(30)

        talker = threading.Thread(target=talk)
        talker.start()
        address = "{}:{}".format(*mute.getsockname())
        began = time.monotonic()
        with pytest.raises(KafkaTimeoutError):
            KafkaLine(address, {"security_protocol": "SSL"}, EmitterLimits(), 1.0)
        assert time.monotonic() - began < 20
        done.set()
        talker.join()


@tolerating_unclosed_sockets
def test_a_broker_that_comes_after_the_router_gets_everything(
    apache_kafka: ApacheKafka, topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    """What was routed before Kafka was there arrives once it is, and the wait is two lines in the log."""
    caplog.set_level(logging.INFO, logger="pointsman_router")
    apache_kafka.stop()
    try:
        emitter = topics.emitter()
        with unnoticed():
            ids = route_many(emitter, 200)
        time.sleep(2)
    finally:
        apache_kafka.start()
    wait_until(lambda: emitter.stats().delivered == 200, "delivery")
    emitter.close()
    assert sorted(topics.read(traces=200, heartbeats=1).ids()) == sorted(ids)
    said = [record.getMessage() for record in caplog.records if record.name == "pointsman_router"]
    assert [line.partition("(")[0] for line in said] == ["Kafka does not answer ", "Kafka answers"]


@tolerating_unclosed_sockets
@pytest.mark.parametrize("way", ["restart", "kill", "suspend"])
def test_a_broker_that_goes_and_returns_gets_everything_once(
    apache_kafka: ApacheKafka, topics: Topics, way: str
) -> None:
    """Requests never notice, each trace arrives once, counters only rise, and the emitter goes on alone."""
    with topics.emitter() as emitter, Traffic(emitter) as traffic:
        wait_until(lambda: emitter.stats().delivered > 20, "delivery")
        if way == "restart":
            apache_kafka.restart()
        elif way == "kill":
            apache_kafka.kill()
            apache_kafka.start()
        else:
            apache_kafka.suspend()
            time.sleep(3)
            apache_kafka.resume()
        returned = len(traffic.ids)
        wait_until(lambda: emitter.stats().delivered > returned, "delivery", within_s=30)
    assert traffic.slowest_s < UNNOTICED_S
    arrived = topics.read(traces=len(traffic.ids), heartbeats=2)
    assert sorted(arrived.ids()) == sorted(traffic.ids)
    beats = sorted(arrived.heartbeats, key=lambda beat: beat.sequence)
    counts = [(one.dispatched, one.finished) for beat in beats for one in beat.counters]
    assert counts == sorted(counts)
    assert counts[-1] == (len(traffic.ids), len(traffic.ids))
    assert (beats[-1].emitted, beats[-1].dropped) == (len(traffic.ids), 0)


@tolerating_unclosed_sockets
def test_a_long_outage_fills_the_buffer_and_no_more(apache_kafka: ApacheKafka, topics: Topics) -> None:
    """With room for 100 the newest 100 and what the producer held survive; sent and dropped are all there were."""
    emitter = topics.emitter(limits=EmitterLimits(max_buffered=100, max_unacknowledged=50))
    route_one(emitter)
    wait_until(lambda: emitter.stats().delivered == 1, "delivery")
    apache_kafka.suspend()
    try:
        with unnoticed():
            ids = route_many(emitter, 500)
        time.sleep(0.3)
        newest = route_many(emitter, 100)
        time.sleep(0.3)
        assert emitter.stats().waiting <= 150
    finally:
        apache_kafka.resume()
    wait_until(lambda: emitter.stats().waiting == 0, "delivery", within_s=30)
    emitter.close()
    arrived = topics.read(traces=101, heartbeats=1)
    last = max(arrived.heartbeats, key=lambda beat: beat.sequence)
    assert last.emitted + last.dropped == 1 + len(ids) + len(newest)
    assert len(set(arrived.ids())) == len(arrived.traces) == last.emitted <= 151
    assert set(newest) <= set(arrived.ids())


@tolerating_unclosed_sockets
def test_close_keeps_its_bound_while_kafka_is_frozen(apache_kafka: ApacheKafka, topics: Topics) -> None:
    """What Kafka did not acknowledge in time is counted as dropped, and threads and sockets are freed."""
    before = set(threading.enumerate())
    emitter = topics.emitter()
    route_one(emitter)
    wait_until(lambda: emitter.stats().delivered == 1, "delivery")
    apache_kafka.suspend()
    try:
        route_many(emitter, 100)
        time.sleep(0.3)
        began = time.monotonic()
        emitter.close(2.0)
        assert time.monotonic() - began < 2.0 + SLACK_S
        assert emitter.stats().dropped == 100
        wait_until(lambda: set(threading.enumerate()) <= before, "end of the threads", within_s=12)
    finally:
        apache_kafka.resume()


def test_a_missing_topic_holds_up_no_other(apache_kafka: ApacheKafka, topics: Topics) -> None:
    """Without topics requests go on and none is created; once they are there what waited arrives, with heartbeats."""
    absent = Topics(apache_kafka.bootstrap, create=False)
    with absent.emitter() as emitter:
        with unnoticed():
            ids = route_many(emitter, 50)
        time.sleep(1.5)
        admin = KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)
        try:
            assert not [topic for topic in admin.list_topics() if topic.startswith(absent.prefix)]
        finally:
            admin.close()
        absent.create()
        wait_until(lambda: emitter.stats().delivered == 50 and emitter.stats().heartbeats, "delivery")
    assert sorted(absent.read(traces=50, heartbeats=1).ids()) == sorted(ids)


def test_heartbeats_go_on_while_the_topic_of_traces_is_missing(apache_kafka: ApacheKafka, topics: Topics) -> None:
    """Each second one, with counters: dead and mute are two things."""
    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)
    try:
        admin.delete_topics([topics.prefix + names.TRACES])
    finally:
        admin.close()
    time.sleep(0.5)
    emitter = topics.emitter()
    route_many(emitter, 10)
    time.sleep(3.2)
    assert emitter.stats().heartbeats >= 3
    assert (emitter.stats().delivered, emitter.stats().waiting) == (0, 10)
    emitter.close(1.0)
    assert emitter.stats().dropped == 10


def test_a_message_that_kafka_refuses_is_counted(
    apache_kafka: ApacheKafka, topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    """Those around it arrive, though kafka-python gives up on all; the log has the error, and no payload."""
    # Commands that ran in this process before have set up logs of their own.
    caplog.set_level(logging.WARNING, logger="pointsman_router")
    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)
    try:
        admin.delete_topics([topics.prefix + names.TRACES])
        time.sleep(0.5)
        configs = {"max.message.bytes": "1500"}
        admin.create_topics(
            {topics.prefix + names.TRACES: {"num_partitions": 1, "replication_factor": 1, "configs": configs}}
        )
    finally:
        admin.close()
    with topics.emitter(kafka_settings={"compression_type": None, "batch_size": 0}) as emitter:
        good = route_many(emitter, 30)
        with emitter.dispatch(route="invoices", task_class="t") as request:
            for _ in range(20):
                request.attempt(role="primary", model="secret", status="ok", input_tokens=1, output_tokens=1)
        good += route_many(emitter, 30)
        wait_until(lambda: emitter.stats().dropped == 1, "refusal")
        good += route_many(emitter, 30)
        wait_until(lambda: emitter.stats().delivered == 90, "delivery")
    arrived = topics.read(traces=90, heartbeats=1)
    assert sorted(arrived.ids()) == sorted(good)
    last = max(arrived.heartbeats, key=lambda beat: beat.sequence)
    assert (last.emitted, last.dropped) == (91, 1)
    said = [record.getMessage() for record in caplog.records if record.name == "pointsman_router"]
    # Once with its neighbours, once alone.
    assert 1 <= sum("MessageSizeTooLargeError" in line for line in said) <= 2
    assert "secret" not in " ".join(said)


def test_the_producer_asks_for_no_topic_to_be_made(tansu: str) -> None:
    """Kafka makes what a client asks about unless it is told not to: its own default, which the broker here has not."""
    line = KafkaLine(tansu, {}, EmitterLimits(), 3.0)
    try:
        request = line._producer._metadata.metadata_request()  # noqa: SLF001 - no broker here would make one
        assert request.allow_auto_topic_creation is False
    finally:
        line.close(1.0, settled=True)
