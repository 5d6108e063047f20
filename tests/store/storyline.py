"""Partitions whose every message is known beforehand: two processes need no word with each other about them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from pointsman_contract.trace import Trace
from store.errors import OffsetsMoved, StoreAway
from store.received import Batch, Source
from tests.audit import Audited, audit
from tests.builders import NOON, attempt, trace
from tests.store.feed import Content, Feed, partition, unreadable

_BROKEN_EVERY, _AGAIN_EVERY = 20, 30


def message(number: int, offset: int) -> Content:
    """What stands at this offset of this partition: a trace, or unreadable, or the trace before once more."""
    if offset % _BROKEN_EVERY == 7:
        return unreadable(f"{number}/{offset}")
    if offset % _AGAIN_EVERY == 2:
        return message(number, offset - 1)
    # Starts on both sides of a midnight, so that neighbouring days take turns too.
    start = NOON + timedelta(hours=12, seconds=offset % 7 - 3)
    trace_id = UUID(int=(number << 64) + offset, version=4)
    return trace(trace_id=trace_id, started_at=start, attempts=(attempt(),) * (offset % 3))


def batch_of(feed: Feed, sources: Sequence[Source], *, size: int, end: int) -> Batch:
    """The next messages of each partition, from where the store says that it stands."""
    contents = {}
    for source in sources:
        first = feed.place(source)
        contents[source] = [message(source.partition, offset) for offset in range(first, min(first + size, end))]
    return feed.batch({source: ones for source, ones in contents.items() if ones})


def tell(feed: Feed, *, partitions: int, end: int, size: int) -> int:
    """Store all of the partitions, starting over from the store's offsets at every trouble; says how often."""
    sources = [partition(number) for number in range(partitions)]
    troubles = 0
    done = False
    while not done:
        troubles += 1
        with suppress(OffsetsMoved, StoreAway):
            while (batch := batch_of(feed, sources, size=size, end=end)).spans:
                feed.send_batch(batch)
            done = True
    return troubles - 1


def audit_story(feed: Feed, *, partitions: int, end: int) -> Audited:
    """The store holds these partitions up to `end`, each message once."""
    attempts: dict[UUID, int] = {}
    dead = set()
    for number in range(partitions):
        for offset in range(end):
            content = message(number, offset)
            if isinstance(content, Trace):
                attempts[content.trace_id] = len(content.attempts)
            else:
                dead.add((partition(number).topic, number, offset))
    return audit(feed.sessions, attempts=attempts, dead=dead, messages=partitions * end)
