"""How far a job has read, by partition, and which whole batches come next. Source: design §4.

Within a partition the ids of batches rise with what was committed, so nothing can appear behind such a cursor.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from store.rollups.as_of import CURSORS, Cursors, Place, as_arrays
from store.rollups.facts import Batches

ROLLUPS = "rollups"
_TRACES, _OUTCOMES = "routing.traces", "routing.outcomes"

_READ = text("SELECT topic_id, partition, batch_id FROM cursors WHERE job = :job")
_MOVE = text(
    "INSERT INTO cursors AS c (job, topic_id, partition, batch_id) SELECT :job, * FROM"
    f" {CURSORS}"
    " ON CONFLICT (job, topic_id, partition) DO UPDATE SET batch_id = excluded.batch_id"
)
# Each partition's beginning by the index alone: there are few partitions and many batches.
_PLACES = (
    "WITH RECURSIVE places AS ("
    "(SELECT topic_id, partition, topic FROM ingest_batches ORDER BY topic_id, partition LIMIT 1)"
    " UNION ALL SELECT n.topic_id, n.partition, n.topic FROM places p CROSS JOIN LATERAL ("
    "SELECT topic_id, partition, topic FROM ingest_batches b"
    " WHERE (b.topic_id, b.partition) > (p.topic_id, p.partition) ORDER BY topic_id, partition LIMIT 1) n)"
)
# A deployment's topics may have anything in front of their names.
_UNREAD = text(
    f"{_PLACES} SELECT p.topic, b.* FROM places p"
    " LEFT JOIN cursors c ON c.job = :job AND c.topic_id = p.topic_id AND c.partition = p.partition"
    " CROSS JOIN LATERAL (SELECT b.id, b.topic_id, b.partition, b.stored, b.min_started_at, b.max_started_at,"
    " b.max_broker_time FROM ingest_batches b WHERE b.topic_id = p.topic_id AND b.partition = p.partition"
    " AND b.id > coalesce(c.batch_id, 0) ORDER BY b.id LIMIT :most) b"
    f" WHERE p.topic LIKE '%{_TRACES}' OR p.topic LIKE '%{_OUTCOMES}' ORDER BY b.id"
)
_UNREAD_BY_SOME = (
    "FROM places p"
    " JOIN (SELECT DISTINCT job FROM cursors) j ON true"
    " LEFT JOIN cursors c ON c.job = j.job AND c.topic_id = p.topic_id AND c.partition = p.partition"
    " JOIN ingest_batches b ON b.topic_id = p.topic_id AND b.partition = p.partition AND b.id > coalesce(c.batch_id, 0)"
    f" WHERE p.topic LIKE '%{_TRACES}' OR p.topic LIKE '%{_OUTCOMES}'"
)
_OLDEST_UNREAD = text(f"{_PLACES} SELECT min(b.id), min(b.min_started_at) {_UNREAD_BY_SOME}")
# For a statement that must see batches and rows of one moment; NULL where every job has read all.
FIRST_UNREAD = f"({_PLACES} SELECT min(b.id) {_UNREAD_BY_SOME})"
_UNREAD_SINCE = text(
    f"{_PLACES} SELECT min(b.committed_at) FROM places p"
    " LEFT JOIN cursors c ON c.job = :job AND c.topic_id = p.topic_id AND c.partition = p.partition"
    " CROSS JOIN LATERAL (SELECT b.committed_at FROM ingest_batches b WHERE b.topic_id = p.topic_id"
    " AND b.partition = p.partition AND b.id > coalesce(c.batch_id, 0) ORDER BY b.id LIMIT 1) b"
    f" WHERE p.topic LIKE '%{_TRACES}' OR p.topic LIKE '%{_OUTCOMES}'"
)
_MOST_BATCHES = 5_000


class News(NamedTuple):
    """Whole batches that a job takes next, and its cursors before and after."""

    batches: Batches
    before: Cursors
    after: Cursors
    # Messages that were stored in them, and whether there is more behind.
    stored: int
    more: bool
    # The newest broker time among them: what the results are as fresh as.
    fresh_until: datetime | None


class Unread(NamedTuple):
    """Where the slowest job stands: the first batch and the earliest start that it has not read; None: nothing."""

    batch_id: int | None
    started_at: datetime | None


def take_turn(db: Connection, *, is_patient: bool = False) -> None:
    """Be the only transaction that writes rollups, whoever believes to be the leader. Raises StoreAway after a wait:
    of three seconds, or, for who comes only once (`is_patient`), of as long as a repricing of a large day may take.

    A table's lock, since waiting for it does not fix what a REPEATABLE READ transaction sees, as a query would.
    """
    if is_patient:
        wait_patiently(db)
    db.execute(text("LOCK TABLE rollups_turn IN EXCLUSIVE MODE"))


def wait_patiently(db: Connection) -> None:
    """Have this transaction wait for locks as long as a repricing of a large day may take."""
    db.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30min'"))


def read_cursors(db: Connection, job: str) -> dict[Place, int]:
    """How far the job has read each partition."""
    return {(row.topic_id, row.partition): row.batch_id for row in db.execute(_READ, {"job": job})}


def move_cursors(db: Connection, job: str, after: Cursors) -> None:
    """Set the cursors, in the transaction of the results."""
    db.execute(_MOVE, {"job": job, **as_arrays(after)})


def news_for(db: Connection, job: str, *, most: int) -> News:
    """The next whole batches, in the order of their ids, until they hold `most` messages; at least one."""
    before = read_cursors(db, job)
    rows = db.execute(_UNREAD, {"job": job, "most": _MOST_BATCHES}).all()
    taken = 0
    stored = 0
    for row in rows:
        if taken and stored + row.stored > most:
            break
        taken += 1
        stored += row.stored
    chosen = rows[:taken]
    after: dict[tuple[UUID, int], int] = dict(before)
    for row in chosen:
        after[row.topic_id, row.partition] = row.id
    return News(
        _batches(chosen), before, after, stored, taken < len(rows) or len(rows) >= _MOST_BATCHES, _newest(chosen)
    )


def oldest_unread(db: Connection) -> Unread:
    """What no job may lose: deleting stops in front of it. Nothing where no job has ever read."""
    return Unread(*db.execute(_OLDEST_UNREAD).one())


def unread_since(db: Connection) -> datetime | None:
    """Since when the oldest batch that the rollups have not read has been there, also where they never read any."""
    since: datetime | None = db.execute(_UNREAD_SINCE, {"job": ROLLUPS}).scalar_one()
    return since


def _batches(rows: Sequence[Row[Any]]) -> Batches:
    traces = [row for row in rows if row.topic.endswith(_TRACES) and row.stored]
    starts = [(row.min_started_at, row.max_started_at) for row in traces if row.min_started_at is not None]
    return Batches(
        traces=[row.id for row in traces],
        outcomes=[row.id for row in rows if row.topic.endswith(_OUTCOMES) and row.stored],
        earliest=min((first for first, _ in starts), default=None),
        latest=max((last for _, last in starts), default=None),
    )


def _newest(rows: Sequence[Row[Any]]) -> datetime | None:
    return max((row.max_broker_time for row in rows if row.max_broker_time is not None), default=None)
