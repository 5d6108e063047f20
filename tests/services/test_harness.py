"""The services that the suite runs on do what its tests take for granted."""

import os
import subprocess
import sys

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaTimeoutError

from tests.conftest import Scale
from tests.services.broker import Broker
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer, fresh_database

_LIMIT_BYTES = 21_000_000


def make_topic(bootstrap: str, name: str) -> None:
    """A topic with one partition."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()


def send(bootstrap: str, topic: str, value: bytes) -> None:
    """Send one message and wait until the broker has it."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=_LIMIT_BYTES)
    try:
        producer.send(topic, value).get(timeout=20)
    finally:
        producer.close(timeout=1)


def read_all(bootstrap: str, topic: str) -> list[bytes]:
    """Every message of the topic's only partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, fetch_max_bytes=_LIMIT_BYTES, max_partition_fetch_bytes=_LIMIT_BYTES
    )
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    while consumer.position(partition) < end:
        for messages in consumer.poll(timeout_ms=1000).values():
            values += [message.value for message in messages]
    consumer.close()
    return values


def test_a_message_comes_back(broker: Broker) -> None:
    """Each broker takes a message and gives it back."""
    make_topic(broker.bootstrap, "harness.simple")
    send(broker.bootstrap, "harness.simple", b"hello")
    assert read_all(broker.bootstrap, "harness.simple") == [b"hello"]


def test_a_group_of_one_reads_and_commits(broker: Broker) -> None:
    """A consumer group works on each broker."""
    make_topic(broker.bootstrap, "harness.group")
    send(broker.bootstrap, "harness.group", b"hello")
    consumer = KafkaConsumer(
        "harness.group",
        bootstrap_servers=broker.bootstrap,
        group_id="harness",
        auto_offset_reset="earliest",
        # Tansu lets a member wait for half of its session's time before the first assignment: 23 s by default.
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    assert next(consumer).value == b"hello"
    consumer.commit()
    assert consumer.committed(TopicPartition("harness.group", 0)) == 1
    consumer.close()


def test_kafka_takes_big_messages(apache_kafka: ApacheKafka, scale: Scale) -> None:
    """Room for tests of messages that are far too big for us. The client needs 4 s for each 10 MB."""
    size = scale(long=20_000_000, small=2_000_000)
    make_topic(apache_kafka.bootstrap, "harness.big")
    send(apache_kafka.bootstrap, "harness.big", b"x" * size)
    assert [len(value) for value in read_all(apache_kafka.bootstrap, "harness.big")] == [size]


def test_kafka_keeps_port_and_data(apache_kafka: ApacheKafka) -> None:
    """Over a restart and over kill -9."""
    make_topic(apache_kafka.bootstrap, "harness.kept")
    send(apache_kafka.bootstrap, "harness.kept", b"1")
    apache_kafka.restart()
    send(apache_kafka.bootstrap, "harness.kept", b"2")
    apache_kafka.kill()
    apache_kafka.start()
    assert read_all(apache_kafka.bootstrap, "harness.kept") == [b"1", b"2"]


def test_a_suspended_kafka_does_not_answer(apache_kafka: ApacheKafka) -> None:
    """Until it goes on."""
    make_topic(apache_kafka.bootstrap, "harness.suspended")
    producer = KafkaProducer(bootstrap_servers=apache_kafka.bootstrap)
    producer.send("harness.suspended", b"1").get(timeout=20)
    apache_kafka.suspend()
    try:
        with pytest.raises(KafkaTimeoutError):
            producer.send("harness.suspended", b"2").get(timeout=1)
    finally:
        apache_kafka.resume()
    producer.flush(timeout=20)
    producer.close()
    assert read_all(apache_kafka.bootstrap, "harness.suspended") == [b"1", b"2"]


def test_a_database_is_new_and_empty(database: str, postgres: PostgresServer) -> None:
    """On each PostgreSQL: nothing in it, text is UTF-8 and sorted by code point."""
    with psycopg.connect(database) as connection:
        assert connection.info.server_version // 10_000 == postgres.major
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        row = connection.execute("SHOW server_encoding").fetchone()
        assert row == ("UTF8",)


def test_a_database_is_gone_after_its_block(postgres: PostgresServer) -> None:
    """Also when somebody is still connected."""
    with fresh_database(postgres) as url:
        connection = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_postgres_keeps_port_and_data(database: str, postgres: PostgresServer) -> None:
    """Over kill -9 with a session in the middle of something, and over a restart."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    open_session = psycopg.connect(database)
    open_session.execute("INSERT INTO kept VALUES (2)")
    postgres.kill()
    postgres.start()
    postgres.restart()
    open_session.close()
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT value FROM kept").fetchall() == [(1,)]


def test_a_suspended_postgres_does_not_answer(database: str, postgres: PostgresServer) -> None:
    """Until it goes on, and then the open session goes on too."""
    with psycopg.connect(database) as connection:
        postgres.suspend()
        try:
            with pytest.raises(psycopg.OperationalError, match="timeout"):
                psycopg.connect(database, connect_timeout=2)
        finally:
            postgres.resume()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_tests_with_services_are_marked(database18: str, request: pytest.FixtureRequest) -> None:
    """So that `-m "not service"` leaves them out."""
    assert database18
    assert request.node.get_closest_marker("service")


def test_the_scale_follows_the_option(scale: Scale, request: pytest.FixtureRequest) -> None:
    """Full size only under --long."""
    assert scale(long=20, small=4) == (20 if request.config.getoption("--long") else 4)


@pytest.mark.parametrize(("required", "outcome"), [("0", "1 skipped"), ("1", "1 error")], ids=["skip", "fail"])
def test_a_missing_service_skips_or_fails(required: str, outcome: str) -> None:
    """Where services are required nobody takes a skipped test for a passed one; either way the reason is named."""
    test = f"{__file__}::test_kafka_takes_big_messages"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        env=os.environ | {"PATH": "/nonexistent", "POINTSMAN_TEST_REQUIRE_SERVICES": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in run.stdout.splitlines()[-1]
    assert "Apache Kafka needs Java" in run.stdout
