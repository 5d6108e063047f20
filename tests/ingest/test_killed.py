"""Kill -9 at any moment: what was stored stays, what was not is read again, nothing is there twice."""

import random
import time
from functools import partial

import pytest

from tests.conftest import Scale
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger

PARTITIONS = 6


def reached(url: str, traces: int) -> bool:
    """Whether so many traces are stored."""
    return stored.count(url, "traces") >= traces


@pytest.mark.timeout(900)
def test_kill_9_at_random_moments(on_kafka: Deployment, scale: Scale) -> None:
    """Each valid message is in the store exactly once, each broken one is a dead letter, batches and rows agree."""
    kills, messages = scale(long=20, small=4), scale(long=200_000, small=40_000)
    seed = time.time_ns()
    moments = random.Random(seed)
    on_kafka.create_topics(partitions=PARTITIONS)
    ledger = Ledger(on_kafka, seed)
    ledger.send(messages)
    for kill in range(kills):
        # Every second successor joins a group of its own: else it waits 10 s until the group misses the dead member.
        group = on_kafka.group if kill % 2 == 0 and scale.is_long else f"{on_kafka.group}-{kill}"
        ingest = on_kafka.start(consumer_group=group, batch_max_messages=moments.choice([200, 1000, 5000]))
        # A little under the share of new traces among the messages.
        goal = round(0.9 * (messages * kill // kills + moments.randrange(messages // kills)))
        ingest.wait_until(partial(reached, on_kafka.url, goal), f"{goal} traces")
        time.sleep(moments.uniform(0, 0.3))
        ingest.kill()
    on_kafka.start(consumer_group=f"{on_kafka.group}-last")
    ledger.wait_stored(within_s=120)
    figures = ledger.audit()
    print(f"seed {seed}, {kills} kills: {figures}")  # noqa: T201 - the figures belong into the test's report
