"""A batch may be begun while another is being finished, and wait; whatever becomes of it, nothing is stored twice."""

import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from ingest.storing import Storing
from store.batches import BegunBatch
from store.errors import OffsetsMoved, StoreAway
from store.received import Batch, Counts, Span
from tests.builders import NOON, trace
from tests.store.conftest import OpenSessions
from tests.store.feed import TRACES_0, Feed, execute, one, received, rows
from tests.store.gate import until

_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE state = 'idle in transaction' AND datname = current_database()"
)


def batch(first: int, *contents: object) -> Batch:
    """Messages of one partition from an offset on."""
    messages = [received(TRACES_0, first + number, content) for number, content in enumerate(contents)]  # type: ignore[arg-type]
    return Batch(messages, {TRACES_0: Span(first, first + len(contents))})


def count_traces(feed: Feed) -> int:
    """What is stored."""
    return int(one(feed.sessions, "SELECT count(*) FROM traces"))


def wait_too_long(feed: Feed, begun: BegunBatch) -> None:
    """PostgreSQL ends a session that is idle in its transaction after five seconds; here it does so at once."""
    assert rows(feed.sessions, _END) == [(True,)]
    until(lambda: one(feed.sessions, _OPEN) == 0)
    begun.idle_since -= 5.0


def drop_day(feed: Feed, _: BegunBatch) -> None:
    """The day of all traces here is there no more."""
    for table in ("traces", "attempts"):
        execute(feed.sessions, f"DROP TABLE {table}_{NOON:%Y%m%d}")


def refuse_one(feed: Feed, begun: BegunBatch) -> None:
    """PostgreSQL takes all of its traces but one: it is stored in halves."""
    refused = begun.batch.messages[0].offset
    execute(feed.sessions, f'ALTER TABLE traces ADD CONSTRAINT picky CHECK ("offset" <> {refused})')


def test_two_in_order(feed: Feed) -> None:
    """Both are begun before either is stored."""
    feed.place(TRACES_0)
    first, second = (feed.store.begin(batch(at, trace())) for at in (0, 1))
    assert count_traces(feed) == 0
    assert feed.store.finish(first).counts == {TRACES_0: Counts(stored=1)}
    assert feed.store.finish(second).counts == {TRACES_0: Counts(stored=1)}
    assert count_traces(feed) == 2


def test_the_second_does_not_overtake(feed: Feed) -> None:
    """Its beginning is the first one's end, which is not there yet."""
    feed.place(TRACES_0)
    first, second = (feed.store.begin(batch(at, trace())) for at in (0, 1))
    with pytest.raises(OffsetsMoved):
        feed.store.finish(second)
    assert feed.store.finish(first).counts == {TRACES_0: Counts(stored=1)}
    assert count_traces(feed) == 1


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=1)], ids=["same-start", "restamped"])
def test_the_same_trace_in_both(feed: Feed, later: timedelta) -> None:
    """The second was begun when the first one's was nowhere: it is found when it is stored."""
    feed.place(TRACES_0)
    once = trace()
    again = once.model_copy(update={"started_at": once.started_at + later})
    first, second = (feed.store.begin(batch(at, content)) for at, content in enumerate((once, again)))
    feed.store.finish(first)
    assert feed.store.finish(second).counts == {TRACES_0: Counts(duplicate=1, restamped=int(bool(later)))}
    assert count_traces(feed) == 1


def test_its_day_goes_meanwhile(feed: Feed) -> None:
    """Retention dropped it: it is made again, and nobody else has to know."""
    feed.place(TRACES_0)
    begun = feed.store.begin(batch(0, trace()))
    drop_day(feed, begun)
    assert feed.store.finish(begun).counts == {TRACES_0: Counts(stored=1)}


def test_abandoned(feed: Feed) -> None:
    """Nothing is stored, no transaction stays open, and the same messages can be stored by others."""
    feed.place(TRACES_0)
    begun = feed.store.begin(batch(0, trace()))
    assert one(feed.sessions, _OPEN) == 1
    begun.abandon()
    until(lambda: one(feed.sessions, _OPEN) == 0)
    assert count_traces(feed) == 0
    assert feed.store.store(batch(0, trace())).counts == {TRACES_0: Counts(stored=1)}


def test_abandoned_twice_or_with_nothing_in_it(feed: Feed) -> None:
    """The way out of any trouble may be taken more than once."""
    begun = feed.store.begin(batch(0, trace()))
    begun.abandon()
    begun.abandon()
    feed.store.begin(Batch([], {})).abandon()


def test_its_session_ended_before_it_is_abandoned(feed: Feed) -> None:
    """There is nothing to do, and no error to tell of."""
    begun = feed.store.begin(batch(0, trace()))
    wait_too_long(feed, begun)
    begun.abandon()
    assert one(feed.sessions, _OPEN) == 0


def test_waits_longer_than_a_session_may_be_idle(feed: Feed) -> None:
    """The one before it took its time: it is begun anew, not read again."""
    feed.place(TRACES_0)
    begun = feed.store.begin(batch(0, trace()))
    wait_too_long(feed, begun)
    assert feed.store.finish(begun).counts == {TRACES_0: Counts(stored=1)}
    assert count_traces(feed) == 1


@pytest.mark.usefixtures("uncollected")
def test_what_cannot_be_stored_is_freed_at_once(feed: Feed, open_sessions: OpenSessions) -> None:
    """Ingest reads the same messages again, and must not hold them twice until cycles are collected."""
    feed.place(TRACES_0)
    storing = Storing(feed.store.finish)
    begun = feed.store.begin(batch(0, trace()))
    gone = weakref.ref(begun)
    rows(open_sessions(), _END)
    storing.hand_over(begun)
    del begun
    with suppress(StoreAway):
        storing.settled(30.0)
    assert gone() is None


def test_the_time_is_that_of_the_commit(feed: Feed) -> None:
    """Not of the beginning: who asks what came since would miss it."""
    feed.place(TRACES_0)
    begun = feed.store.begin(batch(0, trace()))
    between = one(feed.sessions, "SELECT clock_timestamp()")
    feed.store.finish(begun)
    assert one(feed.sessions, "SELECT committed_at FROM ingest_batches") > between


def test_numbers_rise_with_offsets(feed: Feed, open_sessions: OpenSessions) -> None:
    """Another consumer stored the batch before the one that waits: a cursor on the partition misses nothing."""
    feed.place(TRACES_0)
    waits = feed.store.begin(batch(1, trace()))
    Feed(open_sessions()).store.store(batch(0, trace()))
    feed.store.finish(waits)
    found = rows(feed.sessions, 'SELECT id FROM ingest_batches ORDER BY "first"')
    assert found == sorted(found)
    assert rows(feed.sessions, 'SELECT batch_id FROM traces ORDER BY "offset"') == found


@pytest.mark.parametrize("trouble", [wait_too_long, drop_day, refuse_one])
def test_numbers_rise_where_a_batch_is_begun_anew(
    feed: Feed, trouble: Callable[[Feed, BegunBatch], None], open_sessions: OpenSessions
) -> None:
    """The next one was begun before that, and is stored behind it all the same."""
    feed.place(TRACES_0)
    first = feed.store.begin(batch(0, trace(), trace(), trace()))
    trouble(Feed(open_sessions()), first)
    second = feed.store.begin(batch(3, trace()))
    feed.store.finish(first)
    feed.store.finish(second)
    found = rows(feed.sessions, 'SELECT id FROM ingest_batches ORDER BY "first"')
    assert found == sorted(found)
    assert one(feed.sessions, "SELECT sum(stored + dead) FROM ingest_batches") == 4
    misplaced = """
        SELECT count(*) FROM traces JOIN ingest_batches b ON b.id = batch_id
        WHERE "offset" < b."first" OR "offset" >= b."next"
    """
    assert one(feed.sessions, misplaced) == 0
