"""A tick brings the rollups up to date from whole batches."""

from datetime import timedelta

from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, outcome, trace
from tests.rollups.shapes import MIDNIGHT
from tests.store.feed import OUTCOMES_0, Feed, one, rows


def test_a_request_is_in_minutes_hours_and_days(feed: Feed, sessions: Sessions) -> None:
    """The three levels get the same sums."""
    # Of the last days, whenever that is: older minutes are not kept.
    noon = MIDNIGHT + timedelta(hours=12)
    feed.send(trace(duration_s=1.5, started_at=noon), trace(outcome="success", started_at=noon + timedelta(seconds=70)))
    ticked = tick(sessions)
    assert ticked.messages == 2
    assert rows(sessions, "SELECT bucket, requests, succeeded FROM request_rollups_minute ORDER BY 1") == [
        (noon, 1, 0),
        (noon + timedelta(minutes=1), 1, 1),
    ]
    assert rows(sessions, "SELECT bucket, requests, succeeded, duration_us FROM request_rollups_hour") == [
        (noon, 2, 1, 1_500_000)
    ]
    assert rows(sessions, "SELECT bucket, requests FROM request_rollups_day") == [(MIDNIGHT, 2)]
    assert one(sessions, "SELECT sum(attempts) FROM attempt_rollups_day") == 2


def test_a_late_outcome_is_new_minus_old(feed: Feed, sessions: Sessions) -> None:
    """A trace that was counted as unknown becomes a success, and nothing is counted twice."""
    one_trace = trace()
    feed.send(one_trace)
    tick(sessions)
    feed.send(outcome(trace_id=one_trace.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, "SELECT requests, known, succeeded FROM request_rollups_hour") == [(1, 1, 1)]
    feed.send(outcome(trace_id=one_trace.trace_id, outcome="failure", source="auto"), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, "SELECT requests, known, succeeded FROM request_rollups_hour") == [(1, 1, 1)]
    feed.send(
        outcome(trace_id=one_trace.trace_id, outcome="failure", observed_at=NOON + timedelta(hours=1)), to=OUTCOMES_0
    )
    assert tick(sessions).messages == 1
    assert rows(sessions, "SELECT requests, known, succeeded, failed FROM request_rollups_hour") == [(1, 1, 0, 1)]
    assert tick(sessions).batches == 0
