"""A broker that answers fetches at once and takes seconds to tell its topics."""

import time

from ingest.broker import GroupConsumer
from tests.faults.report import tell
from tests.faults.slow_broker import slow_broker
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger

# Over what one question waits for.
_SLOW_S = 3.0
_WITHIN_S = 30.0


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


def test_an_answer_on_its_way_is_no_answer(on_kafka: Deployment) -> None:
    """kafka-python asks now and then by itself. What the broker said to that, before a topic was re-created and before
    ours was asked, says nothing about the messages that were read in between.
    """
    on_kafka.create_topics(partitions=1)
    topic = on_kafka.traces
    with slow_broker(on_kafka.bootstrap) as slow:
        consumer = GroupConsumer(slow.bootstrap, group="asks", topics=[topic])
        try:
            consumer.refresh_topics(5.0)
            before = consumer.topic_id(topic)
            slow.delay_s, deadline = _WITHIN_S, time.monotonic() + _WITHIN_S
            held = consumer.ask_topics()
            while not slow.delayed:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            slow.delay_s = 0.0
            on_kafka.recreate(topic)
            asked = consumer.ask_topics()
            assert not held.answer.is_done
            slow.let_go.set()
            consumer.refresh_topics(_WITHIN_S, asked)
            assert consumer.topic_id(topic) not in (before, None)
        finally:
            consumer.close(1.0, {})
