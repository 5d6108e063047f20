"""Plays ingest: contract values in, batches with running offsets out, through a real BatchStore."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import text

from pointsman_contract.decode import encode
from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.topics import HEARTBEATS, OUTCOMES, TRACES
from pointsman_contract.trace import Trace
from store.batches import BatchStore
from store.days import Days
from store.offsets import begin_partition, stored_offsets
from store.price_book import CachedPriceBook
from store.received import Batch, Counts, DeadLetter, Received, Source, Span, StoredBatch
from store.routes import ROUTES_A_DAY, AdmittedRoutes
from store.sessions import Sessions

Content = Trace | Outcome | Heartbeat | DeadLetter

# The builders' noon stays where it is while the calendar goes on.
FOREVER = timedelta(days=36_500)
BROKEN = b'{"kind": "pointsman.trace/1", '


def topic_id(topic: str) -> UUID:
    """The id under which a topic is known here."""
    return uuid5(NAMESPACE_DNS, topic)


def partition(number: int = 0, topic: str = TRACES) -> Source:
    """One partition of a topic."""
    return Source("cluster-1", topic_id(topic), topic, number)


OUTCOMES_0 = partition(topic=OUTCOMES)
HEARTBEATS_0 = partition(topic=HEARTBEATS)
TRACES_0 = partition()


def unreadable(detail: str = "Expecting value", **fields: Any) -> DeadLetter:
    """A message that ingest could not read."""
    return DeadLetter(DeadLetterReason.INVALID_JSON, detail, **fields)


def received(source: Source, offset: int, content: Content) -> Received:
    """A message as ingest hands it on, a moment after the broker took it."""
    payload = BROKEN if isinstance(content, DeadLetter) else encode(content)
    return Received(source, offset, datetime.now(UTC), content, payload, b"key")


class Feed:
    """One consumer: a BatchStore of its own, and how far it has read each partition."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        raw_retention: timedelta = FOREVER,
        keep_payloads: bool = True,
        routes_a_day: int = ROUTES_A_DAY,
    ) -> None:
        self.sessions = sessions
        self.days = Days(sessions, raw_retention=raw_retention)
        self.routes = AdmittedRoutes(sessions, limit=routes_a_day)
        self.store = BatchStore(
            sessions, self.days, self.routes, CachedPriceBook(sessions, cached_s=0), keep_payloads=keep_payloads
        )
        self._next: dict[Source, int] = {}

    def place(self, source: Source) -> int:
        """Go where the store says that this partition stands, and say where that is."""
        with self.sessions.write() as db:
            begin_partition(db, source, 0)
        with self.sessions.read() as db:
            known = {one.source: one.next_offset for one in stored_offsets(db, source.cluster_id, [source.topic])}
        self._next[source] = known[source]
        return known[source]

    def batch(self, contents: Mapping[Source, Sequence[Content]]) -> Batch:
        """The next messages of these partitions as one batch, without moving on."""
        messages: list[Received] = []
        spans: dict[Source, Span] = {}
        for source, ones in contents.items():
            first = self._next[source] if source in self._next else self.place(source)
            messages += [received(source, first + number, content) for number, content in enumerate(ones)]
            spans[source] = Span(first, first + len(ones))
        return Batch(messages, spans)

    def send_batch(self, batch: Batch) -> StoredBatch:
        """Store a batch and move on to where it ends."""
        stored = self.store.store(batch)
        self._next.update({source: span.next for source, span in batch.spans.items()})
        return stored

    def send(self, *contents: Content, to: Source = TRACES_0) -> Counts:
        """Store these as one partition's next messages; says what became of them."""
        return self.send_batch(self.batch({to: contents})).counts[to]


def rows(sessions: Sessions, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a query finds, in a transaction of its own."""
    with sessions.read() as db:
        return [tuple(row) for row in db.execute(text(query), parameters)]


def one(sessions: Sessions, query: str, **parameters: Any) -> Any:
    """The single value that a query finds."""
    (found,) = rows(sessions, query, **parameters)
    (value,) = found
    return value


def execute(sessions: Sessions, statement: str, **parameters: Any) -> None:
    """Run a statement and commit."""
    with sessions.write() as db:
        db.execute(text(statement), parameters)
