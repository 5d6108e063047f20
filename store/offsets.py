"""How far each partition is stored, by compare-and-set, and what Kafka no longer had."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from store.errors import OffsetsMoved
from store.received import Source, Span
from store.sorting import Tally
from store.tables import ingest_batches, ingest_gaps, ingest_offsets

# A statement has at most 65,535 parameters.
_ROWS_AT_ONCE = 1_000


class KnownPartition(NamedTuple):
    """A partition that was stored from before."""

    source: Source
    next_offset: int


class ListedPartition(NamedTuple):
    """The same for people: with the time at which its offset last moved."""

    source: Source
    next_offset: int
    moved_at: datetime


class Gap(NamedTuple):
    """Offsets that were never read: first <= offset < next."""

    topic: str
    partition: int
    first: int
    next: int
    reason: str
    noted_at: datetime


def stored_offsets(db: Connection, cluster_id: str, topics: Iterable[str]) -> list[KnownPartition]:
    """Every partition of these topics on this cluster, earlier incarnations included."""
    rows = db.execute(
        select(ingest_offsets)
        .where(ingest_offsets.c.cluster_id == cluster_id, ingest_offsets.c.topic.in_(list(topics)))
        .order_by(ingest_offsets.c.topic, ingest_offsets.c.partition)
    )
    return [KnownPartition(_source(row), row.next_offset) for row in rows]


def all_offsets(db: Connection) -> list[ListedPartition]:
    """Every partition that was ever read: those of the cluster that moved last first, of a cluster by topic."""
    moved_last = func.max(ingest_offsets.c.updated_at).over(partition_by=ingest_offsets.c.cluster_id)
    rows = db.execute(
        select(ingest_offsets).order_by(
            moved_last.desc(),
            ingest_offsets.c.cluster_id,
            ingest_offsets.c.topic,
            ingest_offsets.c.topic_id,
            ingest_offsets.c.partition,
        )
    )
    return [ListedPartition(_source(row), row.next_offset, row.updated_at) for row in rows]


def _source(row: Row[Any]) -> Source:
    return Source(row.cluster_id, row.topic_id, row.topic, row.partition)


def newest_gaps(db: Connection, *, limit: int) -> list[Gap]:
    """The gaps that were noted last, the newest first."""
    columns = [ingest_gaps.c[name] for name in Gap._fields]
    return [Gap(*row) for row in db.execute(select(*columns).order_by(ingest_gaps.c.id.desc()).limit(limit))]


def begin_partition(db: Connection, source: Source, first: int) -> None:
    """A partition that was never read starts at `first`. Somebody else's beginning stands."""
    db.execute(insert_or_skip(ingest_offsets).values(**source._asdict(), next_offset=first).on_conflict_do_nothing())


def jump_gap(db: Connection, source: Source, span: Span, reason: str) -> None:
    """Note offsets that Kafka no longer has, and move behind them. Raises OffsetsMoved."""
    compare_and_set(db, {source: span})
    db.execute(insert(ingest_gaps).values(**source._asdict(), **span._asdict(), reason=reason))


def draw_batch_numbers(db: Connection, parts: int) -> list[int]:
    """A number for each partition's part of a batch, rising.

    Behind `compare_and_set`, which lets one transaction of a partition through at a time: within a partition they rise
    with what is committed.
    """
    drawn = text("SELECT nextval('ingest_batch_numbers') FROM generate_series(1, :n)")
    return list(db.execute(drawn, {"n": parts}).scalars())


def compare_and_set(db: Connection, spans: Mapping[Source, Span]) -> None:
    """Move each partition from its span's beginning to its end, all or none.

    Rows are locked in order, so that two consumers never wait for each other in a circle. Raises OffsetsMoved.
    """
    keys = tuple_(ingest_offsets.c.cluster_id, ingest_offsets.c.topic_id, ingest_offsets.c.partition)
    wanted = [(source.cluster_id, source.topic_id, source.partition) for source in spans]
    rows = db.execute(
        select(ingest_offsets)
        .where(keys.in_(wanted))
        .order_by(ingest_offsets.c.cluster_id, ingest_offsets.c.topic_id, ingest_offsets.c.partition)
        .with_for_update()
    )
    stored = {(row.cluster_id, row.topic_id, row.partition): row.next_offset for row in rows}
    for source, span in spans.items():
        found = stored.get((source.cluster_id, source.topic_id, source.partition))
        if found != span.first:
            raise OffsetsMoved(f"{source.topic}/{source.partition}: read from {span.first}, stored up to {found}")
    for source, span in spans.items():
        db.execute(
            update(ingest_offsets)
            .where(
                ingest_offsets.c.cluster_id == source.cluster_id,
                ingest_offsets.c.topic_id == source.topic_id,
                ingest_offsets.c.partition == source.partition,
            )
            .values(next_offset=span.next, updated_at=func.now())
        )


def record_batches(
    db: Connection, spans: Mapping[Source, Span], numbers: Sequence[int], tallies: Mapping[Source, Tally]
) -> None:
    """One row of `ingest_batches` for each partition, with its number in the order of `spans`."""
    rows: list[dict[str, Any]] = []
    for number, (source, span) in zip(numbers, spans.items(), strict=True):
        tally = tallies[source]
        rows.append(
            {
                "id": number,
                **source._asdict(),
                **span._asdict(),
                # Not when the transaction began: the batch may have waited for the one before it.
                "committed_at": func.clock_timestamp(),
                "stored": tally.stored,
                "duplicate": tally.duplicate,
                "restamped": tally.restamped,
                "dead": tally.dead,
                "min_started_at": min(tally.starts, default=None),
                "max_started_at": max(tally.starts, default=None),
                "min_broker_time": min(tally.broker_times, default=None),
                "max_broker_time": max(tally.broker_times, default=None),
            }
        )
    # One statement: the driver would send a list of rows as a pipeline, and a session inside of one counts as active.
    # Of a consumer that is frozen there, no time-out would free the locks.
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        db.execute(insert(ingest_batches).values(rows[begin : begin + _ROWS_AT_ONCE]))


def forget_incarnations(db: Connection, cluster_id: str, topic: str, keep: UUID) -> Sequence[KnownPartition]:
    """Drop the offsets of a topic's earlier incarnations; what was stored from them stays. Returns what was dropped."""
    old = [known for known in stored_offsets(db, cluster_id, [topic]) if known.source.topic_id != keep]
    db.execute(
        delete(ingest_offsets).where(
            ingest_offsets.c.cluster_id == cluster_id,
            ingest_offsets.c.topic == topic,
            ingest_offsets.c.topic_id != keep,
        )
    )
    return old


def reset_partition(db: Connection, source: Source, begin: int, to: int) -> int:
    """Move a partition to an offset on an operator's word; what is skipped is noted as a gap.

    One that was never read stands at `begin`, the first offset that Kafka has. Returns where it stood; nobody else
    moves it until the transaction ends. Going back stores nothing twice.
    """
    # First: a row that is there can be locked.
    begin_partition(db, source, begin)
    stood: int = db.execute(
        select(ingest_offsets.c.next_offset)
        .where(
            ingest_offsets.c.cluster_id == source.cluster_id,
            ingest_offsets.c.topic_id == source.topic_id,
            ingest_offsets.c.partition == source.partition,
        )
        .with_for_update()
    ).scalar_one()
    if to > stood:
        jump_gap(db, source, Span(stood, to), "reset")
    elif to < stood:
        compare_and_set(db, {source: Span(stood, to)})
    return stood
