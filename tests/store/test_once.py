"""A trace is stored once by its id, over starts at most a day apart."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from pointsman_contract.trace import Trace
from store.errors import OffsetsMoved
from store.offsets import reset_partition
from store.received import Counts, Source
from store.sessions import Sessions
from tests.builders import NOON, attempt, heartbeat, outcome, trace
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, TRACES_0, Content, Feed, one, partition, rows, unreadable

MIDNIGHT = NOON.replace(hour=0)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
TENTH = timedelta(seconds=0.1)


def twin(of: Trace, **later: float) -> Trace:
    """The same trace under another start."""
    return of.model_copy(update={"started_at": of.started_at + timedelta(**later)})


def stored(sessions: Sessions, trace_id: UUID) -> list[tuple[object, ...]]:
    """The starts under which a trace is stored."""
    return rows(sessions, "SELECT started_at FROM traces WHERE trace_id = :id ORDER BY 1", id=trace_id)


def test_the_same_batch_twice_is_refused(feed: Feed, sessions: Sessions) -> None:
    """Offsets that were stored are not stored again: OffsetsMoved, and nothing at all has changed."""
    batch = feed.batch({TRACES_0: [trace(), unreadable()]})
    feed.send_batch(batch)
    before = _everything(sessions)
    with pytest.raises(OffsetsMoved, match="read from 0, stored up to 2"):
        feed.store.store(batch)
    assert _everything(sessions) == before


def test_a_partition_that_was_never_begun_is_refused(feed: Feed, sessions: Sessions) -> None:
    """Where the store has no offset there is nothing to compare with."""
    batch = feed.batch({TRACES_0: [trace()]})
    with sessions.write() as db:
        db.exec_driver_sql("DELETE FROM ingest_offsets")
    with pytest.raises(OffsetsMoved, match="stored up to None"):
        feed.store.store(batch)


def test_one_moved_partition_holds_back_the_whole_batch(feed: Feed, sessions: Sessions) -> None:
    """All partitions of a batch move or none."""
    batch = feed.batch({partition(0): [trace()], partition(1): [trace()]})
    feed.send(trace(), to=partition(1))
    with pytest.raises(OffsetsMoved):
        feed.store.store(batch)
    assert one(sessions, "SELECT count(*) FROM traces") == 1
    assert feed.place(partition(0)) == 0


def test_twice_in_one_batch(feed: Feed, sessions: Sessions) -> None:
    """A producer's retry lands in the same batch: one row with its attempts, one duplicate."""
    twice = trace(attempts=(attempt(), attempt(role="judge")))
    assert feed.send(twice, trace(), twice) == Counts(stored=2, duplicate=1)
    assert one(sessions, "SELECT count(*) FROM attempts WHERE trace_id = :id", id=twice.trace_id) == 2


def test_in_a_later_batch(feed: Feed, sessions: Sessions) -> None:
    """What is stored stays as it is: attempts of the second copy are left out too."""
    first = trace(attempts=(attempt(model="first"),))
    feed.send(first)
    again = first.model_copy(update={"attempts": (attempt(model="second"), attempt(model="third"))})
    assert feed.send(again, trace()) == Counts(stored=1, duplicate=1)
    assert rows(sessions, "SELECT model FROM attempts WHERE trace_id = :id", id=first.trace_id) == [("first",)]


def test_in_two_partitions_of_one_batch(feed: Feed) -> None:
    """The copy counts where it was read."""
    twice = trace()
    result = feed.send_batch(feed.batch({partition(0): [twice], partition(1): [twice, trace()]}))
    assert result.counts == {partition(0): Counts(stored=1), partition(1): Counts(stored=1, duplicate=1)}


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize(
    ("start", "later", "expected"),
    [
        pytest.param(MIDNIGHT + DAY - TENTH, 2 * TENTH, Counts(1, 1, 1), id="over midnight"),
        pytest.param(MIDNIGHT + DAY + TENTH, -2 * TENTH, Counts(1, 1, 1), id="back over midnight"),
        pytest.param(NOON, TICK, Counts(1, 1, 1), id="within the day"),
        pytest.param(MIDNIGHT, DAY, Counts(1, 1, 1), id="a day apart, first moments"),
        pytest.param(MIDNIGHT, -DAY, Counts(1, 1, 1), id="a day apart, backwards"),
        pytest.param(MIDNIGHT + DAY - TICK, DAY, Counts(1, 1, 1), id="a day apart, last moments"),
        pytest.param(NOON, DAY + TICK, Counts(2), id="a tick more than a day"),
        pytest.param(NOON, -DAY - TICK, Counts(2), id="a tick more than a day, backwards"),
        pytest.param(MIDNIGHT + DAY - TICK, DAY + TICK, Counts(2), id="over two midnights"),
        pytest.param(NOON, timedelta(days=5), Counts(2), id="days apart"),
    ],
)
def test_another_start(feed: Feed, *, start: object, later: timedelta, expected: Counts, in_one_batch: bool) -> None:
    """A second start at most a day away is a duplicate and counted as restamped; further away it is another trace."""
    first = trace(started_at=start)
    second = first.model_copy(update={"started_at": first.started_at + later})
    if in_one_batch:
        assert feed.send(first, second) == expected
    else:
        assert feed.send(first).plus(feed.send(second)) == expected


@pytest.mark.parametrize("split", [(), (1,), (2,), (1, 2)])
def test_batches_make_no_difference(feed: Feed, sessions: Sessions, split: tuple[int, ...]) -> None:
    """Three starts, each near the one before, the last far from the first: however they are cut into batches, the
    middle one is the duplicate.
    """
    first = trace()
    starts = [first, twin(first, hours=20), twin(first, hours=40)]
    cuts = [0, *split, 3]
    counts = [feed.send(*starts[begin:end]) for begin, end in itertools.pairwise(cuts)]
    assert sum(each.stored for each in counts) == 2
    assert stored(sessions, first.trace_id) == [(starts[0].started_at,), (starts[2].started_at,)]


def test_heartbeats_by_router_boot_and_sequence(feed: Feed, sessions: Sessions) -> None:
    """The same sequence comes again within a batch, in a later one and in another partition; another boot is news."""
    first = heartbeat(sequence=1)
    others = [heartbeat(sequence=2), heartbeat(sequence=1, boot_id="boot-2"), heartbeat(sequence=1, router_id="r")]
    assert feed.send(first, first, *others, to=HEARTBEATS_0) == Counts(stored=4, duplicate=1)
    assert feed.send(first, heartbeat(sequence=3), to=HEARTBEATS_0) == Counts(stored=1, duplicate=1)
    assert feed.send(first, to=HEARTBEATS_0._replace(partition=1)) == Counts(duplicate=1)
    assert one(sessions, "SELECT count(*) FROM heartbeats") == 5


def test_outcomes_by_position(feed: Feed, sessions: Sessions) -> None:
    """The log is the log: two outcomes with one content are two rows."""
    same = outcome(trace_id=uuid4())
    assert feed.send(same, same, to=OUTCOMES_0) == Counts(stored=2)
    assert one(sessions, "SELECT count(*) FROM outcomes") == 2


def test_the_way_back_stores_nothing_twice(feed: Feed, sessions: Sessions) -> None:
    """An operator sends every partition back to its beginning: all that is read again counts as duplicate."""
    messages: dict[Source, Sequence[Content]] = {
        TRACES_0: [trace(), unreadable(), trace()],
        OUTCOMES_0: [outcome(), outcome(), unreadable()],
        HEARTBEATS_0: [heartbeat(sequence=1), heartbeat(sequence=2)],
    }
    batch = feed.batch(messages)
    feed.send_batch(batch)
    tables = ("traces", "attempts", "outcomes", "heartbeats", "dead_letters")
    before = [rows(sessions, f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4") for table in tables]
    for source, contents in messages.items():
        with sessions.write() as db:
            assert reset_partition(db, source, 0, 0) == len(contents)
    again = feed.store.store(batch)
    assert again.counts == {source: Counts(duplicate=len(ones)) for source, ones in messages.items()}
    assert [rows(sessions, f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4") for table in tables] == before


def _everything(sessions: Sessions) -> list[list[tuple[object, ...]]]:
    tables = ("traces", "attempts", "dead_letters", "ingest_offsets", "ingest_batches")
    return [rows(sessions, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]
