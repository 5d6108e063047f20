"""Rollups are compared with the raw rows, and made again from them."""

from datetime import timedelta

from store.rollups.comparing import comparable_days, compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.store.feed import OUTCOMES_0, Feed, execute, rows

DAY = NOON.date()


def test_rollups_of_all_that_was_read_are_the_same(feed: Feed, sessions: Sessions) -> None:
    """What is stored and not yet read is no difference."""
    first = trace(attempts=(attempt(ttft_s=0.2, duration_s=1.0, streamed=True), attempt(role="escalation", model="x")))
    feed.send(first, trace(duration_s=2.5, failure_mode="truncated"))
    feed.send(outcome(trace_id=first.trace_id), to=OUTCOMES_0)
    tick(sessions)
    feed.send(trace())
    compared = compare_day(sessions, DAY)
    assert (compared.different, compared.first) == (0, [])
    assert compared.rows > 20
    assert list(comparable_days(sessions).days) == [DAY]


def test_a_changed_sum_is_named_and_mended(feed: Feed, sessions: Sessions) -> None:
    """The difference says table, column and both values; a rebuild takes it away."""
    feed.send(trace(duration_s=2.5), trace(started_at=NOON + timedelta(hours=1)))
    tick(sessions)
    execute(sessions, "UPDATE request_rollups_hour SET requests = 7 WHERE bucket = :noon", noon=NOON)
    execute(sessions, "DELETE FROM latency_rollups_day")
    compared = compare_day(sessions, DAY)
    assert compared.different == 2
    changed = next(one for one in compared.first if one.table == "request_rollups_hour")
    assert changed.expected is not None
    assert changed.stored is not None
    at = list(changed.columns).index("requests")
    assert (changed.bucket, changed.expected[at], changed.stored[at]) == (NOON, "1", "7")
    lost = next(one for one in compared.first if one.table == "latency_rollups_day")
    assert lost.stored is None
    rebuild_day(sessions, DAY)
    assert compare_day(sessions, DAY).different == 0
    assert rows(sessions, "SELECT sum(requests) FROM request_rollups_hour") == [(2,)]
