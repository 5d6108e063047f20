"""New prices for what is stored: what differs is written, in pieces, and a run that was cut short is finished."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from pointsman.forgetting import Forgetting
from pointsman.prices.repricing import Repricing
from store.errors import StoreAway
from store.forgetting import Whose, forget_day
from store.price_book import entries
from store.pricing import PriceBook
from store.repricing import REPRICING, repriced_day
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.conftest import Scale
from tests.prices import add, entry, people
from tests.store.feed import OUTCOMES_0, Feed, execute, one, rows

_PERIOD = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
_DAY = NOON.date()


def repricing(sessions: Sessions) -> Repricing:
    """Of the whole period, by the book as it stands."""
    with sessions.read() as db:
        return Repricing(PriceBook(one.entry for one in entries(db)), *_PERIOD)


def written(sessions: Sessions) -> int:
    """Write, and say how much that was."""
    run = repricing(sessions)
    run.write(sessions, lambda _: None, lambda _: True)
    return run.written


def test_only_what_differs_is_written(feed: Feed, sessions: Sessions) -> None:
    """What the router told stays, what had this price already too; a trace's costs are those of its own start."""
    add(sessions, entry(model="known"))
    told = {f"{part}_cost_usd": Decimal("0.5") for part in ("prefill", "cache", "generation", "tools")}
    feed.send(
        trace(attempts=(attempt(model="known"), attempt(**told), attempt(model="new"))),
        trace(started_at=NOON - timedelta(days=1), attempts=(attempt(model="new"),)),
        trace(started_at=NOON - timedelta(days=8), attempts=(attempt(model="new"),)),
    )
    add(sessions, entry(model="new", since=NOON - timedelta(hours=1)), entry(model="qwen*"))
    assert written(sessions) == 1
    assert rows(sessions, "SELECT position, started_at, generation_cost_nanousd FROM repriced_attempts") == [
        (2, NOON, 321 * 4000)
    ]
    assert written(sessions) == 0


def test_human_review(feed: Feed, sessions: Sessions) -> None:
    """Of traces, with or without a cost from the book; a cost that came along stays, and so do outcomes."""
    add(sessions, people("36", valid_to=NOON))
    feed.send(
        trace(human_review_s=1.0),
        trace(human_review_s=1.0, started_at=NOON - timedelta(hours=1)),
        trace(human_review_s=1.0, human_cost_usd=Decimal(1)),
        trace(),
    )
    feed.send(outcome(human_review_s=1.0), to=OUTCOMES_0)
    add(sessions, people("72", since=NOON - timedelta(hours=2)))
    assert written(sessions) == 2
    assert rows(sessions, "SELECT DISTINCT position, generation_cost_nanousd, price_id FROM repriced_attempts") == [
        (-1, 20_000_000, 2)
    ]
    assert one(sessions, "SELECT human_cost_nanousd FROM outcomes") is None


def test_one_that_is_cut_short_is_finished(feed: Feed, sessions: Sessions, scale: Scale) -> None:
    """Each piece is there once it is committed; the next run writes the rest, and no attempt twice."""
    count = scale(long=40_000, small=10_000)
    for _ in range(count // 2_000):
        feed.send(*(trace() for _ in range(2_000)))
    add(sessions, entry())
    run = repricing(sessions)
    pieces = repriced_day(sessions, run.book, _DAY, _PERIOD, model=None, write=True)
    first = len(next(pieces))
    pieces.close()
    assert 0 < first < count
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == first
    assert written(sessions) == count - first
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == count


def test_a_rebuild_that_failed_is_made_up_for(feed: Feed, sessions: Sessions) -> None:
    """The costs are written and their day was not rebuilt: the next run does so, though nothing differs any more."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    add(sessions, entry())

    def fail(_: date) -> bool:
        raise StoreAway("just now")

    with pytest.raises(StoreAway):
        repricing(sessions).write(sessions, lambda _: None, fail)
    run = repricing(sessions)
    run.write(sessions, lambda _: None, lambda _: True)
    assert (run.written, run.rebuilt) == (0, [_DAY - timedelta(days=1), _DAY])


def test_what_is_compared_is_what_is_written(feed: Feed, sessions: Sessions) -> None:
    """A price that is imported between the question and the answer is not in it."""
    feed.send(trace())
    add(sessions, entry())
    run = repricing(sessions)
    run.compare(sessions, lambda _: None)
    add(sessions, entry(since=NOON))
    run.write(sessions, lambda _: None, lambda _: True)
    assert one(sessions, "SELECT price_id FROM repriced_attempts") == 1
    (totals,) = run.totals.values()
    assert (totals.attempts, totals.changed, totals.after_nanousd) == (1, 1, 1234 * 1000 + 321 * 4000)


def test_forget_and_reprice_take_turns(feed: Feed, sessions: Sessions, store_url: str) -> None:
    """What is forgotten does not come back from a transaction that read it before: each waits for the other's."""
    feed.send(trace(session_id="s-1"))
    add(sessions, entry())
    whose = Whose("session_id", "s-1")
    for pieces in (
        forget_day(sessions, whose, _DAY),
        repriced_day(sessions, repricing(sessions).book, _DAY, _PERIOD, model=None, write=True),
    ):
        with psycopg.connect(store_url) as holder:
            holder.execute("SELECT pg_advisory_xact_lock(%s)", [REPRICING])
            with pytest.raises(StoreAway, match="lock"):
                next(iter(pieces))
    assert written(sessions) == 1
    Forgetting(whose).delete(sessions, lambda _: None)
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == 0


def test_a_day_that_has_gone_meanwhile(feed: Feed, sessions: Sessions) -> None:
    """Retention may drop a day under the run: there is nothing to do in it."""
    feed.send(trace())
    add(sessions, entry())
    run = repricing(sessions)
    assert run.days(sessions) == [_DAY]
    for table in ("traces", "attempts"):
        execute(sessions, f"DROP TABLE {table}_20261123")
    assert list(repriced_day(sessions, run.book, _DAY, _PERIOD, model=None, write=True)) == []


def test_days_that_forget_touched_keep_their_costs(feed: Feed, sessions: Sessions) -> None:
    """Their sums cannot be made again: an outcome that comes later would take away a cost that was never added."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    add(sessions, entry())
    execute(sessions, "INSERT INTO incomplete_days (day, reason) VALUES (:day, 'forget')", day=_DAY)
    assert repricing(sessions).left_out(sessions) == [_DAY]
    assert written(sessions) == 1
    assert one(sessions, "SELECT CAST(started_at AS date) FROM repriced_attempts") == _DAY - timedelta(days=1)
