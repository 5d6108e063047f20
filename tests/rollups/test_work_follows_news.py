"""What a tick reads depends on what is new, and not on what is stored already."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, event

from pointsman_contract.topics import TRACES
from pointsman_contract.trace import Trace
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.conftest import Scale
from tests.rollups.shapes import DAY, MIDNIGHT
from tests.rollups.telling import add_empty_batches
from tests.store.conftest import OpenSessions
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, execute, partition

_IDS = UUID(int=77)
_MADE_UP = ("model", "tenant", "task_class", "language")
# What this transaction has read of each table and index of ours so far, cached or not.
_READ = (
    "SELECT c.relname, c.relkind, pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_blocks_fetched(c.oid)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
    " AND c.relkind IN ('r', 'i') AND pg_stat_get_xact_blocks_fetched(c.oid) > 0"
)


class Reading:
    """What one tick read: blocks of each table and index, and the tables that were read from end to end."""

    def __init__(self) -> None:
        self.blocks: dict[str, int] = {}
        self.whole: set[str] = set()

    def note(self, db: Connection) -> None:
        """Just before its commit."""
        for name, kind, scans, blocks in db.exec_driver_sql(_READ):
            self.blocks[name] = blocks
            if kind == "r" and scans:
                self.whole.add(name)

    @property
    def whole_raw(self) -> set[str]:
        """Of the tables whose size is that of history."""
        return {name for name in self.whole if name.startswith(("traces_", "attempts_", "outcomes", "ingest_batches"))}

    @property
    def raw_blocks(self) -> int:
        """Blocks of raw rows and their indexes."""
        return sum(blocks for name, blocks in self.blocks.items() if "rollups" not in name)


@contextmanager
def reading() -> Iterator[Reading]:
    """Notes what the transactions of the block read."""
    made = Reading()
    event.listen(Engine, "commit", made.note)
    try:
        yield made
    finally:
        event.remove(Engine, "commit", made.note)


def _trace(number: int, **overrides: Any) -> Trace:
    """One of a history of several days; every third has two attempts, every seventh is a shadow: of one of the first
    few, or of one that comes later.
    """
    start = MIDNIGHT - (number % 3) * DAY + timedelta(seconds=number % 3600)
    calls = (attempt(duration_s=1.0),) * (1 + (number % 3 == 0))
    shadow: dict[str, Any] = {}
    if number % 7 == 0:
        other = number % 3 + 3 * (number % 50) if number % 2 else number + 600
        shadow = {"arm": "shadow", "shadow_of": uuid5(_IDS, str(other))}
    return trace(trace_id=uuid5(_IDS, str(number)), started_at=start, attempts=calls, **shadow | overrides)


def _store(feed: Feed, numbers: Sequence[int], *, size: int) -> None:
    """Traces and an outcome for every second of them, in batches."""
    for begin in range(0, len(numbers), size):
        some = numbers[begin : begin + size]
        sources = TRACES_0, partition(1), partition(0, f"eu.{TRACES}")
        feed.send(*map(_trace, some), to=sources[begin // size % 3])
        feed.send(*(outcome(trace_id=uuid5(_IDS, str(number))) for number in some[::2]), to=OUTCOMES_0)


def _read_by_news(open_sessions: OpenSessions, news: int) -> Reading:
    """Read by a tick of a hundred new traces, and of outcomes for them and for some of the very first ones."""
    feed = Feed(open_sessions())
    _store(feed, range(news, news + 100), size=50)
    ids = [uuid5(_IDS, str(number)) for number in range(1, 100, 10)]
    feed.send(*(outcome(trace_id=trace_id, trace_started_at=MIDNIGHT) for trace_id in ids[:5]), to=OUTCOMES_0)
    feed.send(*(outcome(trace_id=trace_id) for trace_id in ids[5:]), to=OUTCOMES_0)
    # A session counts what it reads from its beginning.
    with reading() as read:
        assert tick(open_sessions()).messages == 160
    return read


def _send_made_up(feed: Feed, numbers: Sequence[int]) -> None:
    traces = []
    for number in numbers:
        names = dict.fromkeys(_MADE_UP, f"made-up-{number}")
        call = attempt(model=names.pop("model"))
        traces.append(trace(started_at=MIDNIGHT, attempts=(call,), **names))
    feed.send(*traces)


def _seconds(sessions: Sessions) -> float:
    """What one tick takes."""
    began = time.monotonic()
    assert not tick(sessions).more
    return time.monotonic() - began


def _catch_up(sessions: Sessions) -> None:
    while tick(sessions).more:
        pass


def test_blocks_read_do_not_grow_with_history(open_sessions: OpenSessions, scale: Scale) -> None:
    """A history forty times as long makes indexes a little deeper, and nothing is read from end to end, with or without
    statistics of the planner.
    """
    sessions, most = open_sessions(), scale(long=40_000, small=10_000)
    _store(Feed(sessions), range(500), size=50)
    _catch_up(sessions)
    short = _read_by_news(open_sessions, 1_000_000)
    _store(Feed(sessions), range(500, most), size=200)
    add_empty_batches(sessions, 4_000)
    _catch_up(sessions)
    unknown = _read_by_news(open_sessions, 2_000_000)
    execute(sessions, "ANALYZE")
    known = _read_by_news(open_sessions, 3_000_000)
    for long in (unknown, known):
        assert not long.whole_raw
        assert long.raw_blocks < 2 * short.raw_blocks, sorted(long.blocks.items(), key=lambda b: -b[1])[:14]


def test_a_flood_takes_as_long_as_it_is(open_sessions: OpenSessions, scale: Scale) -> None:
    """Twice as many messages in one tick take about twice as long, also outcomes of traces that were counted before:
    nothing is compared with everything.
    """
    sessions, few = open_sessions(), scale(long=12_000, small=2_500)
    feed = Feed(sessions)
    took: list[float] = []
    for begin, end in ((0, 500), (500, 500 + few), (500 + few, 500 + 5 * few)):
        _store(feed, range(begin, end), size=500)
        took.append(_seconds(sessions))
        told = [outcome(trace_id=uuid5(_IDS, str(number)), observed_at=MIDNIGHT + DAY) for number in range(begin, end)]
        for first in range(0, len(told), 500):
            feed.send(*told[first : first + 500], to=OUTCOMES_0)
        took.append(_seconds(sessions))
    _, _, traces, told_again, more_traces, more_told_again = took
    assert more_traces < 8 * traces + 0.3, took
    assert more_told_again < 8 * told_again + 0.3, took


def test_names_made_up_cost_a_look_each(open_sessions: OpenSessions, scale: Scale) -> None:
    """Where a day has no place left, each further name is looked up, and not held against all that were admitted."""
    feed, count = Feed(open_sessions()), scale(long=20_000, small=2_000)
    _send_made_up(feed, range(1_000))
    tick(open_sessions())
    _send_made_up(feed, range(1_000, 1_000 + count))
    with reading() as read:
        tick(open_sessions())
    blocks = read.blocks["pk_admitted_values"] + read.blocks["admitted_values"]
    assert blocks < 10 * count * len(_MADE_UP), read.blocks


def test_a_tick_without_news_reads_next_to_nothing(open_sessions: OpenSessions) -> None:
    """Many batches behind the cursors cost a resting store nothing."""
    sessions = open_sessions()
    _store(Feed(sessions), range(2_000), size=10)
    _catch_up(sessions)
    with reading() as read:
        tick(open_sessions())
    assert not read.whole_raw
    assert sum(read.blocks.values()) < 80, read.blocks


def test_many_outcomes_of_one_trace_are_not_read_again(open_sessions: OpenSessions, scale: Scale) -> None:
    """One more word on a trace costs a look at the best one, however many have been said."""
    sessions, many = open_sessions(), scale(long=50_000, small=3_000)
    feed = Feed(sessions)
    feed.send(_trace(1))
    told = {"trace_id": uuid5(_IDS, "1"), "source": "judge", "human_review_s": 1.0}
    for first in range(0, many, 1_000):
        feed.send(*(outcome(**told, observed_at=MIDNIGHT) for _ in range(first, first + 1_000)), to=OUTCOMES_0)
    _catch_up(sessions)
    feed.send(outcome(**told, observed_at=MIDNIGHT - DAY), to=OUTCOMES_0)
    with reading() as read:
        assert tick(open_sessions()).messages == 1
    assert sum(blocks for name, blocks in read.blocks.items() if "outcomes" in name) < 60, sorted(
        read.blocks.items(), key=lambda b: -b[1]
    )[:9]
