"""Producers commit and abort transactions at random while members are killed: only what was committed is stored."""

import random
import threading
import time
from typing import Any

import pytest

from tests.conftest import Scale
from tests.faults.report import tell
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import PATIENT, Ledger

_PRODUCERS = 2


class Transactions:
    """One producer: transactions of a few messages, half of them aborted."""

    def __init__(self, deployment: Deployment, ledger: Ledger, name: str, seed: int) -> None:
        self._deployment = deployment
        self._ledger = ledger
        self._name = name
        self._random = random.Random(seed)
        self.committed = self.aborted = 0

    def run(self, done: threading.Event) -> None:
        """Until told to end."""
        with self._deployment.producer(**PATIENT, transactional_id=f"{self._deployment.prefix}{self._name}") as client:
            client.init_transactions()
            while not done.is_set():
                self._one(client)

    def _one(self, client: Any) -> None:
        client.begin_transaction()
        made = self._ledger.make(self._random.randrange(1, 60))
        places = self._ledger.delivered(client, made)
        if self._random.random() < 0.5:
            client.commit_transaction()
            self._ledger.note(places, made)
            self.committed += 1
        else:
            client.abort_transaction()
            self.aborted += 1


@pytest.mark.timeout(600)
def test_committed_and_aborted_under_load(on_kafka: Deployment, scale: Scale) -> None:
    """Two transactional producers and a plain one; a member is killed now and then. No lag is left, and no gap."""
    on_kafka.create_topics(partitions=2)
    # Several threads make messages: each has a ledger of its own.
    plain, *theirs = (Ledger(on_kafka, seed) for seed in range(1, 2 + _PRODUCERS))
    producers = [Transactions(on_kafka, ledger, f"tx-{number}", number) for number, ledger in enumerate(theirs)]
    done = threading.Event()
    threads = [threading.Thread(target=producer.run, args=(done,)) for producer in producers]
    ingest = on_kafka.reading()
    kills = 0
    until = time.monotonic() + scale(long=120, small=4)
    for thread in threads:
        thread.start()
    try:
        with plain.under_load():
            while time.monotonic() < until:
                time.sleep(2)
                ingest.kill()
                kills += 1
                # Of another group: it need not wait until Kafka misses the dead one.
                ingest = on_kafka.reading(consumer_group=f"{on_kafka.group}-{kills}")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    for ledger in theirs:
        plain.take_in(ledger)
    plain.wait_stored()
    ends = {(on_kafka.traces, number): on_kafka.end_of(on_kafka.traces, number) for number in (0, 1)}
    ingest.wait_until(lambda: ends.items() <= stored.next_offsets(on_kafka.url).items(), "behind the last marker")
    labels = {"partition": "0", "topic": on_kafka.traces}
    ingest.wait_until(lambda: ingest.metric("pointsman_ingest_lag_messages", **labels) == 0, "no lag")
    committed, aborted = (sum(getattr(one, name) for one in producers) for name in ("committed", "aborted"))
    assert min(committed, aborted) > 0
    tell("transactions", plain.audit(), committed=committed, aborted=aborted, kills=kills)
