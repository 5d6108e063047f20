"""Attempts without a cost are priced in the transaction that stores them, and never hold anything up."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from pointsman.forgetting import Forgetting
from pointsman_contract.attempt import Attempt
from store.errors import PricesChanged, StoreAway, StoreRefused
from store.forgetting import Whose
from store.price_book import CachedPriceBook, add_entries, entries
from store.price_entries import Unit
from store.retention import delete_expired
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.prices import add, entry, people, price
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, execute, one, partition, rows

_COSTS = (
    "SELECT prefill_cost_nanousd, cache_cost_nanousd, generation_cost_nanousd, tools_cost_nanousd, price_id"
    " FROM attempts ORDER BY trace_id, position"
)
_UNKNOWN = (None,) * 5


def told(**fields: object) -> Attempt:
    """An attempt with costs of its own."""
    parts = {f"{part}_cost_usd": Decimal("0.5") for part in ("prefill", "cache", "generation", "tools")}
    return attempt(**parts | fields)


def test_a_price_is_stored_with_its_number(feed: Feed, sessions: Sessions) -> None:
    """By model and provider, at the time at which the trace started; the router's own word stays, without a number."""
    early, late = add(sessions, entry(), entry("qwen-*", provider="vllm", since=NOON))
    feed.send(trace(attempts=(attempt(input_tokens=3, output_tokens=2), told(), attempt(model="unknown"))))
    half = 500_000_000
    assert rows(sessions, _COSTS) == [(3000, 0, 8000, 0, early), (half, half, half, half, None), _UNKNOWN]
    execute(sessions, "DELETE FROM attempts")
    feed.send(trace(attempts=(attempt(model="qwen-x", provider="vllm", input_tokens=1, output_tokens=0),)))
    feed.send(trace(started_at=NOON - timedelta(hours=1), attempts=(attempt(model="qwen-x", provider="vllm"),)))
    assert {row[4] for row in rows(sessions, _COSTS)} == {late, None}


def test_what_has_no_price_is_counted(feed: Feed, sessions: Sessions) -> None:
    """Once for each attempt that is stored: not for duplicates, in the batch or in the store."""
    add(sessions, entry())
    unpriced = trace(attempts=(attempt(model="a"), attempt(), attempt(model="b")))
    again = trace(trace_id=unpriced.trace_id, started_at=NOON + timedelta(hours=1), attempts=(attempt(model="c"),))
    batch = feed.batch({TRACES_0: [unpriced, unpriced, again, trace()]})
    assert feed.send_batch(batch).unpriced == 2
    assert feed.send_batch(feed.batch({TRACES_0: [unpriced, trace(attempts=(attempt(model="d"),) * 5)]})).unpriced == 5
    assert one(sessions, "SELECT count(*) FROM attempts WHERE generation_cost_nanousd IS NULL") == 7


def test_a_batch_that_is_tried_again_is_stored_once(feed: Feed, sessions: Sessions) -> None:
    """Priced twice, by two books: what is stored is of the one that was stored, and every attempt is there once."""
    add(sessions, entry())
    sent = trace()
    begun = feed.store.begin(feed.batch({TRACES_0: [sent]}))
    begun.abandon()
    (number,) = add(sessions, entry(since=NOON))
    assert feed.send(sent).stored == 1
    assert feed.send(sent, to=partition(1)).duplicate == 1
    assert [row[4] for row in rows(sessions, _COSTS)] == [number]


def test_a_book_that_cannot_be_read_loses_nothing(feed: Feed, sessions: Sessions) -> None:
    """The batch waits as for any store that is away, and is stored later, priced."""
    add(sessions, entry())
    batch = feed.batch({TRACES_0: [trace()]})
    execute(sessions, "ALTER TABLE price_book RENAME TO away")
    with pytest.raises(Exception, match="price_book"):
        feed.send_batch(batch)
    assert one(sessions, "SELECT count(*) FROM traces") == 0
    execute(sessions, "ALTER TABLE away RENAME TO price_book")
    assert feed.send_batch(batch).unpriced == 0
    assert one(sessions, "SELECT count(*) FROM attempts WHERE price_id IS NOT NULL") == 1


def test_the_time_of_people(feed: Feed, sessions: Sessions) -> None:
    """Of traces at their start, of outcomes when they were observed; a cost that came along stays."""
    early, late = add(sessions, people("36"), people("72", since=NOON))
    feed.send(
        trace(human_review_s=0.5),
        trace(human_review_s=0.5, human_cost_usd=Decimal(3)),
        trace(),
        trace(started_at=NOON - timedelta(hours=1), human_review_s=0.5),
    )
    found = rows(sessions, 'SELECT human_cost_nanousd, human_price_id FROM traces ORDER BY "offset"')
    assert found == [(10_000_000, late), (3 * 10**9, None), (None, None), (5_000_000, early)]
    before = NOON - timedelta(microseconds=1)
    some = [outcome(human_review_s=1.0), outcome(human_review_s=1.0, observed_at=before), outcome()]
    feed.send(*some, outcome(human_cost_usd=Decimal(2)), to=OUTCOMES_0)
    found = rows(sessions, 'SELECT human_cost_nanousd, human_price_id FROM outcomes ORDER BY "offset"')
    assert found == [(20_000_000, late), (10_000_000, early), (None, None), (2 * 10**9, None)]


def test_a_book_is_used_for_a_while(sessions: Sessions) -> None:
    """Asked for again only after its time, and at once where there is none yet; the same one while nothing changes."""
    book = CachedPriceBook(sessions, cached_s=3600)
    assert book.current() is book.current()
    add(sessions, entry())
    assert book.current().segment("qwen-3.5-72b", "", NOON).tariff is None
    fresh = CachedPriceBook(sessions, cached_s=0)
    first = fresh.current()
    assert first.segment("qwen-3.5-72b", "", NOON).tariff is not None
    assert fresh.current() is first
    add(sessions, entry(since=NOON), instead_of=(1,))
    assert fresh.current() is not first


def test_a_store_that_is_away(sessions: Sessions) -> None:
    """Is told, and asked again by the next call."""
    away = Sessions("postgresql://nobody@127.0.0.1:1/none")
    book = CachedPriceBook(away)
    for _ in range(2):
        with pytest.raises(StoreAway):
            book.current()
    away.close()


def test_entries_come_back_as_they_were(sessions: Sessions) -> None:
    """Every field of them; one that was withdrawn is kept, and holds no more."""
    tiers = entry("gpt*", price(Unit.INPUT_TOKENS, "1"), price(Unit.INPUT_TOKENS, "2", 9), provider="o", source="a.csv")
    several = [tiers, entry("g", price(Unit.GPU_HOURS, "1.5"), gpus=8, assumed_batch_size=2, valid_to=NOON)]
    numbers = add(sessions, *several, people("30"))
    with sessions.read() as db:
        found = entries(db)
    assert [one.entry.content for one in found] == [one.content for one in (*several, people("30"))]
    assert found[0].entry.source == "a.csv"
    assert add(sessions, entry("gpt*"), instead_of=(numbers[0],)) == [numbers[-1] + 1]
    with sessions.read() as db:
        assert [one.entry.price_id for one in entries(db)] == [2, 3, 4]
        assert [one.withdrawn_at is None for one in entries(db, withdrawn=True)] == [False, True, True, True]


def test_two_imports_at_the_same_moment(sessions: Sessions) -> None:
    """Whoever was checked against a book that has changed since adds nothing: the two together may be a tie."""
    add(sessions, entry())
    with pytest.raises(PricesChanged), sessions.write() as db:
        add_entries(db, [entry("other")], withdraw=(), known=())
    assert one(sessions, "SELECT count(DISTINCT price_id) FROM price_book") == 1


@pytest.mark.parametrize(
    "change",
    [
        "unit = 'moons'", "nanousd_per_million = -1", "nanousd_per_hour = 1", "nanousd_per_million = NULL", "gpus = 0",
        "above_input_tokens = -1", "assumed_batch_size = 0", "valid_to = valid_from",
    ],
)  # fmt: skip
def test_whoever_writes_by_hand(sessions: Sessions, change: str) -> None:
    """The database itself refuses a price that ingest could not take."""
    add(sessions, entry())
    with pytest.raises(StoreRefused, match="ck_price_book"):
        execute(sessions, f"UPDATE price_book SET {change}")


def test_the_database_knows_every_unit(sessions: Sessions) -> None:
    """One that the code knows and the migration does not could not be imported."""
    for unit in Unit:
        add(sessions, entry(f"model of {unit}", price(unit, "1")))


def _reprice_all(sessions: Sessions) -> Sequence[object]:
    execute(
        sessions,
        "INSERT INTO repriced_attempts (trace_id, started_at, position)"
        " SELECT trace_id, started_at, position FROM attempts",
    )
    return rows(sessions, "SELECT trace_id FROM repriced_attempts")


def test_what_is_forgotten_goes_here_too(feed: Feed, sessions: Sessions) -> None:
    """New costs of a session's traces go with them, all others stay."""
    kept = trace(session_id="s-2")
    feed.send(trace(session_id="s-1", attempts=(attempt(),) * 3), kept)
    assert len(_reprice_all(sessions)) == 4
    Forgetting(Whose("session_id", "s-1")).delete(sessions, lambda _: None)
    assert rows(sessions, "SELECT trace_id FROM repriced_attempts") == [(kept.trace_id,)]


def test_what_is_expired_goes_here_too(feed: Feed, sessions: Sessions) -> None:
    """New costs are kept as long as what they are costs of."""
    feed.send(trace(started_at=NOON - timedelta(days=2)), trace())
    assert len(_reprice_all(sessions)) == 2
    delete_expired(sessions, now=NOON, oldest=NOON.date())
    assert rows(sessions, "SELECT started_at FROM repriced_attempts") == [(NOON,)]
