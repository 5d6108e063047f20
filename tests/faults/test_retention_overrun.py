"""Kafka deletes messages that were not read yet: what is gone is a gap, noted in the transaction that jumps over it."""

import pytest

from tests.faults.report import tell
from tests.faults.steps import Looker, held
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess

_GAP_WAITS = "wait_event_type = 'Lock' AND query ~ '^INSERT INTO ingest_gaps'"


def overrun(deployment: Deployment, ledger: Ledger, ingest: IngestProcess) -> int:
    """The process stands still while messages come, and most of those are deleted; where the partition then begins."""
    ledger.send(300)
    ledger.wait_stored()
    ingest.suspend()
    # The first of these may be under way to it already.
    ledger.send(50)
    ledger.send(500)
    begin = deployment.end_of(deployment.traces) - 100
    deployment.delete_before(deployment.traces, begin)
    return begin


def test_a_gap_under_load(on_kafka: Deployment) -> None:
    """What Kafka still has is stored, what it deleted is one gap, and what comes meanwhile is no part of it."""
    on_kafka.create_topics(partitions=1)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    begin = overrun(on_kafka, ledger, ingest)
    with ledger.under_load():
        ingest.resume()
        ledger.wait_more(200, ingest.running)
    ledger.wait_stored()
    assert ingest.wait_health("reading")["status"] == 200
    assert [event["next"] for event in ingest.events("messages_deleted_unread")] == [begin]
    tell("retention overrun", ledger.audit(gaps=1))


@pytest.mark.parametrize("how", ["kill -9", pytest.param("session ended", marks=pytest.mark.long)])
def test_the_jump_and_its_note_are_one(on_kafka: Deployment, how: str) -> None:
    """Cut between the jump and the note, neither is there; the next try makes both, once."""
    on_kafka.create_topics(partitions=1)
    ledger = Ledger(on_kafka)
    ingest = on_kafka.reading()
    begin = overrun(on_kafka, ledger, ingest)
    with Looker(on_kafka.url) as looker:
        with held(on_kafka.url, "LOCK TABLE ingest_gaps IN SHARE MODE"):
            ingest.resume()
            looker.wait(lambda: looker.shows(_GAP_WAITS), "note of the gap")
            if how == "kill -9":
                ingest.kill()
            looker.end_sessions()
            looker.wait(lambda: not looker.shows(_GAP_WAITS), "end of the session")
            assert stored.gaps(on_kafka.url) == []
            assert stored.next_offsets(on_kafka.url)[on_kafka.traces, 0] < begin
        if how == "kill -9":
            ingest = on_kafka.start(consumer_group=f"{on_kafka.group}-next")
        ledger.send(100)
        ledger.wait_stored()
    assert ingest.wait_health("reading")["status"] == 200
    tell(f"retention overrun, {how}", ledger.audit(gaps=1))
