"""Several members share the partitions, and hand them over without losing or repeating anything."""

from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.ingest.process import IngestProcess

PARTITIONS = 6


def partitions_of(ingest: IngestProcess) -> set[str]:
    """The partitions that a member has, by its own log."""
    having: set[str] = set()
    for event in ingest.events("rebalanced"):
        having = (
            having | set(event["partitions"]) if event["change"] == "assigned" else having - set(event["partitions"])
        )
    return having


def shared(*members: IngestProcess) -> bool:
    """Whether these have all partitions among them, each one at least some, none twice."""
    having = [partitions_of(member) for member in members]
    return all(having) and len(set().union(*having)) == sum(map(len, having)) == 3 * PARTITIONS


def test_members_come_freeze_wake_and_leave(on_kafka: Deployment) -> None:
    """One is frozen until its partitions are somebody else's, and wakes with a batch that is no longer its own."""
    on_kafka.create_topics(partitions=PARTITIONS)
    ledger = Ledger(on_kafka)
    with ledger.under_load(each=200, pause_s=0.3):
        first = on_kafka.reading()
        second = on_kafka.reading()
        second.wait_until(lambda: shared(first, second), "two members share")
        first.suspend()
        third = on_kafka.reading()
        third.wait_until(lambda: shared(second, third), "the successors share", within_s=40)
        first.resume()
        first.wait_until(lambda: shared(first, second, third), "three members share", within_s=40)
        assert second.terminate() == 0
        third.wait_until(lambda: shared(first, third), "the leaver's are shared")
        assert first.terminate() == 0
    ledger.wait_stored(within_s=40)
    ledger.audit()
    assert third.health()["status"] == 200
    assert stored.gaps(on_kafka.url) == []
