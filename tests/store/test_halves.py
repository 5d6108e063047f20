"""A row that PostgreSQL refuses costs its own message only."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.trace import Trace
from store.errors import StoreAway, StoreRefused
from store.received import Batch, Counts, Source, Span, StagedTrace, StoredBatch
from store.sessions import Sessions
from tests.audit import audit
from tests.builders import attempt, heartbeat, outcome, trace
from tests.store.feed import (
    HEARTBEATS_0,
    OUTCOMES_0,
    Content,
    Feed,
    execute,
    one,
    partition,
    received,
    rows,
    unreadable,
)

_REFUSED = "refused"


@pytest.fixture(params=["check", "trigger"])
def picky(request: pytest.FixtureRequest, feed: Feed) -> Feed:
    """A database that refuses some rows: by a constraint (SQLSTATE 23), or by a trigger's data exception (22)."""
    if request.param == "check":
        execute(feed.sessions, f"ALTER TABLE traces ADD CONSTRAINT picky CHECK (tenant <> '{_REFUSED}')")
    else:
        body = f"BEGIN IF new.tenant = '{_REFUSED}' THEN RAISE data_exception USING message = 'picky'; END IF;"
        execute(feed.sessions, f"CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS '{_quoted(body)}")
        execute(feed.sessions, "CREATE TRIGGER picky BEFORE INSERT ON traces FOR EACH ROW EXECUTE FUNCTION picky()")
    return feed


def _quoted(body: str) -> str:
    return body.replace("'", "''") + " RETURN new; END'"


def good(count: int) -> list[Content]:
    """Traces that are taken."""
    return [trace() for _ in range(count)]


def bad() -> Content:
    """A trace that is not."""
    return trace(tenant=_REFUSED, attempts=(attempt(), attempt()))


def ids(contents: Sequence[Content]) -> dict[UUID, int]:
    """What the audit wants of the traces that are taken."""
    return {c.trace_id: len(c.attempts) for c in contents if isinstance(c, Trace) and c.tenant != _REFUSED}


@pytest.mark.parametrize("places", [{0}, {6}, {3}, {0, 6}, {2, 3}, set(range(7))], ids=str)
def test_only_the_refused_messages_are_dead_letters(picky: Feed, places: set[int]) -> None:
    """Wherever they stand in the batch; the others are stored, and the spans stay one chain."""
    contents = [bad() if number in places else trace() for number in range(7)]
    counts = picky.send(*contents)
    assert counts == Counts(stored=7 - len(places), dead=len(places))
    topic = partition().topic
    audit(picky.sessions, attempts=ids(contents), dead={(topic, 0, number) for number in places}, messages=7)
    assert picky.place(partition()) == 7


def test_the_dead_letter_says_why_and_whose(picky: Feed) -> None:
    """SQLSTATE, environment and route, and the bytes of the message."""
    picky.send(trace(), bad(), trace())
    ((reason, detail, environment, route, payload),) = rows(
        picky.sessions, "SELECT reason, detail, environment, route, payload FROM dead_letters"
    )
    assert (reason, environment, route) == (DeadLetterReason.STORE_REFUSED.value, "prod", "invoices")
    assert detail.endswith(("(SQLSTATE 22000)", 'constraint "picky" (SQLSTATE 23514)'))
    assert b'"tenant":"refused"' in payload


def test_every_other_kind_is_stored_beside_it(picky: Feed) -> None:
    """Several partitions and topics in one batch: each half takes its own part of each span."""
    contents: dict[Source, list[Content]] = {
        partition(0): [*good(3), bad(), *good(2)],
        partition(1): [bad(), unreadable(), bad()],
        partition(2): good(1),
        OUTCOMES_0: [outcome(), outcome()],
        HEARTBEATS_0: [heartbeat(sequence=1), heartbeat(sequence=1)],
    }
    stored = picky.send_batch(picky.batch(contents))
    assert stored.counts == {
        partition(0): Counts(stored=5, dead=1),
        partition(1): Counts(dead=3),
        partition(2): Counts(stored=1),
        OUTCOMES_0: Counts(stored=2),
        HEARTBEATS_0: Counts(stored=1, duplicate=1),
    }
    assert stored.reasons == {DeadLetterReason.STORE_REFUSED: 3, DeadLetterReason.INVALID_JSON: 1}
    taken = [*contents[partition(0)], *contents[partition(2)]]
    topic = partition().topic
    audit(
        picky.sessions,
        attempts=ids(taken),
        dead={(topic, 0, 3), (topic, 1, 0), (topic, 1, 1), (topic, 1, 2)},
        messages=14,
    )


def interleaved(feed: Feed, *sources: Source, count: int) -> Batch:
    """Messages of several partitions in turn, every third refused, as a broker mixes them; spans end behind them."""
    for source in (*sources, partition(9)):
        feed.place(source)
    messages = [
        received(sources[number % len(sources)], 2 * (number // len(sources)), bad() if number % 3 == 0 else trace())
        for number in range(count)
    ]
    spans = {source: Span(0, 1000 + source.partition) for source in sources}
    return Batch(messages, spans | {partition(9): Span(0, 50)})


def test_spans_that_reach_beyond_the_messages(picky: Feed) -> None:
    """Offsets without a message (transaction markers, compaction), between, behind and instead of messages: every
    partition ends where its span ends, and no offset is in two batches or in none.
    """
    batch = interleaved(picky, partition(0), partition(1), partition(2), count=20)
    contents = [message.content for message in batch.messages if not isinstance(message.content, StagedTrace)]
    stored = picky.send_batch(batch)
    dead = {(m.source.topic, m.source.partition, m.offset) for n, m in enumerate(batch.messages) if n % 3 == 0}
    audit(picky.sessions, attempts=ids(contents), dead=dead, messages=20)
    assert {source: picky.place(source) for source in batch.spans} == {s: span.next for s, span in batch.spans.items()}
    assert sum(counts.dead for counts in stored.counts.values()) == len(dead)


def test_a_batch_without_messages(feed: Feed) -> None:
    """Only markers since the last batch: the offset moves, and a batch row says so."""
    feed.send(*good(2))
    stored = feed.send_batch(Batch([], {partition(): Span(2, 9)}))
    assert stored == StoredBatch({partition(): Counts()})
    assert feed.place(partition()) == 9
    assert rows(feed.sessions, "SELECT first, next, stored FROM ingest_batches ORDER BY id") == [(0, 2, 2), (2, 9, 0)]


def test_a_batch_of_nothing(feed: Feed) -> None:
    """No message and no span: nothing happens."""
    assert feed.store.store(Batch([], {})) == StoredBatch()
    assert one(feed.sessions, "SELECT count(*) FROM ingest_batches") == 0


def test_refused_attempts_take_their_trace_along(feed: Feed) -> None:
    """A trace is stored whole or not at all."""
    execute(feed.sessions, "ALTER TABLE attempts ADD CONSTRAINT picky CHECK (model <> 'bad')")
    broken = trace(attempts=(attempt(), attempt(model="bad")))
    assert feed.send(trace(), broken, trace()) == Counts(stored=2, dead=1)
    assert rows(feed.sessions, "SELECT 1 FROM attempts WHERE trace_id = :id", id=broken.trace_id) == []


def test_a_constraint_that_speaks_of_partitions(feed: Feed) -> None:
    """Which error it was is told by its fields, not by its words: those are in the server's language."""
    name = "no partition of relation"
    execute(feed.sessions, f"ALTER TABLE traces ADD CONSTRAINT \"{name}\" CHECK (tenant <> '{_REFUSED}')")
    assert feed.send(bad(), trace()) == Counts(stored=1, dead=1)


def test_what_was_stored_before_the_database_went_away_stays(picky: Feed, sessions: Sessions) -> None:
    """Halves are transactions of their own: after StoreAway the store's offset says how far it came."""
    execute(sessions, "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE admin_shutdown; END'")
    execute(
        sessions,
        "CREATE TRIGGER zz_gone BEFORE INSERT ON traces FOR EACH ROW"
        " WHEN (new.tenant = 'gone') EXECUTE FUNCTION gone()",
    )
    contents = [trace(), trace(), trace(tenant="gone"), bad()]
    with pytest.raises(StoreAway):
        picky.send(*contents)
    assert picky.place(partition()) in {0, 2}
    execute(sessions, "DROP TRIGGER zz_gone ON traces")
    rest = contents[picky.place(partition()) :]
    picky.send(*rest)
    audit(sessions, attempts=ids(contents), dead={(partition().topic, 0, 3)}, messages=4)


def test_a_dead_letter_that_cannot_be_stored_stops(feed: Feed) -> None:
    """There is no third place for a message: the error goes up, and the offset stays."""
    execute(feed.sessions, "ALTER TABLE dead_letters ADD CONSTRAINT picky CHECK (detail <> 'unstorable')")
    with pytest.raises(StoreRefused, match="picky"):
        feed.send(trace(), unreadable("unstorable"), trace())
    assert feed.place(partition()) == 1
