"""A broker or a database that hangs: connections stay open and nothing answers, so nothing ends the wait by itself."""

import time

import pytest

from tests.faults.report import tell
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer

pytestmark = [
    pytest.mark.usefixtures("collected"),
    # kafka-python leaves the sockets of broken connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


# Past every session and time-out.
_HANGS_S = 60.0


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_broker_that_hangs(on_kafka: Deployment, apache_kafka: ApacheKafka) -> None:
    """It is away; SIGTERM ends a process with 0 within ten seconds meanwhile; the others go on once it answers."""
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    leaves = on_kafka.reading(consumer_group=f"{on_kafka.group}-leaves")
    with ledger.under_load():
        ledger.wait_more(200, ingest.running)
        apache_kafka.suspend()
        try:
            assert ingest.wait_health("waiting_for_broker", within_s=40)["status"] == 503
            assert leaves.terminate() == 0
            time.sleep(_HANGS_S)
        finally:
            apache_kafka.resume()
        ingest.wait_health("reading", within_s=60)
    ledger.wait_stored()
    assert "Traceback" not in ingest.output
    tell("broker hangs", ledger.audit())


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_database_that_hangs(on_kafka: Deployment, postgres18: PostgresServer) -> None:
    """After five seconds it is away; what it had before it stood still is there once, whatever it was at."""
    on_kafka.create_topics(partitions=2)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    with ledger.under_load():
        ledger.wait_more(200, ingest.running)
        postgres18.suspend()
        try:
            health = ingest.wait_health("waiting_for_store")
            assert health["detail"].startswith("the database has not answered for ")
            time.sleep(_HANGS_S)
        finally:
            postgres18.resume()
        ingest.wait_health("reading", within_s=60)
    ledger.wait_stored()
    assert "Traceback" not in ingest.output
    tell("database hangs", ledger.audit())
