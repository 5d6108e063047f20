"""Days past retention: what stays is whole, what goes waits for whoever reads it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import sleep

from pointsman.steer.tasks import keep_partitions
from pointsman_contract.trace import Trace
from store.days import Days
from store.rollups.comparing import compare_day
from store.rollups.freshness import read_freshness
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import begin_job, tick
from store.sessions import Sessions
from tests.builders import outcome, trace
from tests.rollups.telling import add_empty_batches
from tests.store.conftest import OpenSessions
from tests.store.feed import OUTCOMES_0, Feed, execute, one, partition

_OLD = datetime.now(UTC) - timedelta(days=5)
_KEPT = timedelta(days=2)


def _keep_a_day_past_retention(feed: Feed, sessions: Sessions) -> Trace:
    """A day that stays because one of its traces is not counted, and retention that has been at work."""
    counted = trace(started_at=_OLD)
    feed.send(counted, trace(started_at=_OLD))
    tick(sessions)
    execute(sessions, "UPDATE ingest_batches SET committed_at = committed_at - interval '5 days'")
    feed.send(trace(started_at=_OLD), to=partition(1))
    add_empty_batches(sessions, 2)
    keep_partitions(sessions, Days(sessions, raw_retention=_KEPT))
    return counted


def test_a_day_that_stays_is_whole(feed: Feed, sessions: Sessions) -> None:
    """With all of its batches: else a rebuild would count what is left of them."""
    _keep_a_day_past_retention(feed, sessions)
    tick(sessions)
    assert compare_day(sessions, _OLD.date()).different == 0
    assert rebuild_day(sessions, _OLD.date())
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 3


def test_outcomes_of_a_day_that_stays(feed: Feed, sessions: Sessions) -> None:
    """They find their traces."""
    counted = _keep_a_day_past_retention(feed, sessions)
    feed.send(outcome(trace_id=counted.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert one(sessions, "SELECT sum(known) FROM request_rollups_day") == 1


def test_retention_waits_for_a_rebuild(feed: Feed, sessions: Sessions, open_sessions: OpenSessions) -> None:
    """A day that goes while it is made again would be taken for one without traces."""
    feed.send(trace(started_at=_OLD), trace(started_at=_OLD))
    tick(sessions)
    dropping = Days(open_sessions(), raw_retention=_KEPT)
    with ThreadPoolExecutor(2) as pool:
        with open_sessions().write() as db:
            # So the deletion of the old sums, which comes first, takes a while.
            db.exec_driver_sql("SELECT 1 FROM request_rollups_minute FOR UPDATE")
            rebuilding = pool.submit(rebuild_day, sessions, _OLD.date())
            sleep(0.5)
            dropped = pool.submit(dropping.maintain)
            sleep(1)
        assert rebuilding.result()
        assert dropped.result().dropped == [_OLD.date()]
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 2


def test_who_is_patient_waits(sessions: Sessions) -> None:
    """For the turn of a writer half an hour: the time-out of a statement must not be shorter."""
    with sessions.write() as db:
        begin_job(db, is_patient=True)
        limits = [db.exec_driver_sql(f"SHOW {name}_timeout").scalar_one() for name in ("statement", "lock")]
    assert limits == ["0", "30min"]


def test_how_fresh_after_a_long_silence(feed: Feed, sessions: Sessions) -> None:
    """Where the cursors stand is known also when all raw rows of then are gone."""
    feed.send(trace(started_at=_OLD))
    tick(sessions)
    with sessions.read() as db:
        before = read_freshness(db)
    execute(sessions, "UPDATE ingest_batches SET committed_at = committed_at - interval '5 days'")
    keep_partitions(sessions, Days(sessions, raw_retention=_KEPT))
    assert one(sessions, "SELECT count(*) FROM traces") == 0
    with sessions.read() as db:
        assert read_freshness(db).read_until == before.read_until
