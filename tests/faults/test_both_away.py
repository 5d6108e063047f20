"""Broker and database are both away for minutes: memory does not grow, and ingest goes on when they are back."""

import time

import pytest

from tests.conftest import Scale
from tests.faults.report import megabytes, tell
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

_GROWTH_BYTES = 20_000_000


def highest(ingest: IngestProcess, seconds: float) -> int:
    """The most memory that it holds within this time, looked up each half second."""
    found = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert ingest.running(), ingest.output
        found = max(found, ingest.memory_bytes)
        time.sleep(0.5)
    return found


@pytest.mark.timeout(1500)
def test_both_are_away_for_minutes(
    on_kafka: Deployment, apache_kafka: ApacheKafka, postgres18: PostgresServer, scale: Scale
) -> None:
    """Ten minutes (--long): afterwards, and all the while, at most 20 MB more than after the same load before."""
    load = scale(long=20_000, small=4_000)
    on_kafka.create_topics(partitions=3)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    for _ in range(2):
        ledger.send(load)
        ledger.wait_stored()
    before = ingest.memory_bytes
    try:
        postgres18.kill()
        # It has read these, and holds a batch of them, when the broker goes too.
        ledger.send(load)
        assert ingest.wait_health("waiting_for_store")["status"] == 503
        apache_kafka.kill()
        away = highest(ingest, scale(long=600, small=6))
        assert ingest.health()["state"] in ("waiting_for_broker", "waiting_for_store")
    finally:
        postgres18.start()
        apache_kafka.start()
    ledger.wait_stored(within_s=90)
    ledger.send(load)
    ledger.wait_stored()
    assert ingest.wait_health("reading")["status"] == 200
    after = ingest.memory_bytes
    assert away - before <= _GROWTH_BYTES
    assert after - before <= _GROWTH_BYTES
    tell(
        "both away",
        ledger.audit(),
        before=megabytes(before),
        while_away=megabytes(away),
        after=megabytes(after),
        log_lines=len(ingest.events()),
    )
    assert "Traceback" not in ingest.output
