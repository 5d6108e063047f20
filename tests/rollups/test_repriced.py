"""Rollups hold the costs that hold now: those of the price book as it was, or of a repricing since."""

from datetime import timedelta
from decimal import Decimal

from store.rollups.comparing import compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.store.feed import OUTCOMES_0, Feed, execute, one, rows

DAY = NOON.date()
_COSTS = "SELECT cost_nanousd, human_cost_nanousd, unpriced, priced_known FROM request_rollups_day"
_PARTS = {"prefill_cost_usd": Decimal(1), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}


def reprice(sessions: Sessions, position: int, generation: int | None, prefill: int | None = 0) -> None:
    """As `prices reprice` writes it."""
    execute(
        sessions,
        "INSERT INTO repriced_attempts (trace_id, started_at, position, prefill_cost_nanousd, cache_cost_nanousd,"
        " generation_cost_nanousd, tools_cost_nanousd, price_id, repriced_at)"
        " SELECT trace_id, started_at, :position, :prefill, :prefill, :generation, :prefill, NULL, now() FROM traces",
        position=position, prefill=prefill, generation=generation,
    )  # fmt: skip


def test_a_day_that_was_repriced_is_made_again(feed: Feed, sessions: Sessions) -> None:
    """Costs that were unknown are known, those that a person's time had too; and nothing differs from the raw rows."""
    feed.send(trace(human_review_s=60.0, outcome="success", attempts=(attempt(),)))
    tick(sessions)
    assert rows(sessions, _COSTS) == [(0, 0, 1, 0)]
    reprice(sessions, 0, 5_000)
    reprice(sessions, -1, 700)
    assert compare_day(sessions, DAY).different > 0
    rebuild_day(sessions, DAY)
    assert rows(sessions, _COSTS) == [(5_700, 700, 0, 1)]
    assert one(sessions, "SELECT sum(generation_cost_nanousd) FROM attempt_rollups_day") == 5_000
    assert one(sessions, "SELECT sum(cost_nanousd) FROM tenant_rollups_day") == 5_000
    assert compare_day(sessions, DAY).different == 0


def test_a_cost_that_nobody_knows_any_more(feed: Feed, sessions: Sessions) -> None:
    """A repricing may find no price: the cost is unknown then, and not what it was."""
    feed.send(trace(attempts=(attempt(generation_cost_usd=Decimal(2), **_PARTS),)))
    tick(sessions)
    assert rows(sessions, _COSTS) == [(3_000_000_000, 0, 0, 0)]
    reprice(sessions, 0, None, None)
    rebuild_day(sessions, DAY)
    assert rows(sessions, _COSTS) == [(0, 0, 1, 0)]


def test_outcomes_that_come_after_a_repricing(feed: Feed, sessions: Sessions) -> None:
    """New minus old by the costs that hold: the day is as if it had been made at once."""
    late = trace(attempts=(attempt(),))
    feed.send(late)
    tick(sessions)
    reprice(sessions, 0, 5_000)
    rebuild_day(sessions, DAY)
    feed.send(outcome(trace_id=late.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, _COSTS) == [(5_000, 0, 0, 1)]
    assert compare_day(sessions, DAY).different == 0


def test_a_day_that_forget_touched_keeps_its_sums(feed: Feed, sessions: Sessions) -> None:
    """Made again from what is left they would be too small."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    tick(sessions)
    execute(sessions, "INSERT INTO incomplete_days (day, reason) VALUES (:day, 'forget')", day=DAY)
    execute(sessions, "DELETE FROM traces WHERE started_at >= :noon", noon=NOON)
    rebuild_day(sessions, DAY)
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 2
