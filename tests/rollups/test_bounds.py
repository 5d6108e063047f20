"""What a tick does at its limits: nothing to read, too much at once, the largest numbers, the oldest minutes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import MAX_ATTEMPTS, MAX_INTEGER
from pointsman_contract.trace import Trace
from store.received import Batch, Span
from store.rollups.cursors import oldest_unread
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, heartbeat, outcome, trace
from tests.rollups.shapes import DAY, MICROSECOND, MIDNIGHT
from tests.rollups.telling import Telling, add_empty_batches, audit_rollups, stored_tables
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, TRACES_0, Feed, one, partition, rows

_TABLES = [f"{family}_rollups_{level}" for family in ("request", "attempt") for level in ("minute", "hour", "day")]
_PLACES = "SELECT topic_id, partition, batch_id, xmin::text, ctid::text FROM cursors ORDER BY 1, 2"
_MOST_USD = Decimal(1_000_000_000)
_COSTS = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")


def _counted(sessions: Sessions) -> int:
    return int(one(sessions, "SELECT coalesce(sum(requests), 0) FROM request_rollups_day"))


def test_minutes_are_kept_for_fourteen_days(feed: Feed, sessions: Sessions) -> None:
    """The first moment of the day fourteen days ago has minutes, the moment before has hours and days alone."""
    first = MIDNIGHT - 12 * DAY
    feed.send(trace(started_at=first), trace(started_at=first - MICROSECOND), trace(started_at=first - 60 * DAY))
    tick(sessions)
    found = {table: [row[0] for row in rows(sessions, f"SELECT bucket FROM {table} ORDER BY 1")] for table in _TABLES}
    for family in ("request", "attempt"):
        assert found[f"{family}_rollups_minute"] == [first]
        assert found[f"{family}_rollups_hour"] == [first - 60 * DAY, first - timedelta(hours=1), first]
        assert found[f"{family}_rollups_day"] == [first - 60 * DAY, first - DAY, first]


def test_a_late_outcome_of_an_old_minute(sessions: Sessions) -> None:
    """It changes hours and days, and makes no row of a minute that is not kept."""
    telling, old = Telling(sessions), trace(started_at=MIDNIGHT - 20 * DAY)
    telling.send({TRACES_0: [old]})
    tick(sessions)
    telling.send({OUTCOMES_0: [outcome(trace_id=old.trace_id)]})
    tick(sessions)
    assert rows(sessions, "SELECT requests, succeeded FROM request_rollups_hour") == [(1, 1)]
    assert one(sessions, "SELECT count(*) FROM request_rollups_minute") == 0
    audit_rollups(sessions, telling.expected())


def _largest_attempt(**overrides: Any) -> Attempt:
    return attempt(
        **dict.fromkeys(("input_tokens", "output_tokens", "input_chars", "output_chars"), MAX_INTEGER),
        **dict.fromkeys(("tool_calls", "tool_calls_ok", "citations", "citations_supported"), MAX_INTEGER),
        **dict.fromkeys(_COSTS, _MOST_USD),
        **{"ttft_s": 0.0, "duration_s": 1e9, "streamed": True, "cache_read_tokens": MAX_INTEGER} | overrides,
    )


def _largest_trace() -> Trace:
    middle = [_largest_attempt(), _largest_attempt(role="escalation"), _largest_attempt(reasoning_tokens=MAX_INTEGER)]
    return trace(
        started_at=MIDNIGHT,
        policy_epoch=MAX_INTEGER,
        attempts=(*(middle * 21)[: MAX_ATTEMPTS - 1], _largest_attempt()),
        **dict.fromkeys(("duration_s", "routing_s", "human_review_s"), 1e9),
        **dict.fromkeys(("routing_cost_usd", "retrieval_cost_usd", "human_cost_usd"), _MOST_USD),
    )


def test_the_largest_numbers_many_times(sessions: Sessions) -> None:
    """No message that the contract accepts makes a sum, a square or a count that cannot be stored, nor takes one
    back.
    """
    telling = Telling(sessions)
    traces = [_largest_trace() for _ in range(30)]
    telling.send({TRACES_0: traces})
    assert tick(sessions).messages == len(traces)
    told = [
        outcome(trace_id=one_trace.trace_id, human_review_s=1e9, human_cost_usd=_MOST_USD, outcome=verdict)
        for one_trace in traces
        for verdict in ("success", "failure")
    ]
    telling.send({OUTCOMES_0: told})
    tick(sessions)
    audit_rollups(sessions, telling.expected())


@pytest.mark.parametrize("away", [-300 * DAY, -40 * DAY, DAY])
def test_a_batch_with_a_start_far_away(sessions: Sessions, away: timedelta) -> None:
    """One trace of another time costs its batch nothing but its day."""
    telling = Telling(sessions)
    telling.send({TRACES_0: [trace(started_at=MIDNIGHT), trace(started_at=MIDNIGHT + away)]})
    tick(sessions)
    assert _counted(sessions) == 2
    audit_rollups(sessions, telling.expected())


def test_batches_that_hold_nothing(feed: Feed, sessions: Sessions) -> None:
    """Offsets without messages, and messages that were stored before, move the cursor and no sum."""
    first = trace(started_at=MIDNIGHT)
    feed.send(first)
    tick(sessions)
    before = stored_tables(sessions)
    feed.send_batch(Batch([], {TRACES_0: Span(1, 9), OUTCOMES_0: Span(feed.place(OUTCOMES_0), 5)}))
    feed.send(first, first.model_copy(update={"started_at": MIDNIGHT + timedelta(hours=3)}))
    ticked = tick(sessions)
    assert (ticked.batches, ticked.messages, ticked.more) == (0, 0, False)
    assert stored_tables(sessions) == before
    ends = "SELECT topic_id, partition, max(id) FROM ingest_batches GROUP BY 1, 2 ORDER BY 1, 2"
    assert rows(sessions, "SELECT topic_id, partition, batch_id FROM cursors ORDER BY 1, 2") == rows(sessions, ends)
    with sessions.read() as db:
        assert oldest_unread(db).batch_id is None


def test_outcomes_without_a_trace(sessions: Sessions) -> None:
    """Verdicts on what nobody has told of are nothing, also as the first that is ever read; their trace, once it comes,
    finds them.
    """
    telling, late = Telling(sessions), trace(started_at=MIDNIGHT)
    telling.send({OUTCOMES_0: [outcome(trace_id=late.trace_id), outcome(), outcome(trace_started_at=MIDNIGHT)]})
    assert tick(sessions).messages == 3
    assert stored_tables(sessions) == {}
    telling.send({OUTCOMES_0: [outcome()]})
    tick(sessions)
    telling.send({TRACES_0: [late]})
    tick(sessions)
    assert rows(sessions, "SELECT requests, succeeded FROM request_rollups_day") == [(1, 1)]
    audit_rollups(sessions, telling.expected())


def test_nothing_to_do_writes_nothing(feed: Feed, sessions: Sessions) -> None:
    """A tick without news leaves every row where it is: a store that rests does not grow."""
    feed.send(trace(started_at=MIDNIGHT))
    tick(sessions)
    before = rows(sessions, _PLACES)
    feed.send(heartbeat(), to=HEARTBEATS_0)
    for _ in range(3):
        ticked = tick(sessions)
        assert (ticked.batches, ticked.messages, ticked.more, ticked.fresh_until) == (0, 0, False, None)
    assert rows(sessions, _PLACES) == before


def test_nothing_at_all(sessions: Sessions) -> None:
    """An empty store is no error."""
    assert tick(sessions).batches == 0
    assert rows(sessions, _PLACES) == []


def test_a_batch_is_never_cut(feed: Feed, sessions: Sessions) -> None:
    """A tick that may take less than a batch holds takes exactly this one; `most` counts whole batches else."""
    for size in (5, 1, 2, 4):
        feed.send(*(trace(started_at=MIDNIGHT) for _ in range(size)))
    taken = []
    for most in (1, 3, 3):
        ticked = tick(sessions, most=most)
        taken.append((ticked.batches, ticked.messages, ticked.more))
    assert taken == [(1, 5, True), (2, 3, True), (1, 4, False)]
    assert _counted(sessions) == 12


def test_more_batches_than_a_tick_looks_at(feed: Feed, sessions: Sessions) -> None:
    """Thousands of batches that hold nothing are read in a few ticks, and what lies behind them is found."""
    feed.send(trace(started_at=MIDNIGHT))
    add_empty_batches(sessions, 12_000)
    feed.send(trace(started_at=MIDNIGHT), to=partition(1))
    ticks = 1
    while tick(sessions).more:
        ticks += 1
    assert ticks <= 4
    assert _counted(sessions) == 2


def test_an_id_that_comes_again(sessions: Sessions) -> None:
    """Two traces of one id, more than a day apart: an outcome that tells a start is for the near one, else for both."""
    telling, trace_id = Telling(sessions), uuid4()
    starts = (MIDNIGHT - 9 * DAY, MIDNIGHT)
    telling.send({TRACES_0: [trace(trace_id=trace_id, started_at=start) for start in starts]})
    tick(sessions)
    telling.send({OUTCOMES_0: [outcome(trace_id=trace_id, trace_started_at=starts[0] + DAY)]})
    tick(sessions)
    succeeded = "SELECT succeeded, failed FROM request_rollups_day ORDER BY bucket"
    assert rows(sessions, succeeded) == [(1, 0), (0, 0)]
    far = outcome(trace_id=trace_id, trace_started_at=starts[0] + DAY + MICROSECOND, outcome="failure")
    telling.send({OUTCOMES_0: [far, outcome(trace_id=UUID(int=0))]})
    tick(sessions)
    assert rows(sessions, succeeded) == [(1, 0), (0, 0)]
    telling.send({OUTCOMES_0: [outcome(trace_id=trace_id, outcome="failure", observed_at=MIDNIGHT + 2 * DAY)]})
    tick(sessions)
    assert rows(sessions, succeeded) == [(0, 1), (0, 1)]
    audit_rollups(sessions, telling.expected())
