"""A dead letter keeps why, where from, and as much of the message as is allowed."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.topics import OUTCOMES, TRACES
from store.dead_letters import count_by_reason, find, newest, stored_bytes
from store.received import Batch, Counts, DeadLetter
from store.sessions import Sessions
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, execute, one, rows, unreadable

KIB = 1024
_KEPT = "SELECT payload, payload_bytes, payload_sha256, message_key FROM dead_letters"


def with_bytes(feed: Feed, payload: bytes | None, key: bytes | None = b"key") -> Batch:
    """A batch of one unreadable message with these bytes."""
    batch = feed.batch({TRACES_0: [unreadable()]})
    return Batch([batch.messages[0]._replace(payload=payload, message_key=key)], batch.spans)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", bytes(range(256)), b"x" * 64 * KIB, b"\xff" * (64 * KIB + 1), b"\0" * 2_000_000],
    ids=["empty", "NUL", "every byte", "64 KiB", "a byte more", "2 MB"],
)
def test_the_first_64_kib_are_kept(feed: Feed, sessions: Sessions, payload: bytes) -> None:
    """With the length and the SHA-256 of the whole; any bytes will do."""
    feed.send_batch(with_bytes(feed, payload))
    assert rows(sessions, _KEPT) == [
        (payload[: 64 * KIB], len(payload), hashlib.sha256(payload).digest(), b"key"),
    ]


def test_a_tombstone_and_a_missing_key(feed: Feed, sessions: Sessions) -> None:
    """A message without a value has no bytes; a key that was not given is NULL."""
    feed.send_batch(with_bytes(feed, None, key=None))
    assert rows(sessions, _KEPT) == [(b"", 0, hashlib.sha256(b"").digest(), None)]


def test_a_long_key_is_cut(feed: Feed, sessions: Sessions) -> None:
    """A key may be as long as a message."""
    feed.send_batch(with_bytes(feed, b"x", key=b"\xfe" * 5000))
    assert one(sessions, "SELECT message_key FROM dead_letters") == b"\xfe" * KIB


def test_only_the_hash_where_payloads_are_not_kept(sessions: Sessions) -> None:
    """Neither bytes nor key; length and SHA-256 still say which message it was."""
    feed = Feed(sessions, keep_payloads=False)
    feed.send_batch(with_bytes(feed, b"private"))
    assert rows(sessions, _KEPT) == [(None, 7, hashlib.sha256(b"private").digest(), None)]


def test_words_from_a_broken_message_are_made_storable(feed: Feed, sessions: Sessions) -> None:
    """Detail, environment and route come out of broken messages: NUL and halves of characters go, and they end."""
    bad = "a\0b\ud800c" + "x" * 3000
    assert feed.send(unreadable(bad, environment=bad, route=bad)) == Counts(dead=1)
    ((detail, environment, route),) = rows(sessions, "SELECT detail, environment, route FROM dead_letters")
    assert detail.startswith("ab?cx")
    assert len(detail) == 2000
    assert environment == route == detail[:256]


@pytest.fixture
def letters(feed: Feed, sessions: Sessions) -> datetime:
    """Six dead letters of three reasons on two topics; the first two are older than the returned time."""
    reasons = [DeadLetterReason.EMPTY, DeadLetterReason.TOMBSTONE, DeadLetterReason.EMPTY, DeadLetterReason.TOO_LARGE]
    feed.send(*(DeadLetter(reason, f"detail {number}", "prod", "r") for number, reason in enumerate(reasons)))
    feed.send(DeadLetter(DeadLetterReason.EMPTY, "4"), DeadLetter(DeadLetterReason.TOMBSTONE, "5"), to=OUTCOMES_0)
    execute(
        sessions,
        "UPDATE dead_letters SET dead_at = dead_at - interval '1 hour' WHERE \"offset\" < 2 AND topic = :t",
        t=TRACES,
    )
    return datetime.now(UTC) - timedelta(minutes=30)


def test_the_newest_first(letters: datetime, sessions: Sessions) -> None:
    """At most so many, and only those that were asked for."""
    with sessions.read() as db:
        assert [line.detail[-1] for line in newest(db, limit=4)] == ["5", "4", "3", "2"]
        assert [line.detail for line in newest(db, limit=9, reason="empty")] == ["4", "detail 2", "detail 0"]
        assert [line.detail for line in newest(db, limit=9, topic=OUTCOMES)] == ["5", "4"]
        assert [line.detail[-1] for line in newest(db, limit=9, since=letters)] == ["5", "4", "3", "2"]
        assert [line.detail for line in newest(db, limit=9, reason="empty", topic=TRACES, since=letters)] == [
            "detail 2"
        ]
        assert newest(db, limit=0) == []


def test_counted_by_reason(letters: datetime, sessions: Sessions) -> None:
    """Most first, equal ones by name."""
    with sessions.read() as db:
        assert count_by_reason(db) == [("empty", 3), ("tombstone", 2), ("too_large", 1)]
        assert count_by_reason(db, topic=OUTCOMES) == [("empty", 1), ("tombstone", 1)]
        assert count_by_reason(db, since=letters) == [("empty", 2), ("tombstone", 1), ("too_large", 1)]


def test_one_is_found_with_its_bytes(letters: datetime, sessions: Sessions) -> None:
    """By its number; a number that is not there is nobody's."""
    with sessions.read() as db:
        line = newest(db, limit=1, reason="too_large")[0]
        letter = find(db, line.id)
        assert letter is not None
        assert letter.line == line
        assert (line.topic, line.partition, line.offset, line.environment, line.route) == (TRACES, 0, 3, "prod", "r")
        assert letter.payload is not None
        assert letter.payload_sha256 == hashlib.sha256(letter.payload).digest()
        assert letter.message_key == b"key"
        assert find(db, line.id + 100) is None


def test_what_they_take_on_disk_grows(feed: Feed, sessions: Sessions) -> None:
    """Payloads that are stored beside the table count too: the limit is on bytes."""
    with sessions.read() as db:
        before = stored_bytes(db)
    noise = hashlib.shake_256(b"noise").digest(64 * KIB)
    feed.send_batch(with_bytes(feed, noise))
    with sessions.read() as db:
        assert stored_bytes(db) >= before + 64 * KIB
