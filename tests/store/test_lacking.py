"""Why an attempt has no cost is told by the unit that its entry lacks, so that nobody reprices again and again."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.lacking import Lack, lacking
from store.price_entries import Price, PriceEntry, Unit
from store.pricing import MAX_NANOUSD, PriceBook, Usage
from store.sessions import Sessions
from store.unpriced import unpriced_models
from tests.builders import NOON, attempt, trace
from tests.prices import entry, numbered, price
from tests.store.feed import Feed, execute

_MODEL = "qwen-3.5-72b"
_INPUT, _OUTPUT = price(Unit.INPUT_TOKENS, "1"), price(Unit.OUTPUT_TOKENS, "4")


def why(*prices: Price, **usage: Any) -> Lack | None:
    """Of one attempt, by a book of one entry."""
    used = Usage(**{"input_tokens": 100, "output_tokens": 10} | usage)
    return lacking(numbered(entry(_MODEL, *prices)), _MODEL, "", NOON, used)


@pytest.mark.parametrize(
    ("prices", "usage", "what"),
    [
        ([_INPUT, _OUTPUT], {"cache_read_tokens": 7}, ["cache_read_tokens"]),
        ([_INPUT], {"cache_write_tokens": 1}, ["cache_write_tokens", "output_tokens"]),
        ([_OUTPUT], {}, ["input_tokens"]),
        ([_OUTPUT, price(Unit.CACHE_READ_TOKENS, "1")], {"cache_read_tokens": 100}, None),
        ([_INPUT], {}, ["output_tokens"]),
        ([_INPUT, _OUTPUT, price(Unit.CACHE_WRITE_5M_TOKENS, "1")], {"cache_write_tokens": 1}, ["cache_write_tokens"]),
        (
            [_INPUT, _OUTPUT, price(Unit.CACHE_WRITE_5M_TOKENS, "1"), price(Unit.CACHE_WRITE_1H_TOKENS, "1")],
            {"cache_write_tokens": 1},
            None,
        ),
        ([_INPUT, _OUTPUT, price(Unit.TOOL_CALLS, "1", 500)], {"tool_calls": 1}, ["tool_calls"]),
        ([_INPUT, _OUTPUT], {"tool_calls": 1}, None),
    ],
)  # fmt: skip
def test_the_unit_is_named(prices: list[Price], usage: dict[str, Any], what: list[str] | None) -> None:
    """As a price file spells it; None where there is a cost."""
    assert why(*prices, **usage) == (None if what is None else Lack(1, tuple(what)))


def test_gpu_hours_need_what_attempts_tell() -> None:
    """A duration, and a batch size from the attempt or from the entry."""
    book = numbered(PriceEntry(model=_MODEL, prices=(price(Unit.GPU_HOURS, "3"),)))
    assert lacking(book, _MODEL, "", NOON, Usage(1, 1)) == Lack(1, ("duration_s of the attempt", "assumed_batch_size"))
    assert lacking(book, _MODEL, "", NOON, Usage(1, 1, duration_us=5, batch_size=2)) is None


def test_no_entry_and_too_much() -> None:
    """Both are told apart from a unit that is missing, for people too."""
    assert lacking(PriceBook(), _MODEL, "", NOON, Usage(1, 1)) == Lack(0)
    dear = why(Price(Unit.INPUT_TOKENS, 0, MAX_NANOUSD), _OUTPUT, input_tokens=10**12)
    assert str(dear) == "price 1 lacks an end: it comes to more than a billion USD"
    assert str(Lack(3, ("cache_read_tokens", "output_tokens"))) == "price 3 lacks cache_read_tokens, output_tokens"


@given(
    st.sets(st.sampled_from([unit for unit in Unit if not unit.is_hourly]), min_size=1),
    st.tuples(*[st.integers(0, 3)] * 4, st.integers(0, 1)),
)
def test_a_price_for_each_unit_that_is_named_gives_a_cost(units: set[Unit], counts: tuple[int, ...]) -> None:
    """Nothing is named for nothing, and nothing is left out: whoever adds these lines is done."""
    uncached, read, write, output, calls = counts
    usage = {"input_tokens": uncached + read + write, "output_tokens": output, "tool_calls": calls}
    usage |= {"cache_read_tokens": read, "cache_write_tokens": write}
    prices = [price(unit, "1") for unit in units]
    found = why(*prices, **usage)
    if found is not None:
        assert found.what
        assert why(*prices, *(price(Unit(name), "1") for name in found.what), **usage) is None


def test_stored_attempts_are_told_apart(feed: Feed, sessions: Sessions) -> None:
    """By what they used, and by the entry and the tier that held for them; those alike are one line."""
    cached = attempt(cache_read_tokens=100)
    feed.send(*(trace(attempts=(attempt(), cached)) for _ in range(2)))
    feed.send(trace(started_at=NOON - timedelta(hours=2), attempts=(cached,)))
    feed.send(trace(attempts=(attempt(input_tokens=9_000, model="tiered"), attempt(model="tiered"))))
    dear = price(Unit.INPUT_TOKENS, "2", 5_000)
    writes = (price(Unit.CACHE_WRITE_TOKENS, "1", 5_000), price(Unit.REQUESTS, "1", 5_000))
    book = [
        entry(_MODEL, _INPUT, _OUTPUT, since=NOON - timedelta(hours=1), price_id=1),
        entry("tiered", _INPUT, dear, _OUTPUT, *writes, price_id=2),
    ]
    with sessions.read() as db:
        found = unpriced_models(db, book, since=NOON - timedelta(days=1), limit=10)
    assert {(one.model, one.attempts, one.lack) for one in found} == {
        (_MODEL, 2, None),
        (_MODEL, 2, Lack(1, ("cache_read_tokens",))),
        (_MODEL, 1, Lack(0)),
        ("tiered", 1, None),
        ("tiered", 1, Lack(2, ("requests",))),
    }


def test_a_day_that_is_closed_is_told_apart(feed: Feed, sessions: Sessions) -> None:
    """Repricing leaves out days of which raw rows were deleted: nobody is to be sent there."""
    feed.send(trace(), trace(started_at=NOON - timedelta(days=1)))
    execute(sessions, f"INSERT INTO incomplete_days (day, reason) VALUES ('{NOON:%Y-%m-%d}', 'forget')")
    with sessions.read() as db:
        found = unpriced_models(db, [entry(_MODEL, price_id=1)], since=NOON - timedelta(days=2), limit=10)
    assert {(one.last, one.lack, one.is_closed) for one in found} == {
        (NOON, None, True),
        (NOON - timedelta(days=1), None, False),
    }
