"""New prices for what is stored: what differs is written, in pieces, and a run that was cut short is finished."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from pointsman.forgetting import Forgetting
from pointsman.prices.repricing import Repricing
from store.errors import StoreAway
from store.forgetting import Whose
from store.price_book import entries
from store.pricing import PriceBook
from store.repricing import Period, compare_prices, reprice_day
from store.retention import delete_expired
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.conftest import Scale
from tests.prices import add, entry, numbered, people
from tests.store.feed import OUTCOMES_0, Feed, execute, one, rows

_PERIOD = Period(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
_DAY = NOON.date()


def repricing(sessions: Sessions) -> Repricing:
    """Of the whole period, by the book as it stands."""
    with sessions.read() as db:
        return Repricing(PriceBook(one.entry for one in entries(db)), _PERIOD.since, _PERIOD.until)


def written(sessions: Sessions) -> int:
    """Write, and say how much that was."""
    run = repricing(sessions)
    run.write(sessions, lambda _: None)
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


def test_one_that_is_cut_short_is_finished(feed: Feed, sessions: Sessions) -> None:
    """A day is there as a whole once it is committed, with its rollups; the next run does the others."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    tick(sessions)
    add(sessions, entry())
    run = repricing(sessions)

    def cut(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.write(sessions, cut)
    assert (run.written, run.rebuilt) == (1, [_DAY - timedelta(days=1)])
    costs = "SELECT cost_nanousd > 0 FROM request_rollups_day ORDER BY bucket"
    assert rows(sessions, costs) == [(True,), (False,)]
    assert written(sessions) == 1
    assert rows(sessions, costs) == [(True,), (True,)]


def test_costs_and_sums_are_one(feed: Feed, sessions: Sessions) -> None:
    """Where the rollups of a day cannot be made again its costs stay what they were."""
    feed.send(trace())
    tick(sessions)
    add(sessions, entry())
    execute(sessions, "ALTER TABLE tenant_rollups_day RENAME TO elsewhere")
    with pytest.raises(ProgrammingError, match="tenant_rollups_day"):
        written(sessions)
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == 0


def test_a_large_day_is_read_in_pieces(feed: Feed, sessions: Sessions, scale: Scale) -> None:
    """No piece holds the day, and all of them do."""
    count = scale(long=40_000, small=10_000)
    for _ in range(count // 2_000):
        feed.send(*(trace() for _ in range(2_000)))
    add(sessions, entry())
    pieces = [len(some) for some in compare_prices(sessions, repricing(sessions).book, _DAY, _PERIOD)]
    assert sum(pieces) == count
    assert max(pieces) < count
    assert written(sessions) == count
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == count


def test_what_is_compared_is_what_is_written(feed: Feed, sessions: Sessions) -> None:
    """A price that is imported between the question and the answer is not in it."""
    feed.send(trace())
    add(sessions, entry())
    run = repricing(sessions)
    run.compare(sessions, lambda _: None)
    add(sessions, entry(since=NOON))
    run.write(sessions, lambda _: None)
    assert one(sessions, "SELECT price_id FROM repriced_attempts") == 1
    (totals,) = run.totals.values()
    assert (totals.attempts, totals.changed, totals.after_nanousd) == (1, 1, 1234 * 1000 + 321 * 4000)


@pytest.mark.parametrize("who", ["forget", "reprice"])
def test_forget_and_reprice_take_turns(feed: Feed, sessions: Sessions, store_url: str, who: str) -> None:
    """What is forgotten does not come back from a transaction that read it before: each waits for the other's."""
    feed.send(trace(session_id="s-1"))
    tick(sessions)
    add(sessions, entry())
    whose = Whose("session_id", "s-1")
    works: dict[str, Callable[[], object]] = {
        "forget": lambda: Forgetting(whose).delete(sessions, lambda _: None),
        "reprice": lambda: written(sessions),
    }
    other = {"forget": "SHARE ROW EXCLUSIVE", "reprice": "ROW EXCLUSIVE"}[who]
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(store_url) as holder:
            holder.execute(f"LOCK TABLE repriced_attempts IN {other} MODE")
            working = pool.submit(works[who])
            # Longer than anybody waits for a lock who is not patient.
            with pytest.raises(TimeoutError):
                working.result(timeout=3.5)
        working.result(timeout=30)
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
    assert reprice_day(sessions, run.book, _DAY, _PERIOD) is None


def test_a_day_that_forget_touches_meanwhile(feed: Feed, sessions: Sessions) -> None:
    """It keeps its costs, also where it was whole when the run began: nothing could add the new ones to its sums."""
    feed.send(trace(), trace(session_id="s-1", attempts=()))
    tick(sessions)
    add(sessions, entry())
    run = repricing(sessions)
    assert run.days(sessions) == [_DAY]
    Forgetting(Whose("session_id", "s-1")).delete(sessions, lambda _: None)
    assert reprice_day(sessions, run.book, _DAY, _PERIOD) is None
    assert one(sessions, "SELECT count(*) FROM repriced_attempts") == 0


def test_days_that_forget_touched_keep_their_costs(feed: Feed, sessions: Sessions) -> None:
    """Their sums cannot be made again: an outcome that comes later would take away a cost that was never added."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    add(sessions, entry())
    execute(sessions, "INSERT INTO incomplete_days (day, reason) VALUES (:day, 'forget')", day=_DAY)
    assert repricing(sessions).left_out(sessions) == [_DAY]
    assert written(sessions) == 1
    assert one(sessions, "SELECT CAST(started_at AS date) FROM repriced_attempts") == _DAY - timedelta(days=1)


def test_what_comes_while_it_waits_is_priced(feed: Feed, sessions: Sessions, store_url: str) -> None:
    """A repricing may wait long for its turn: the day is then as large as it has become."""
    feed.send(trace())
    tick(sessions)
    execute(sessions, "TRUNCATE attempts, traces")
    book = numbered(entry())
    with ThreadPoolExecutor(1) as pool, psycopg.connect(store_url) as holder:
        holder.execute("LOCK TABLE rollups_turn IN EXCLUSIVE MODE")
        working = pool.submit(reprice_day, sessions, book, _DAY, _PERIOD)
        with pytest.raises(TimeoutError):
            working.result(timeout=0.5)
        # By the book that ingest has for some seconds more.
        feed.send(trace())
        holder.commit()
        assert working.result(timeout=30) == 1


def test_retention_gets_on_beside_a_repricing(feed: Feed, sessions: Sessions, store_url: str) -> None:
    """What a repricing keeps to itself goes with the next round, and everything else with this one."""
    feed.send(trace())
    tick(sessions)
    execute(sessions, "UPDATE request_rollups_minute SET bucket = bucket - interval '20 days'")
    with psycopg.connect(store_url) as holder:
        holder.execute("LOCK TABLE repriced_attempts IN SHARE ROW EXCLUSIVE MODE")
        with pytest.raises(StoreAway, match="lock"):
            delete_expired(sessions, now=datetime.now(UTC), oldest=_DAY - timedelta(days=30))
    assert one(sessions, "SELECT count(*) FROM request_rollups_minute") == 0
