"""Which dead letters may go back, in which order, and what is remembered of it."""

from typing import Any

import pytest

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.topics import OUTCOMES
from store import replays
from store.dead_letters import newest, replayed_as
from store.received import Batch, DeadLetter, Source
from store.replays import Asked, Refused
from store.sessions import Sessions
from tests.builders import heartbeat, outcome, trace
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, TRACES_0, Content, Feed, one, rows, unreadable

KIB = 1024


def with_letter(feed: Feed, content: Content | None = None, **changes: Any) -> int:
    """Store one unreadable message with these changes; the id of its letter."""
    batch = feed.batch({TRACES_0: [content or unreadable()]})
    feed.send_batch(Batch([batch.messages[0]._replace(**changes)], batch.spans))
    return int(one(feed.sessions, "SELECT max(id) FROM dead_letters"))


def asked(sessions: Sessions, **changes: Any) -> Asked:
    """All letters that are there now."""
    with sessions.read() as db:
        return Asked(replays.newest_id(db), **changes)


def fates(sessions: Sessions, **changes: Any) -> dict[str, Refused]:
    """What would become of them."""
    with sessions.read() as db:
        return replays.fates(db, asked(sessions, **changes))


def free(sessions: Sessions, **changes: Any) -> list[int]:
    """The ids that would be sent, in order."""
    with sessions.read() as db:
        return [letter.id for letter in replays.next_whole(db, asked(sessions, **changes), after=0, limit=100)]


@pytest.mark.parametrize(
    ("changes", "fate"),
    [
        ({"payload": b"x" * 64 * KIB}, "free"),
        ({"payload": b"x" * (64 * KIB + 1)}, "cut"),
        ({"message_key": b"k" * 1023}, "free"),
        ({"message_key": b"k" * 1024}, "key_cut"),
        ({"message_key": b"k" * 1025}, "key_cut"),
        ({"message_key": None}, "free"),
        ({"payload": b""}, "free"),
        ({"replay_of": "routing.traces/0@4"}, "came_back"),
    ],
)
def test_only_whole_letters_go(feed: Feed, sessions: Sessions, changes: dict[str, Any], fate: str) -> None:
    """What was cut, and what came back once, stays where it is; each has its word."""
    letter = with_letter(feed, **changes)
    assert fates(sessions) == {fate: Refused(1, letter)}
    assert free(sessions) == ([letter] if fate == "free" else [])


def test_a_hash_is_no_message(sessions: Sessions) -> None:
    """Where payloads are not kept there is nothing to send."""
    letter = with_letter(Feed(sessions, keep_payloads=False))
    assert fates(sessions, force=True) == {"not_kept": Refused(1, letter)}


def test_a_tombstone_stays_one(feed: Feed, sessions: Sessions) -> None:
    """Null is no empty value; without a key no client can send it."""
    tombstone = DeadLetter(DeadLetterReason.TOMBSTONE, "the message has no value")
    with_letter(feed, tombstone, payload=None)
    keyless = with_letter(feed, tombstone, payload=None, message_key=None)
    with sessions.read() as db:
        (letter,) = replays.next_whole(db, asked(sessions), after=0, limit=9)
    assert (letter.value, letter.key) == (None, b"key")
    assert fates(sessions)["keyless"] == Refused(1, keyless)


def test_marks_of_a_replay(feed: Feed, sessions: Sessions) -> None:
    """Begun and not finished: sent again, and told; finished: refused, unless forced."""
    letters = [with_letter(feed) for _ in range(3)]
    with sessions.write() as db:
        replays.begin(db, letters[:2])
        replays.finish(db, letters[:1])
    assert free(sessions) == letters[1:]
    assert free(sessions, force=True) == letters
    with sessions.read() as db:
        assert replays.cut_short(db, asked(sessions)) == 1
        shown = newest(db, limit=3)
    assert [(line.replay_began_at is None, line.replayed_at is None) for line in shown] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_a_forced_replay_that_was_cut_short_is_told_too(feed: Feed, sessions: Sessions) -> None:
    """The second time the older mark stands beside a newer beginning."""
    letter = with_letter(feed)
    for mark in (replays.begin, replays.finish, replays.begin):
        with sessions.write() as db:
            mark(db, [letter])
    with sessions.read() as db:
        assert replays.cut_short(db, asked(sessions, force=True)) == 1


def test_filters_and_the_order(feed: Feed, sessions: Sessions) -> None:
    """The oldest first, page by page; nothing that came after the question."""
    first = with_letter(feed)
    feed.send(unreadable(), to=OUTCOMES_0)
    third = with_letter(feed)
    limit = asked(sessions)
    with_letter(feed)
    with sessions.read() as db:
        page = replays.next_whole(db, limit, after=0, limit=1)
        rest = replays.next_whole(db, limit, after=page[-1].id, limit=9)
        assert replays.known(db, [first, third, 99]) == {first, third}
    assert [letter.id for letter in (*page, *rest)] == [first, first + 1, third]
    assert free(sessions, topic=OUTCOMES) == [first + 1]
    assert free(sessions, ids=(third, first)) == [first, third]
    assert free(sessions, reason="too_large") == []


def test_one_replay_at_a_time(sessions: Sessions) -> None:
    """A second one is told so, and is free to go when the first has ended."""
    with replays.alone(sessions) as first, replays.alone(sessions) as second:
        assert (first, second) == (True, False)
    with replays.alone(sessions) as third:
        assert third


def test_a_letter_that_came_back_is_linked(feed: Feed, sessions: Sessions) -> None:
    """By the place that its header names."""
    first = with_letter(feed)
    again = with_letter(feed, replay_of=f"{TRACES_0.topic}/0@0")
    with_letter(feed, replay_of=f"{TRACES_0.topic}/0@1")
    with sessions.read() as db:
        (line,) = [line for line in newest(db, limit=9) if line.id == first]
        assert replayed_as(db, line) == [again]


@pytest.mark.parametrize(
    ("contents", "place", "table"),
    [
        ((trace(), trace()), TRACES_0, "traces"),
        ((outcome(), outcome()), OUTCOMES_0, "outcomes"),
        ((heartbeat(), heartbeat(sequence=1)), HEARTBEATS_0, "heartbeats"),
    ],
    ids=["trace", "outcome", "heartbeat"],
)
def test_a_replay_is_stored_as_one(
    feed: Feed, sessions: Sessions, contents: tuple[Content, Content], place: Source, table: str
) -> None:
    """And the same row of a router is not, beside it in one batch."""
    batch = feed.batch({place: contents})
    marked = Batch([batch.messages[0]._replace(replay_of="x/0@0"), batch.messages[1]], batch.spans)
    assert feed.send_batch(marked).counts[place].stored == 2
    assert sorted(rows(sessions, f"SELECT replayed FROM {table}")) == [(False,), (True,)]


def test_hostile_words_in_the_header_are_storable(feed: Feed, sessions: Sessions) -> None:
    """Whoever sets the header cannot make a dead letter that has no place."""
    with_letter(feed, replay_of="a\0\ud800" + "x" * 9000)
    assert len(one(sessions, "SELECT replay_of FROM dead_letters")) == 2000
