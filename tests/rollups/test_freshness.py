"""People are told how far behind the rollups are, whoever counts, and also where nobody ever did."""

from datetime import timedelta

import pytest

from store.rollups.freshness import read_freshness
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import heartbeat, trace
from tests.store.feed import HEARTBEATS_0, Feed, partition


def behind(sessions: Sessions) -> timedelta:
    """By the database's own clock."""
    with sessions.read() as db:
        return read_freshness(db).behind


def test_behind_from_the_first_batch_on(sessions: Sessions) -> None:
    """What was never counted is behind, too: else a deployment without steer would look well. Heartbeats count not."""
    feed = Feed(sessions)
    feed.send(heartbeat(), to=HEARTBEATS_0)
    assert behind(sessions) == timedelta()
    feed.send(trace())
    assert behind(sessions) > timedelta()
    tick(sessions)
    assert behind(sessions) == timedelta()


@pytest.mark.parametrize("number", [0, 1])
def test_each_partition_counts(sessions: Sessions, number: int) -> None:
    """News of a partition that was read before, or of one that never was."""
    feed = Feed(sessions)
    feed.send(trace())
    tick(sessions)
    feed.send(trace(), to=partition(number))
    assert behind(sessions) > timedelta()
