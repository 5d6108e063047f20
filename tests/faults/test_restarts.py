"""Broker or database restarts while messages come: ingest waits, says for whom, and goes on alone."""

from collections.abc import Callable

import pytest

from tests.conftest import Scale
from tests.faults.report import tell
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer

pytestmark = [
    pytest.mark.usefixtures("collected"),
    # kafka-python leaves the sockets of refused connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def waits(ledger: Ledger, ingest: IngestProcess, state: str, stop: Callable[[], None]) -> None:
    """Messages arrive, the service stops, and ingest says that it waits for it."""
    ledger.wait_more(200, ingest.running)
    stop()
    health = ingest.wait_health(state)
    assert health["status"] == 503
    assert health["detail"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", [pytest.param("in good order", marks=pytest.mark.long), "kill -9"])
def test_the_broker_restarts_under_load(
    on_kafka: Deployment, apache_kafka: ApacheKafka, scale: Scale, how: str
) -> None:
    """Shut down, or killed with what it had not written out: nothing is lost, and the end of no partition is taken for
    lost messages while the broker recovers.
    """
    on_kafka.create_topics(partitions=3)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    with ledger.under_load():
        for _ in range(scale(long=8, small=1)):
            try:
                stop = apache_kafka.stop if how == "in good order" else apache_kafka.kill
                waits(ledger, ingest, "waiting_for_broker", stop)
            finally:
                apache_kafka.start()
            ingest.wait_health("reading")
        ledger.wait_more(200, ingest.running)
    ledger.wait_stored()
    assert ingest.wait_health("reading")["status"] == 200
    assert "Traceback" not in ingest.output
    tell(f"broker restart, {how}", ledger.audit())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", [pytest.param("fast", marks=pytest.mark.long), "immediate", "kill -9"])
def test_the_database_restarts_under_load(
    on_kafka: Deployment, postgres18: PostgresServer, scale: Scale, how: str
) -> None:
    """In good order, without writing anything out, or killed: what was committed stays, what was not is read again."""
    on_kafka.create_topics(partitions=3)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    stop = {"fast": postgres18.stop, "immediate": postgres18.stop_at_once, "kill -9": postgres18.kill}[how]
    with ledger.under_load():
        for _ in range(scale(long=8, small=1)):
            try:
                waits(ledger, ingest, "waiting_for_store", stop)
            finally:
                postgres18.stop()
                postgres18.start()
            ingest.wait_health("reading")
        ledger.wait_more(200, ingest.running)
    ledger.wait_stored()
    assert ingest.wait_health("reading")["status"] == 200
    assert "Traceback" not in ingest.output
    tell(f"database restart, {how}", ledger.audit())
