"""Two batches on their way: the second begins while the first is finished, and waits for what becomes of it."""

import threading
from collections.abc import Iterator
from typing import cast
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from ingest.assignment import Assignment
from ingest.broker import AskedTopics, GroupConsumer
from ingest.errors import BrokerUnreachable, IngestStopped
from ingest.handover import Handover
from ingest.health import Condition
from ingest.metrics import IngestMetrics
from ingest.partitions import Partition
from ingest.pending import BatchLimits, PendingBatch
from store.batches import BegunBatch
from store.errors import OffsetsMoved, StoreAway
from store.ingest_store import IngestStore
from store.received import Batch, Counts, StoredBatch
from tests.ingest.arrived import OTHER_TOPIC_ID, TOPIC_ID, read, source

WAIT_S = 10.0
SOURCE = source()
AT = Partition(SOURCE.topic, SOURCE.partition)


class Begun(BegunBatch):
    """Notes that it was abandoned."""

    abandoned = False

    def abandon(self) -> None:
        """Once is enough to know."""
        self.abandoned = True


class Database:
    """Keeps what it is told to finish, when it is let."""

    def __init__(self) -> None:
        self.begun: list[Begun] = []
        self.finished: list[int] = []
        self.fails: Iterator[Exception | None] = iter(())
        self.goes_on = threading.Event()
        self.goes_on.set()

    def begin_batch(self, batch: Batch) -> BegunBatch:
        """As fast as can be."""
        self.begun.append(Begun(batch))
        return self.begun[-1]

    def finish_batch(self, begun: BegunBatch) -> StoredBatch:
        """What is to happen next."""
        assert self.goes_on.wait(WAIT_S)
        if failure := next(self.fails, None):
            raise failure
        self.finished.append(begun.batch.spans[SOURCE].next)
        return StoredBatch({SOURCE: Counts(stored=len(begun.batch.messages))})


class Broker:
    """Answers questions for topics, or does not."""

    def __init__(self) -> None:
        self.is_now: UUID = TOPIC_ID
        self.silent = 0
        self.asked: list[AskedTopics | None] = []

    def ask_topics(self) -> AskedTopics:
        """The answer is always the same."""
        return AskedTopics("question")

    def refresh_topics(self, _: float, asked: AskedTopics | None = None) -> None:
        """Silent, or well."""
        self.asked.append(asked)
        if self.silent:
            self.silent -= 1
            raise BrokerUnreachable("broker:9092", why="silent")

    def topic_id(self, _: str) -> UUID:
        """What the broker last said."""
        return self.is_now

    def note_progress(self, _: object) -> None:
        """Nobody looks."""


class Way:
    """A handover with its surroundings."""

    def __init__(self) -> None:
        self.database, self.broker = Database(), Broker()
        self.consumer = cast("GroupConsumer", self.broker)
        store = cast("IngestStore", self.database)
        self.pending = PendingBatch(BatchLimits())
        self.pending.begin(SOURCE, 0)
        metrics = IngestMetrics(CollectorRegistry())
        assignment = Assignment(store, [SOURCE.topic], self.pending, metrics)
        assignment.placed[AT] = SOURCE
        self.stopping = threading.Event()
        self.handover = Handover(store, self.pending, assignment, Condition(), metrics, self.stopping)
        self._read = 0

    def read_on(self) -> None:
        """One more message."""
        self.pending.add([read(SOURCE, offset=self._read)])
        self._read += 1
        self.pending.reach(SOURCE, self._read, now=0.0)

    def begin(self) -> None:
        """One more message, in a batch of its own."""
        self.read_on()
        self.handover.begin(self.consumer)

    def under_way(self) -> tuple[bool, bool]:
        """Whether anything is, and whether something waits besides."""
        return self.handover.under_way, self.handover.is_full

    def settle(self, timeout_s: float = WAIT_S) -> StoredBatch | None:
        """What became of the first batch under way."""
        return self.handover.settle(self.consumer, timeout_s)


@pytest.fixture
def way() -> Way:
    """With a database that holds everything back."""
    made = Way()
    made.database.goes_on.clear()
    return made


def test_the_second_waits_for_the_first(way: Way) -> None:
    """And is finished by itself once the first is settled."""
    way.begin()
    assert way.under_way() == (True, False)
    way.begin()
    assert way.under_way() == (True, True)
    assert way.settle(0.0) is None
    way.database.goes_on.set()
    assert way.settle() is not None
    assert way.under_way() == (True, False)
    assert way.settle() is not None
    assert way.under_way() == (False, False)
    assert way.database.finished == [1, 2]
    assert way.handover.progress == {AT: 2}


@pytest.mark.parametrize("failure", [OffsetsMoved("moved"), StoreAway("gone")], ids=type)
def test_the_first_fails(way: Way, failure: Exception) -> None:
    """The second would begin at an end that is not there: it is given up."""
    way.database.fails = iter([failure])
    way.begin()
    way.begin()
    way.database.goes_on.set()
    with pytest.raises(type(failure)):
        way.settle()
    assert way.under_way() == (True, True)
    way.handover.abandon()
    assert way.under_way() == (False, False)
    assert [begun.abandoned for begun in way.database.begun] == [False, True]
    assert way.database.finished == []


def test_the_broker_does_not_answer(way: Way) -> None:
    """It may be another topic by now: the batch is given up, and the one under way is none of that."""
    way.begin()
    way.stopping.set()
    way.broker.silent = 1
    with pytest.raises(BrokerUnreachable):
        way.begin()
    assert [begun.abandoned for begun in way.database.begun] == [False, True]
    assert way.under_way() == (True, False)
    way.database.goes_on.set()
    assert way.settle() is not None


def test_the_topic_was_made_anew(way: Way) -> None:
    """Its messages are not those of the topic that is read."""
    way.broker.is_now = OTHER_TOPIC_ID
    with pytest.raises(IngestStopped, match="re-created"):
        way.begin()
    assert way.database.begun[0].abandoned
    assert way.under_way() == (False, False)


def test_a_slow_answer_is_waited_for(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow broker gets more time, and no second question that would wait behind the first."""
    monkeypatch.setattr("ingest.handover._REFRESH_S", 0.0)
    way.broker.silent = 2
    way.begin()
    assert way.broker.asked == [AskedTopics("question")] * 3


def test_leaving_stores_all_three(way: Way) -> None:
    """What is being finished, what waits, and what was only read."""
    way.begin()
    way.begin()
    way.read_on()
    way.database.goes_on.set()
    way.handover.finish(way.consumer)
    assert way.database.finished == [1, 2, 3]


def test_leaving_gives_up_what_cannot_be_stored(way: Way) -> None:
    """It is in Kafka, and will be read again."""
    way.database.fails = iter([StoreAway("gone")])
    way.begin()
    way.begin()
    way.database.goes_on.set()
    way.handover.finish(way.consumer)
    way.handover.abandon()
    assert way.database.finished == []
    assert way.under_way() == (False, False)
