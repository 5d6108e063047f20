"""However it is asked to leave: it stores what it has read, leaves the group, and ends with 0 within 10 s."""

import signal

import pytest

from tests.builders import wire
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.traffic import fresh_trace


def members(deployment: Deployment) -> int:
    """How many members the group has, by Kafka's own account."""
    with deployment.admin() as admin:
        return len(admin.describe_groups([deployment.group])[deployment.group]["members"])


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]],
    ids=["SIGTERM", "Ctrl-C", "twice"],
)
def test_finishes_the_batch_and_leaves(on_kafka: Deployment, signals: list[signal.Signals]) -> None:
    """What was read and waits for more is stored first."""
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading(batch_max_age_s=60)
    # Unknown fields are counted when a message is read.
    places = on_kafka.publish(on_kafka.traces, [wire(fresh_trace(), colour="red") for _ in range(10)])
    ingest.wait_until(lambda: ingest.metric("pointsman_unknown_fields_total", topic=on_kafka.traces) == 10, "10 read")
    assert stored.count(on_kafka.url, "traces") == 0
    assert members(on_kafka) == 1
    for number in signals:
        ingest.send(number)
    assert ingest.wait_ended(10.0) == 0
    assert on_kafka.stored_up_to(places)
    assert stored.count(on_kafka.url, "traces") == 10
    assert members(on_kafka) == 0
    assert ingest.events()[-1]["event"] == "stopped"
