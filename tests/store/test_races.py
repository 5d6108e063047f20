"""Several consumers store at the same time: nothing is stored twice, and nobody waits who need not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest

from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.trace import Trace
from store.received import Counts
from store.sessions import Sessions
from tests.builders import NOON, heartbeat, trace
from tests.conftest import Scale
from tests.store.conftest import OpenSessions
from tests.store.feed import HEARTBEATS_0, Feed, one, partition, rows
from tests.store.gate import Gate, at_once, fates, gate, until

MIDNIGHT = NOON.replace(hour=0) + timedelta(days=1)
TENTH = timedelta(seconds=0.1)
BEFORE, AFTER = MIDNIGHT - TENTH, MIDNIGHT + TENTH


@pytest.fixture
def consumers(open_sessions: OpenSessions) -> list[Feed]:
    """Two consumers with connections of their own, who have made the days around midnight and each one partition."""
    feeds = [Feed(open_sessions()), Feed(open_sessions())]
    for number, feed in enumerate(feeds):
        feed.days.ensure([BEFORE.date(), AFTER.date()])
        feed.send(to=partition(number))
    return feeds


@pytest.fixture
def closed_gate(store_url: str, consumers: list[Feed]) -> Iterator[Gate]:
    """A closed gate before everybody's commit."""
    with gate(store_url) as closed:
        yield closed


def store_pair(consumers: list[Feed], first: Trace, second: Trace, barrier: Barrier) -> list[Counts]:
    """Each consumer stores one of these, at the same moment."""

    def store(number: int, one_trace: Trace) -> Counts:
        barrier.wait()
        return consumers[number].send(one_trace, to=partition(number))

    done = at_once(lambda: store(0, first), lambda: store(1, second))
    return [each.result() for each in done]


def test_one_span_has_one_winner(open_sessions: OpenSessions, scale: Scale) -> None:
    """Two consumers with the same messages of the same partition: one stores them, the other is told OffsetsMoved."""
    feeds = [Feed(open_sessions()), Feed(open_sessions())]
    barrier = Barrier(2)
    for _ in range(scale(long=300, small=20)):
        batches = [feed.batch({partition(): [trace(), trace()]}) for feed in feeds]

        def store(number: int) -> None:
            barrier.wait()
            feeds[number].store.store(batches[number])  # noqa: B023 - both threads end within the turn

        assert fates(at_once(lambda: store(0), lambda: store(1))) == ["OffsetsMoved", "well"]
        for feed in feeds:
            feed.place(partition())
    sessions = feeds[0].sessions
    assert one(sessions, "SELECT count(*) FROM traces") == one(sessions, "SELECT max(next) FROM ingest_batches")


def test_one_id_on_both_sides_of_midnight(consumers: list[Feed], scale: Scale) -> None:
    """At the same moment, by two consumers: one row, and the other is counted as restamped."""
    barrier = Barrier(2)
    for _ in range(scale(long=1000, small=40)):
        first = trace(started_at=BEFORE)
        second = first.model_copy(update={"started_at": AFTER})
        counts = store_pair(consumers, first, second, barrier)
        assert sorted(counts) == [Counts(duplicate=1, restamped=1), Counts(stored=1)]
    found = rows(consumers[0].sessions, "SELECT trace_id FROM traces GROUP BY 1 HAVING count(*) > 1")
    assert found == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([BEFORE], [AFTER], id="even and odd"),
        pytest.param([AFTER], [BEFORE], id="odd and even"),
        pytest.param([BEFORE, AFTER], [BEFORE], id="both and even"),
        pytest.param([AFTER], [BEFORE, AFTER], id="odd and both"),
        pytest.param([BEFORE, AFTER], [BEFORE, AFTER], id="both and both"),
    ],
)
def test_neighbouring_days_take_turns(
    consumers: list[Feed], closed_gate: Gate, first: list[datetime], second: list[datetime]
) -> None:
    """While one has inserted and not committed, one that stores into the next day stands before its look-up."""
    twice = uuid4()
    with ThreadPoolExecutor(2) as threads:
        batch = [trace(started_at=start) for start in first]
        batch[0] = batch[0].model_copy(update={"trace_id": twice})
        held = threads.submit(lambda: consumers[0].send(*batch, to=partition(0)))
        until(lambda: closed_gate.waiting() == 1)
        near = trace(trace_id=twice, started_at=second[-1])
        rest = [trace(started_at=start) for start in second[:-1]]
        waiting = threads.submit(lambda: consumers[1].send(*rest, near, to=partition(1)))
        until(lambda: closed_gate.waiting("start_day_parity") == 1)
        closed_gate.open()
        assert held.result().stored == len(first)
        assert waiting.result().duplicate == 1


@pytest.mark.parametrize("start", [BEFORE, AFTER], ids=["even", "odd"])
def test_one_day_is_stored_side_by_side(consumers: list[Feed], closed_gate: Gate, start: datetime) -> None:
    """Transactions of one day do not wait for each other: both stand before their commit at the same time."""
    with ThreadPoolExecutor(2) as threads:
        stored = [
            threads.submit(consumers[number].send, trace(started_at=start), to=partition(number)) for number in (0, 1)
        ]
        until(lambda: closed_gate.waiting() == 2)
        closed_gate.open()
        assert [each.result() for each in stored] == [Counts(stored=1)] * 2


def test_many_ids_in_opposite_order(consumers: list[Feed], scale: Scale) -> None:
    """Two consumers bring the same new traces, one from the other end: each is stored once, and nobody deadlocks."""
    barrier = Barrier(2)
    for _ in range(scale(long=20, small=2)):
        many = [trace(started_at=BEFORE) for _ in range(1000)]

        def store(number: int, contents: list[Trace]) -> Counts:
            barrier.wait()
            return consumers[number].send(*contents, to=partition(number))

        done = at_once(lambda: store(0, many), lambda: store(1, many[::-1]))  # noqa: B023 - ends within the turn
        counts = [each.result() for each in done]
        assert counts[0].plus(counts[1]) == Counts(stored=1000, duplicate=1000)


def test_heartbeats_in_opposite_order(consumers: list[Feed], scale: Scale) -> None:
    """The same for heartbeats that come in two partitions."""
    barrier = Barrier(2)
    for turn in range(scale(long=20, small=2)):
        many = [heartbeat(boot_id=f"boot-{turn}", sequence=number) for number in range(1000)]

        def store(number: int, contents: list[Heartbeat]) -> Counts:
            barrier.wait()
            return consumers[number].send(*contents, to=HEARTBEATS_0._replace(partition=number))

        done = at_once(lambda: store(0, many), lambda: store(1, many[::-1]))  # noqa: B023 - ends within the turn
        counts = [each.result() for each in done]
        assert counts[0].plus(counts[1]) == Counts(stored=1000, duplicate=1000)


def test_more_consumers_than_cores(open_sessions: OpenSessions, sessions: Sessions, scale: Scale) -> None:
    """Eight consumers, three days, every trace sent by two of them: each is stored once."""
    batches, size = scale(long=60, small=4), 25
    feeds = [Feed(open_sessions()) for _ in range(8)]
    starts = [BEFORE - timedelta(days=1), BEFORE, AFTER]
    pairs = [[trace(started_at=starts[n % 3]) for n in range(batches * size)] for _ in range(4)]
    barrier = Barrier(8)

    def store(number: int) -> Counts:
        barrier.wait()
        total = Counts()
        for begin in range(0, batches * size, size):
            part = pairs[number // 2][begin : begin + size]
            total = total.plus(feeds[number].send(*part, to=partition(number)))
        return total

    counts = [each.result() for each in at_once(*(lambda n=n: store(n) for n in range(8)))]
    assert sum(each.stored for each in counts) == sum(each.duplicate for each in counts) == 4 * batches * size
    assert one(sessions, "SELECT count(*) FROM traces") == 4 * batches * size
