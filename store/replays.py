"""Which dead letters can go back into Kafka, and what became of them.

A letter is marked twice: `replay_began_at` before anything of it is sent, `replayed_at` once Kafka has acknowledged it.
A process that dies in between leaves the first mark alone: the letter is sent again by the next replay, which says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, text, true, update

from pointsman_contract.errors import DeadLetterReason
from store.dead_letters import passes
from store.rows import KEPT_KEY_BYTES, KEPT_PAYLOAD_BYTES
from store.sessions import Sessions
from store.tables import dead_letters

# One replay at a time, over all processes; the numbers of maintenance and migration come before it.
_REPLAYING = 0x706F_696E_7473 + 3
FREE = "free"
# Why a letter stays where it is, most lasting first; the words complete "… letters were not replayed: their …".
REFUSALS: Mapping[str, str] = {
    "not_kept": "payload was not kept (dead_letter_payload = hash), only its hash",
    "cut": f"payload is over {KEPT_PAYLOAD_BYTES // 1024} KiB and was cut",
    "key_cut": f"key has {KEPT_KEY_BYTES:,} bytes or more and may have been cut",
    "keyless": "message has neither value nor key, which no client can send",
    "replayed_before": "replay was acknowledged before; --force sends them again",
    "came_back": "message is a replay itself that came back; --force sends it once more",
}


class Asked(NamedTuple):
    """Which letters are meant: these ids, or all that pass the filters; none above `up_to`.

    `up_to` is the newest letter when the replay began: what comes back meanwhile does not go round again.
    """

    up_to: int
    ids: tuple[int, ...] | None = None
    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    force: bool = False


class WholeLetter(NamedTuple):
    """A letter whose bytes were kept whole. `value` None is a tombstone."""

    id: int
    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None


class Refused(NamedTuple):
    """How many letters are refused for one reason, and the first of them."""

    letters: int
    first_id: int


def newest_id(db: Connection) -> int:
    """The id of the newest dead letter, 0 where there is none."""
    return int(db.execute(select(func.coalesce(func.max(dead_letters.c.id), 0))).scalar_one())


def fates(db: Connection, asked: Asked) -> dict[str, Refused]:
    """How many letters are `free` to go, and how many are refused, by the words of REFUSALS."""
    fate = _fate(asked).label("fate")
    query = select(fate, func.count(), func.min(dead_letters.c.id)).where(_meant(asked)).group_by(fate)
    return {name: Refused(letters, first) for name, letters, first in db.execute(query)}


def known(db: Connection, ids: Sequence[int]) -> set[int]:
    """Which of these letters are there."""
    return set(db.execute(select(dead_letters.c.id).where(dead_letters.c.id.in_(ids))).scalars())


def cut_short(db: Connection, asked: Asked) -> int:
    """How many of the letters that are free to go were under way when an earlier replay ended."""
    began, ended = dead_letters.c.replay_began_at, dead_letters.c.replayed_at
    under_way = and_(began.is_not(None), or_(ended.is_(None), ended < began))
    query = select(func.count()).select_from(dead_letters).where(_meant(asked), _fate(asked) == FREE, under_way)
    return int(db.execute(query).scalar_one())


def next_whole(db: Connection, asked: Asked, *, after: int, limit: int) -> list[WholeLetter]:
    """The oldest letters with an id above `after` that are free to go."""
    names = ("id", "topic", "partition", "offset", "reason", "message_key")
    value = case((dead_letters.c.reason == DeadLetterReason.TOMBSTONE.value, None), else_=dead_letters.c.payload)
    columns: list[ColumnElement[Any]] = [*(dead_letters.c[name] for name in names), value]
    query = select(*columns).where(_meant(asked), _fate(asked) == FREE, dead_letters.c.id > after)
    return [WholeLetter(*row) for row in db.execute(query.order_by(dead_letters.c.id).limit(limit))]


def begin(db: Connection, ids: Sequence[int]) -> None:
    """Note that these are about to be sent."""
    _stamp(db, ids, "replay_began_at")


def finish(db: Connection, ids: Sequence[int]) -> None:
    """Note that Kafka has acknowledged these."""
    _stamp(db, ids, "replayed_at")


@contextmanager
def alone(sessions: Sessions) -> Iterator[bool]:
    """Whether this is the only replay; it stays so while the block lasts. Raises StoreAway."""
    with sessions.autocommit() as db:
        taken = bool(db.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _REPLAYING}).scalar_one())
        try:
            yield taken
        finally:
            # The lock goes with its session.
            db.invalidate()


def _stamp(db: Connection, ids: Sequence[int], column: str) -> None:
    # In the order of their keys, like everybody who changes several rows.
    rows = select(dead_letters.c.id).where(dead_letters.c.id.in_(ids)).order_by(dead_letters.c.id).with_for_update()
    db.execute(update(dead_letters).where(dead_letters.c.id.in_(rows)).values({column: func.clock_timestamp()}))


def _meant(asked: Asked) -> ColumnElement[bool]:
    among = passes(reason=asked.reason, topic=asked.topic, since=asked.since)
    these = true() if asked.ids is None else dead_letters.c.id.in_(asked.ids)
    return and_(among, these, dead_letters.c.id <= asked.up_to)


def _fate(asked: Asked) -> ColumnElement[str]:
    letter = dead_letters.c
    whens = [
        (letter.payload.is_(None), "not_kept"),
        (letter.payload_bytes > KEPT_PAYLOAD_BYTES, "cut"),
        (func.octet_length(letter.message_key) >= KEPT_KEY_BYTES, "key_cut"),
        (and_(letter.reason == DeadLetterReason.TOMBSTONE.value, letter.message_key.is_(None)), "keyless"),
    ]
    if not asked.force:
        whens += [(letter.replayed_at.is_not(None), "replayed_before"), (letter.replay_of != "", "came_back")]
    return case(*((condition, literal(name)) for condition, name in whens), else_=literal(FREE))
