"""Batches, outcomes and heartbeats go with the raw rows, dead letters after 30 days, and nothing goes before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from store.retention import FIRST_KEPT, Deleted, delete_expired
from store.sessions import Sessions
from tests.builders import heartbeat, outcome, trace
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, Feed, execute, one, rows, unreadable

OLDEST = date(2026, 10, 24)
MIDNIGHT = datetime(2026, 10, 24, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(days=30, hours=7)
TICK = timedelta(microseconds=1)


@pytest.fixture
def aged(feed: Feed, sessions: Sessions) -> Sessions:
    """Three rounds of an outcome, a heartbeat and two dead letters: just too old, just young enough, and new."""
    for number in range(3):
        feed.send(outcome(), to=OUTCOMES_0)
        feed.send(heartbeat(sequence=number), to=HEARTBEATS_0)
        feed.send(unreadable(str(number)), unreadable(str(number)))
    committed = [MIDNIGHT - TICK, MIDNIGHT, NOW]
    dead = [NOW - timedelta(days=30) - TICK, NOW - timedelta(days=30), NOW]
    for number in range(3):
        parameters = {"batches": list(range(3 * number + 1, 3 * number + 4)), "number": str(number)}
        at = "UPDATE ingest_batches SET committed_at = :at WHERE id = ANY(:batches)"
        execute(sessions, at, at=committed[number], batches=parameters["batches"])
        execute(
            sessions,
            "UPDATE dead_letters SET dead_at = :at WHERE detail = :number",
            at=dead[number],
            number=str(number),
        )
    return sessions


def test_what_is_past_its_age_goes_and_nothing_younger(aged: Sessions) -> None:
    """To the microsecond: what was committed at the first moment of the oldest day stays."""
    assert delete_expired(aged, now=NOW, oldest=OLDEST) == Deleted(batches=3, outcomes=1, heartbeats=1, dead_letters=2)
    assert rows(aged, "SELECT id FROM ingest_batches ORDER BY 1") == [(number,) for number in range(4, 10)]
    assert rows(aged, "SELECT sequence FROM heartbeats ORDER BY 1") == [(1,), (2,)]
    assert rows(aged, 'SELECT "offset" FROM outcomes ORDER BY 1') == [(1,), (2,)]
    assert rows(aged, "SELECT DISTINCT detail FROM dead_letters ORDER BY 1") == [("1",), ("2",)]


def test_a_second_round_deletes_nothing(aged: Sessions) -> None:
    """Retention comes every ten minutes."""
    delete_expired(aged, now=NOW, oldest=OLDEST)
    assert delete_expired(aged, now=NOW, oldest=OLDEST) == Deleted(0, 0, 0, 0)


def test_rows_stay_as_long_as_their_batch(aged: Sessions) -> None:
    """A batch that was committed late under an early number keeps all later numbers: nobody may see half of it."""
    execute(aged, "UPDATE ingest_batches SET committed_at = :late WHERE id = 1", late=NOW)
    assert delete_expired(aged, now=NOW, oldest=OLDEST) == Deleted(0, 0, 0, dead_letters=2)


def test_a_batch_stays_as_long_as_its_traces(feed: Feed, sessions: Sessions) -> None:
    """Committed just before midnight, with a trace of a router whose clock was a little ahead: of the next day."""
    feed.send(trace(started_at=MIDNIGHT + timedelta(minutes=3)))
    execute(sessions, "UPDATE ingest_batches SET committed_at = :at", at=MIDNIGHT - timedelta(minutes=1))
    assert delete_expired(sessions, now=NOW, oldest=OLDEST).batches == 0
    assert delete_expired(sessions, now=NOW, oldest=OLDEST + timedelta(days=1)).batches == 1


def test_everything_goes_from_a_store_that_nobody_feeds(aged: Sessions) -> None:
    """When all is past its age all of it goes, and a new batch stays."""
    later = NOW + timedelta(days=100)
    deleted = delete_expired(aged, now=later, oldest=later.date())
    assert deleted == Deleted(batches=9, outcomes=3, heartbeats=3, dead_letters=6)
    Feed(aged).send(outcome(), to=OUTCOMES_0)
    assert delete_expired(aged, now=NOW, oldest=OLDEST) == Deleted(0, 0, 0, 0)
    assert one(aged, "SELECT count(*) FROM outcomes") == 1


def test_an_empty_store(sessions: Sessions) -> None:
    """There is nothing to delete, and nothing fails."""
    assert delete_expired(sessions, now=NOW, oldest=OLDEST) == Deleted(0, 0, 0, 0)


def test_offsets_never_go(aged: Sessions) -> None:
    """How far a partition was read is known as long as the partition is."""
    before = rows(aged, "SELECT * FROM ingest_offsets ORDER BY topic")
    delete_expired(aged, now=NOW + timedelta(days=1000), oldest=date(2029, 1, 1))
    assert rows(aged, "SELECT * FROM ingest_offsets ORDER BY topic") == before


def test_routes_go_with_their_days(feed: Feed, sessions: Sessions) -> None:
    """The admitted routes of the oldest day kept stay."""
    feed.send(*(trace(started_at=MIDNIGHT + timedelta(days=ahead), route=str(ahead)) for ahead in (-1, 0, 1)))
    delete_expired(sessions, now=NOW, oldest=OLDEST)
    assert rows(sessions, "SELECT route FROM admitted_routes ORDER BY day") == [("0",), ("1",)]


def test_more_than_one_chunk(sessions: Sessions) -> None:
    """A backlog goes in small transactions, all of it."""
    execute(
        sessions,
        'INSERT INTO dead_letters (topic, topic_id, partition, "offset", batch_id, broker_time, dead_at, environment,'
        " route, reason, detail, payload_bytes, payload_sha256) SELECT 't', :id, 0, n, 1, now(), :old, '', '', 'empty',"
        " '', 0, '' FROM generate_series(1, 20001) n",
        id="00000000-0000-0000-0000-000000000000",
        old=NOW - timedelta(days=31),
    )
    assert delete_expired(sessions, now=NOW, oldest=OLDEST).dead_letters == 20_001


def test_the_look_for_the_first_batch_kept_reads_no_whole_table(aged: Sessions) -> None:
    """There are millions of batches a day: the key is walked from its beginning."""
    execute(
        aged,
        "INSERT INTO ingest_batches (id, cluster_id, topic_id, topic, partition, first, next, stored, duplicate,"
        " restamped, dead, committed_at) SELECT 1000 + n, 'c', gen_random_uuid(), 't', 0, n, n + 1, 0, 0, 0, 0, :now"
        " FROM generate_series(1, 20000) AS n",
        now=NOW,
    )
    execute(aged, "ANALYZE ingest_batches")
    delete_expired(aged, now=NOW, oldest=OLDEST)
    assert rows(aged, "SELECT count(*) FROM ingest_batches") == [(20_006,)]
    with aged.read() as db:
        plan = "\n".join(row[0] for row in db.execute(text(f"EXPLAIN {FIRST_KEPT}"), {"cutoff": MIDNIGHT}))
    assert "Seq Scan" not in plan, plan
