"""Broker or database away: it waits, says so, leaves when asked, and goes on alone when they are back."""

import signal
import time
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.audit import audit
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess
from tests.ingest.traffic import bytes_of, fresh_traces
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer


def all_leave(*processes: IngestProcess) -> None:
    """Each ends with 0, all at the same time."""
    for process in processes:
        process.send(signal.SIGTERM)
    assert [process.wait_ended(10.0) for process in processes] == [0] * len(processes)


def test_the_broker_goes_away_and_comes_back(on_kafka: Deployment, apache_kafka: ApacheKafka) -> None:
    """Those that read and those that just start wait alike; SIGTERM ends both kinds with 0 meanwhile."""
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    ledger.send(500)
    reads = on_kafka.reading()
    reads_too = on_kafka.reading(consumer_group=f"{on_kafka.group}-too")
    apache_kafka.stop()
    try:
        starts, starts_too = on_kafka.start(), on_kafka.start()
        for process in (reads, reads_too, starts, starts_too):
            health = process.wait_health("waiting_for_broker")
            assert health["status"] == 503
            assert on_kafka.bootstrap in health["detail"]
        assert reads.metric("pointsman_ingest_waiting", waits_for="broker") == 1
        all_leave(reads_too, starts_too)
    finally:
        apache_kafka.start()
    ledger.send(500)
    ledger.wait_stored()
    assert reads.wait_health("reading")["status"] == 200
    assert starts.wait_health("reading")["status"] == 200
    ledger.audit()


def test_the_database_goes_away_and_comes_back(on_kafka: Deployment, postgres18: PostgresServer) -> None:
    """What was read in between is read again; nothing is lost, nothing is there twice."""
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    ledger.send(500)
    reads = on_kafka.reading()
    reads_too = on_kafka.reading(consumer_group=f"{on_kafka.group}-too")
    ledger.wait_stored()
    postgres18.kill()
    try:
        starts, starts_too = on_kafka.start(), on_kafka.start()
        ledger.send(500)
        for process in (reads, reads_too, starts, starts_too):
            assert process.wait_health("waiting_for_store")["status"] == 503
        assert reads.metric("pointsman_ingest_waiting", waits_for="store") == 1
        all_leave(reads_too, starts_too)
    finally:
        postgres18.start()
    ledger.wait_stored()
    assert reads.wait_health("reading", within_s=40)["status"] == 200
    assert starts.wait_health("reading", within_s=40)["status"] == 200
    ledger.audit()


def set_read_only(url: str, *, read_only: bool) -> None:
    """From now on, for every session of Pointsman: those that are open end."""
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {read_only}".encode())
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^pointsman'"
        )


def tries(ingest: IngestProcess) -> list[datetime]:
    """When it was placed on the topic of traces, each time."""
    placed = [event for event in ingest.events("reading_from") if "routing.traces" in event["offsets"]]
    return [datetime.fromisoformat(event["timestamp"]) for event in placed]


def test_a_database_that_takes_no_writes_is_away(on_kafka: Deployment) -> None:
    """A standby, a full disk: reads work and writes fail. The tries get rarer, and one success ends it."""
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading()
    set_read_only(on_kafka.url, read_only=True)
    sent = fresh_traces(10)
    places = on_kafka.publish(on_kafka.traces, bytes_of(sent))
    ingest.wait_health("waiting_for_store")
    # Until its first write failed it may be well once more: its sessions were ended, and it reads again.
    ingest.wait_until(lambda: len(tries(ingest)) >= 3, "the first tries")
    well = len(ingest.events("reading"))
    ingest.wait_until(lambda: len(tries(ingest)) >= 6, "some tries")
    *_, before, last = tries(ingest)
    assert last - before > timedelta(seconds=0.5)
    # What can be read proves nothing: it was never well between two tries.
    assert len(ingest.events("reading")) == well
    set_read_only(on_kafka.url, read_only=False)
    on_kafka.wait_stored(places)
    assert ingest.wait_health("reading")["status"] == 200
    audit(on_kafka.url, attempts={one.trace_id: 1 for one in sent}, messages=10)


def test_a_database_that_hangs_is_away(on_kafka: Deployment, postgres18: PostgresServer) -> None:
    """No connection breaks, so nothing ends the wait by itself: after 5 s it says so, and Ctrl-C twice ends it."""
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading()
    ingest.wait_health("reading")
    postgres18.suspend()
    try:
        sent = fresh_traces(10)
        places = on_kafka.publish(on_kafka.traces, bytes_of(sent))
        health = ingest.wait_health("waiting_for_store")
        assert health["status"] == 503
        assert health["detail"].startswith("the database has not answered for ")
        ingest.send(signal.SIGINT)
        # Two at the very same moment are one signal.
        time.sleep(0.5)
        assert ingest.running()
        ingest.send(signal.SIGINT)
        assert ingest.wait_ended(2.0) == 130
    finally:
        postgres18.resume()
    on_kafka.reading()
    on_kafka.wait_stored(places)
    audit(on_kafka.url, attempts={one.trace_id: 1 for one in sent}, messages=10)


@pytest.mark.long
def test_a_database_that_hangs_holds_no_process_up(on_kafka: Deployment, postgres18: PostgresServer) -> None:
    """The batch cannot be finished: the process says so and ends within 10 s, with 1."""
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading()
    postgres18.suspend()
    try:
        on_kafka.publish(on_kafka.traces, bytes_of(fresh_traces(10)))
        time.sleep(1)
        assert ingest.terminate() == 1
        assert ingest.events("did_not_stop_in_time")
    finally:
        postgres18.resume()
