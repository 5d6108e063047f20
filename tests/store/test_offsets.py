"""How far each partition is stored moves by compare-and-set alone, and whatever is skipped is written down."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from store.errors import OffsetsMoved
from store.ingest_store import IngestStore
from store.offsets import (
    all_offsets,
    begin_partition,
    forget_incarnations,
    newest_gaps,
    reset_partition,
    stored_offsets,
)
from store.received import Counts, Source, Span
from store.sessions import Sessions
from tests.audit import audit
from tests.builders import NOON, trace
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, partition, rows, unreadable


@pytest.fixture
def store(feed: Feed, sessions: Sessions) -> IngestStore:
    """The store as a consumer sees it."""
    return IngestStore(sessions, feed.store, feed.days)


def known(store: IngestStore, cluster: str = "cluster-1") -> list[tuple[Source, int]]:
    """What the store tells of the traces' topic."""
    return [(one.source, one.next_offset) for one in store.known(cluster, [TRACES_0.topic])]


def test_the_first_beginning_stands(store: IngestStore) -> None:
    """Two consumers begin the same partition: the offset of the first one counts."""
    store.begin(TRACES_0, 5)
    store.begin(TRACES_0, 9)
    assert known(store) == [(TRACES_0, 5)]


def test_partitions_are_told_apart(store: IngestStore) -> None:
    """By cluster, incarnation of the topic, and number; other topics and clusters are not told."""
    incarnation = TRACES_0._replace(topic_id=uuid4())
    other = TRACES_0._replace(cluster_id="cluster-2")
    for first, source in enumerate((TRACES_0, partition(1), incarnation, other, OUTCOMES_0)):
        store.begin(source, first)
    assert sorted(known(store)) == sorted([(TRACES_0, 0), (partition(1), 1), (incarnation, 2)])
    assert known(store, "cluster-2") == [(other, 3)]
    assert known(store, "cluster-3") == []


def test_a_gap_is_written_down_with_the_jump(store: IngestStore, feed: Feed, sessions: Sessions) -> None:
    """Kafka deleted messages unread: one row, and the partition goes on behind them."""
    kept = [trace(), trace()]
    feed.send(kept[0])
    store.jump(TRACES_0, Span(1, 50))
    with pytest.raises(OffsetsMoved, match="read from 1, stored up to 50"):
        store.jump(TRACES_0, Span(1, 60))
    feed.place(TRACES_0)
    feed.send(kept[1])
    with sessions.read() as db:
        ((topic, number, *span, reason, _),) = newest_gaps(db, limit=5)
        assert [(one.source, one.next_offset) for one in all_offsets(db)] == [(TRACES_0, 51)]
    assert (topic, number, span, reason) == (TRACES_0.topic, 0, [1, 50], "deleted")
    assert audit(sessions, attempts={one.trace_id: 1 for one in kept}, messages=2).gaps == 1


def test_a_jump_that_fails_leaves_no_gap(store: IngestStore, sessions: Sessions) -> None:
    """The row and the offset come together or not at all."""
    with pytest.raises(OffsetsMoved):
        store.jump(TRACES_0, Span(0, 50))
    with sessions.read() as db:
        assert newest_gaps(db, limit=5) == []


def test_an_operator_moves_a_partition(feed: Feed, sessions: Sessions) -> None:
    """Forward leaves a gap, back leaves none."""
    feed.send(trace(), trace())
    for to, stood in ((10, 2), (4, 10), (4, 4)):
        with sessions.write() as db:
            assert reset_partition(db, TRACES_0, 0, to) == stood
    with sessions.read() as db:
        assert [(gap.first, gap.next, gap.reason) for gap in newest_gaps(db, limit=5)] == [(2, 10, "reset")]
        assert {one.source: one.next_offset for one in all_offsets(db)} == {TRACES_0: 4}


def test_an_operator_moves_a_partition_that_was_never_read(sessions: Sessions) -> None:
    """What Kafka has before the offset is skipped too, and a gap; one of a new incarnation was never read either."""
    again = TRACES_0._replace(topic_id=uuid4())
    for source, begin, to in ((TRACES_0, 3, 7), (again, 0, 2), (partition(1), 5, 5)):
        with sessions.write() as db:
            assert reset_partition(db, source, begin, to) == begin
    with sessions.read() as db:
        gaps = [(gap.partition, gap.first, gap.next, gap.reason) for gap in newest_gaps(db, limit=5)]
        assert gaps == [(0, 0, 2, "reset"), (0, 3, 7, "reset")]
        assert {one.source: one.next_offset for one in all_offsets(db)} == {TRACES_0: 7, again: 2, partition(1): 5}


def test_a_reset_waits_for_who_begins(store: IngestStore, sessions: Sessions) -> None:
    """A partition that ingest begins in the same moment is moved from there, and nobody moves it before the reset is
    done.
    """
    with ThreadPoolExecutor(2) as threads:
        with sessions.write() as db:
            begin_partition(db, TRACES_0, 5)
            reset = threads.submit(_reset, sessions, TRACES_0, 3, 9)
            with pytest.raises(TimeoutError):
                reset.result(0.5)
        assert reset.result(10) == 5
        with sessions.write() as db:
            assert reset_partition(db, TRACES_0, 3, 20) == 9
            jump = threads.submit(store.jump, TRACES_0, Span(9, 12))
            with pytest.raises(TimeoutError):
                jump.result(0.5)
        with pytest.raises(OffsetsMoved, match="read from 9, stored up to 20"):
            jump.result(10)
    with sessions.read() as db:
        assert [(gap.first, gap.next) for gap in newest_gaps(db, limit=5)] == [(9, 20), (5, 9)]


def _reset(sessions: Sessions, source: Source, begin: int, to: int) -> int:
    with sessions.write() as db:
        return reset_partition(db, source, begin, to)


def test_earlier_incarnations_are_forgotten(feed: Feed, sessions: Sessions) -> None:
    """The topic was made anew: its old offsets go on an operator's word, what was stored from them stays."""
    again = TRACES_0._replace(topic_id=uuid4())
    first = trace()
    feed.send(first)
    feed.send(trace(), first, to=again)
    with sessions.write() as db:
        gone = forget_incarnations(db, "cluster-1", TRACES_0.topic, again.topic_id)
    assert [tuple(one) for one in gone] == [(TRACES_0, 1)]
    with sessions.read() as db:
        assert [one.source for one in stored_offsets(db, "cluster-1", [TRACES_0.topic])] == [again]
    assert len(rows(sessions, "SELECT 1 FROM traces")) == 2


def test_a_batch_tells_its_bounds(feed: Feed, sessions: Sessions) -> None:
    """First and last start of what was stored, first and last time of the broker: an incremental job reads by them."""
    starts = [NOON.replace(hour=hour) for hour in (9, 3, 15)]
    duplicate = trace(started_at=NOON.replace(hour=1))
    feed.send(duplicate)
    batch = feed.batch({TRACES_0: [*(trace(started_at=start) for start in starts), duplicate, unreadable()]})
    feed.send_batch(batch)
    times = [message.broker_time for message in batch.messages]
    columns = "stored, duplicate, dead, min_started_at, max_started_at, min_broker_time, max_broker_time"
    *_, last = rows(sessions, f"SELECT {columns} FROM ingest_batches ORDER BY id")
    assert last == (3, 1, 1, NOON.replace(hour=3), NOON.replace(hour=15), min(times), max(times))


def test_a_number_for_each_partition(feed: Feed, sessions: Sessions) -> None:
    """Rows carry the number of their partition's part of the batch, and numbers rise from batch to batch."""
    for _ in range(3):
        counts = feed.send_batch(
            feed.batch({partition(number): [trace()] * 2 + [trace()] for number in range(3)})
        ).counts
        assert set(counts.values()) == {Counts(stored=2, duplicate=1)}
    found = rows(
        sessions,
        'SELECT b.partition, b.first, b.next, t."offset" FROM traces t JOIN ingest_batches b ON b.id = t.batch_id'
        " ORDER BY b.id, 4",
    )
    assert found == [(n, 3 * turn, 3 * turn + 3, 3 * turn + at) for turn in range(3) for n in range(3) for at in (0, 2)]


def test_what_ingest_asks_beside(store: IngestStore, feed: Feed) -> None:
    """How many days are ready, and how much room dead letters take."""
    assert store.days_ahead() == 0
    feed.days.maintain()
    assert store.days_ahead() == 7
    before = store.letters_bytes()
    feed.send(*(unreadable() for _ in range(200)))
    assert store.letters_bytes() > before


def test_the_cluster_that_moved_last_comes_first(store: IngestStore, feed: Feed, sessions: Sessions) -> None:
    """An embedded broker has another id at each start, and what the ones before it held is gone."""
    gone = TRACES_0._replace(cluster_id="a-gone")
    now = [partition(1), partition(0)]
    for source in (gone, *now):
        store.begin(source, 0)
    feed.send(trace())
    with sessions.read() as db:
        listed = all_offsets(db)
    assert [one.source for one in listed] == [partition(0), partition(1), gone]
    assert listed[0].moved_at > listed[1].moved_at > listed[2].moved_at
