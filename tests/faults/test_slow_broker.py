"""A broker that answers fetches at once and takes seconds to tell its topics."""

from tests.faults.report import tell
from tests.faults.slow_broker import slow_broker
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger

# Over what one question waits for.
_SLOW_S = 3.0


def test_slow_metadata_hold_no_batch_up_for_ever(on_kafka: Deployment) -> None:
    """Each batch is confirmed against the topics that there are now: it waits for the answer, and is not read again."""
    on_kafka.create_topics(partitions=1)
    ledger = Ledger(on_kafka)
    with slow_broker(on_kafka.bootstrap) as slow:
        ingest = on_kafka.reading(kafka_bootstrap=slow.bootstrap)
        ledger.send(200)
        ledger.wait_stored()
        slow.delay_s = _SLOW_S
        ledger.send(500)
        ledger.wait_stored(within_s=30)
        assert slow.delayed > 0
        slow.delay_s = 0.0
        assert ingest.wait_health("reading")["status"] == 200
        assert ingest.terminate() == 0
    assert "Traceback" not in ingest.output
    tell("slow metadata", ledger.audit(), placed=len(ingest.events("reading_from")))
