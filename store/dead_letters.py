"""Queries on dead letters, for people and for the storage limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, text, true

from pointsman_contract.topics import place_of
from store.rows import KEPT_PAYLOAD_BYTES
from store.tables import dead_letters

_ROW_BYTES = 512


class LetterLine(NamedTuple):
    """A dead letter as a list shows it."""

    id: int
    dead_at: datetime
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    environment: str
    route: str
    payload_bytes: int
    # Of which message it is a replay ('': of none), and when it was replayed itself.
    replay_of: str
    replay_began_at: datetime | None
    replayed_at: datetime | None


class Letter(NamedTuple):
    """A whole dead letter. `payload` is its first 64 KiB, None where only the hash is kept."""

    line: LetterLine
    broker_time: datetime
    payload_sha256: bytes
    payload: bytes | None
    message_key: bytes | None


def passes(
    *, reason: str | None = None, topic: str | None = None, since: datetime | None = None
) -> ColumnElement[bool]:
    """Whether a letter is of this reason, from this topic, and not older; None lets all through."""
    return and_(
        true() if reason is None else dead_letters.c.reason == reason,
        true() if topic is None else dead_letters.c.topic == topic,
        true() if since is None else dead_letters.c.dead_at >= since,
    )


def newest(
    db: Connection,
    *,
    limit: int,
    reason: str | None = None,
    topic: str | None = None,
    since: datetime | None = None,
) -> Sequence[LetterLine]:
    """The newest dead letters first."""
    columns = [dead_letters.c[name] for name in LetterLine._fields]
    query = select(*columns).where(passes(reason=reason, topic=topic, since=since))
    return [LetterLine(*row) for row in db.execute(query.order_by(dead_letters.c.id.desc()).limit(limit))]


def count_by_reason(
    db: Connection, *, topic: str | None = None, since: datetime | None = None
) -> Sequence[tuple[str, int]]:
    """How many of each reason, most first."""
    query = select(dead_letters.c.reason, func.count().label("n")).where(passes(topic=topic, since=since))
    ordered = query.group_by(dead_letters.c.reason).order_by(text("n DESC"), dead_letters.c.reason)
    return [(row.reason, row.n) for row in db.execute(ordered)]


def find(db: Connection, letter_id: int) -> Letter | None:
    """One dead letter with its payload."""
    row = db.execute(select(dead_letters).where(dead_letters.c.id == letter_id)).one_or_none()
    if row is None:
        return None
    line = LetterLine(*(getattr(row, name) for name in LetterLine._fields))
    return Letter(line, row.broker_time, row.payload_sha256, row.payload, row.message_key)


def stored_bytes(db: Connection) -> int:
    """What the dead letters hold, about: kept payloads and the rows themselves.

    Not the table's size on disk, which does not shrink when retention deletes. Reads the whole table without payloads.
    """
    kept = func.least(dead_letters.c.payload_bytes, KEPT_PAYLOAD_BYTES)
    held = case((dead_letters.c.payload.is_(None), 0), else_=kept) + _ROW_BYTES
    return int(db.execute(select(func.coalesce(func.sum(held), 0))).scalar_one())


def replayed_as(db: Connection, line: LetterLine) -> Sequence[int]:
    """The letters that this one became again after its replay, the oldest first."""
    place = place_of(line.topic, line.partition, line.offset)
    query = select(dead_letters.c.id).where(dead_letters.c.replay_of == place, dead_letters.c.id > line.id)
    return list(db.execute(query.order_by(dead_letters.c.id).limit(10)).scalars())
