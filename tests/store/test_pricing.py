"""Costs are exact: whole nano-dollars, each part rounded once, half to even; and what is not known is not 0."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_contract.attempt import Attempt
from store.price_entries import Price, PriceEntry, Unit
from store.priced_rows import RowPricing
from store.pricing import MAX_NANOUSD, Costs, PriceBook, Usage, divide_half_even
from store.rows import stage_trace
from tests.builders import NOON, attempt, trace
from tests.prices import entry, numbered, people, price
from tests.strategies import counts

_MODEL = "qwen-3.5-72b"
_HOUR = timedelta(hours=1)
_EVERY_TOKEN = (
    Unit.INPUT_TOKENS,
    Unit.CACHE_READ_TOKENS,
    Unit.CACHE_WRITE_TOKENS,
    Unit.CACHE_WRITE_5M_TOKENS,
    Unit.CACHE_WRITE_1H_TOKENS,
    Unit.OUTPUT_TOKENS,
)


def costs(book: PriceBook, at: datetime = NOON, **usage: Any) -> Costs | None:
    """Of one attempt."""
    return book.costs(_MODEL, "", at, Usage(**{"input_tokens": 0, "output_tokens": 0} | usage))


@given(st.integers(0, 10**30), st.integers(1, 10**12))
def test_half_to_even(amount: int, by: int) -> None:
    """As the exact fraction rounds: Python's own rule is half to even."""
    assert divide_half_even(amount, by) == round(Fraction(amount, by))


@pytest.mark.parametrize(
    ("tokens", "nanousd"), [(0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (6, 3), (7, 4), (1_000_001, 500_000)]
)
def test_half_a_nano_dollar(tokens: int, nanousd: int) -> None:
    """0.0005 USD for a million tokens are half a nano-dollar for one."""
    found = costs(numbered(entry(_MODEL, price(Unit.OUTPUT_TOKENS, "0.0005"))), output_tokens=tokens)
    assert found == Costs(1, 0, 0, nanousd, 0)


def test_the_four_parts() -> None:
    """Uncached input, cache, output and tools, each at its own price."""
    book = numbered(entry())
    found = costs(
        book, input_tokens=1000, cache_read_tokens=300, cache_write_tokens=200, output_tokens=50, tool_calls=3
    )
    assert found == Costs(1, 500 * 1000, 300 * 100 + 200 * 1250, 50 * 4000, 0)


def test_calls_have_a_price_where_the_book_says_so() -> None:
    """Calls of tools and the request itself are the part of the tools, rounded together."""
    book = numbered(entry(_MODEL, price(Unit.TOOL_CALLS, "10000"), price(Unit.REQUESTS, "0.0005")))
    assert costs(book, tool_calls=3) == Costs(1, 0, 0, 0, 30_000_000)
    book = numbered(entry(_MODEL, price(Unit.TOOL_CALLS, "0.0005"), price(Unit.REQUESTS, "0.001")))
    assert costs(book, tool_calls=1) == Costs(1, 0, 0, 0, 2)


@pytest.mark.parametrize(
    ("usage", "is_known"),
    [
        ({"input_tokens": 5}, True),
        ({"input_tokens": 5, "output_tokens": 1}, False),
        ({"input_tokens": 5, "cache_read_tokens": 1}, False),
        ({"input_tokens": 5, "cache_write_tokens": 5}, False),
    ],
)
def test_a_price_that_is_missing(usage: dict[str, Any], is_known: bool) -> None:  # noqa: FBT001 - a column of the table
    """Where it is needed, nothing of the attempt is known; where nothing was used, nothing is missing."""
    assert (costs(numbered(entry(_MODEL, price(Unit.INPUT_TOKENS, "1"))), **usage) is not None) is is_known


def test_an_empty_book_knows_nothing() -> None:
    """Not even that nothing costs nothing."""
    assert costs(PriceBook()) is None
    assert PriceBook().human_cost(1, NOON) is None


def test_a_price_of_zero_is_a_price() -> None:
    """Free is known, and not the same as unknown."""
    assert costs(numbered(entry(_MODEL, price(Unit.INPUT_TOKENS, "0"))), input_tokens=9) == Costs(1, 0, 0, 0, 0)


@pytest.mark.parametrize(("input_tokens", "per_token"), [(199_999, 1), (200_000, 1), (200_001, 2), (500_001, 3)])
def test_tiers(input_tokens: int, per_token: int) -> None:
    """Above so many input tokens all tokens have the tier's price; a unit without that tier keeps its own."""
    book = numbered(
        entry(
            _MODEL,
            price(Unit.INPUT_TOKENS, "0.001"),
            price(Unit.INPUT_TOKENS, "0.002", 200_000),
            price(Unit.INPUT_TOKENS, "0.003", 500_000),
            price(Unit.OUTPUT_TOKENS, "0.007"),
            price(Unit.OUTPUT_TOKENS, "0.008", 200_000),
        )
    )
    found = costs(book, input_tokens=input_tokens, output_tokens=10)
    assert found == Costs(1, input_tokens * per_token, 0, 70 if input_tokens <= 200_000 else 80, 0)


@pytest.mark.parametrize(
    ("prices", "nanousd"),
    [
        ({Unit.CACHE_WRITE_TOKENS: "1"}, 1000),
        ({Unit.CACHE_WRITE_TOKENS: "1", Unit.CACHE_WRITE_1H_TOKENS: "2"}, 1000),
        ({Unit.CACHE_WRITE_5M_TOKENS: "2", Unit.CACHE_WRITE_1H_TOKENS: "2"}, 2000),
        ({Unit.CACHE_WRITE_5M_TOKENS: "1", Unit.CACHE_WRITE_1H_TOKENS: "2"}, None),
        ({Unit.CACHE_WRITE_1H_TOKENS: "2"}, None),
    ],
)
def test_classes_of_cache_writes(prices: dict[Unit, str], nanousd: int | None) -> None:
    """An attempt does not say how long its write shall last: one price for both, or two alike; else it is unknown."""
    told = entry(_MODEL, price(Unit.INPUT_TOKENS, "1"), *(price(unit, usd) for unit, usd in prices.items()))
    found = costs(numbered(told), input_tokens=1, cache_write_tokens=1)
    assert (None if found is None else found.cache) == nanousd
    (row,) = RowPricing(numbered(told)).attempt_rows(
        stage_trace(trace(attempts=(attempt(input_tokens=1, cache_write_tokens=1, output_tokens=0),))), 1
    )
    assert row[6] == (None if nanousd is None else str(nanousd))


@pytest.mark.parametrize(
    ("at", "price_id"),
    [
        (NOON - timedelta(microseconds=1), None),
        (NOON, 1),
        (NOON + _HOUR - timedelta(microseconds=1), 1),
        (NOON + _HOUR, 2),
        (NOON + 2 * _HOUR - timedelta(microseconds=1), 2),
        (NOON + 2 * _HOUR, 1),
        (NOON + 3 * _HOUR, None),
    ],
)
def test_validity(at: datetime, price_id: int | None) -> None:
    """From `valid_from` on and before `valid_to`; after the end of the newer entry the older one holds again."""
    book = numbered(entry(since=NOON, valid_to=NOON + 3 * _HOUR), entry(since=NOON + _HOUR, valid_to=NOON + 2 * _HOUR))
    found = costs(book, at, input_tokens=1)
    assert (None if found is None else found.price_id) == price_id


@pytest.mark.parametrize(
    ("usage", "nanousd"),
    [
        ({"duration_us": 3_600_000_000, "batch_size": 1}, 8_000_000_000),
        ({"duration_us": 3_600_000_000, "batch_size": 16}, 500_000_000),
        ({"duration_us": 9, "batch_size": 16}, 1),
        ({"duration_us": 3_600_000_000}, None),
        ({"duration_us": 3_600_000_000, "batch_size": 0}, None),
        ({"batch_size": 16}, None),
    ],
)
def test_gpu_hours(usage: dict[str, Any], nanousd: int | None) -> None:
    """Time by rate by GPUs, shared by the batch, all of it generation; without a time or a size it is unknown."""
    book = numbered(entry(_MODEL, price(Unit.GPU_HOURS, "2"), gpus=4))
    found = costs(book, input_tokens=10, output_tokens=10, **usage)
    assert found == (None if nanousd is None else Costs(1, 0, 0, nanousd, 0))


def test_a_batch_size_can_be_assumed() -> None:
    """Where the entry says so, for attempts that do not tell theirs."""
    book = numbered(entry(_MODEL, price(Unit.GPU_HOURS, "2"), assumed_batch_size=8))
    assert costs(book, duration_us=3_600_000_000) == Costs(1, 0, 0, 250_000_000, 0)
    assert costs(book, duration_us=3_600_000_000, batch_size=2) == Costs(1, 0, 0, 1_000_000_000, 0)


def test_the_time_of_people() -> None:
    """Seconds by the hourly rate of that day, rounded once."""
    book = numbered(people("36"), people("72", since=NOON))
    assert book.human_cost(1_000_000, NOON - _HOUR) == (10_000_000, 1)
    assert book.human_cost(1_000_000, NOON) == (20_000_000, 2)
    assert numbered(people("0.0000018")).human_cost(1_000_000, NOON) == (0, 1)
    assert numbered(people("0.0000054")).human_cost(1_000_000, NOON) == (2, 1)


def test_what_is_more_than_the_contract_takes_is_no_cost() -> None:
    """Such an amount would not fit into its column: the attempt is unpriced, and stored all the same."""
    book = numbered(entry(_MODEL, price(Unit.INPUT_TOKENS, "1000000"), price(Unit.OUTPUT_TOKENS, "1")))
    most = MAX_NANOUSD // 10**9
    assert costs(book, input_tokens=most) == Costs(1, MAX_NANOUSD, 0, 0, 0)
    beyond: list[dict[str, Any]] = [{"input_tokens": most + 1}, {"input_tokens": 2**63 - 1}]
    for usage in (*beyond, {"input_tokens": most, "output_tokens": 1}):
        assert costs(book, **usage) is None
        staged = stage_trace(trace(attempts=(attempt(**{"output_tokens": 0} | usage),)))
        pricing = RowPricing(book)
        assert pricing.attempt_rows(staged, 1)[0][4:9] == (None,) * 5
        assert sum(pricing.unpriced.values()) == 1


def test_names_from_messages_do_not_fill_the_memory() -> None:
    """What a book has found is bounded, whatever models there are."""
    book = numbered(entry("m*"))
    pricing = RowPricing(book)
    for number in range(25_000):
        book.segment(f"m{number}", "", NOON)
    assert len(book._timelines) <= 10_000  # noqa: SLF001 - what must not grow
    for number in range(12_000):
        pricing.attempt_rows(stage_trace(trace(attempts=(attempt(model=f"m{number}"),))), 1)
    assert len(pricing._segments) <= 10_000  # noqa: SLF001 - what must not grow


_PRICES = st.lists(
    st.builds(
        Price,
        st.sampled_from([*_EVERY_TOKEN, Unit.TOOL_CALLS, Unit.REQUESTS, Unit.GPU_HOURS]),
        st.sampled_from([0, 0, 0, 100, 5000]),
        st.integers(0, 10**15) | st.integers(0, 10**4).map(lambda whole: whole * 10**6),
    ),
    max_size=8,
    unique_by=lambda one: one[:2],
)


@st.composite
def _attempts(draw: st.DrawFn) -> Attempt:
    used = draw(counts())
    read = draw(st.none() | counts(used))
    return attempt(
        input_tokens=used,
        output_tokens=draw(counts()),
        cache_read_tokens=read,
        cache_write_tokens=draw(st.none() | counts(used - (read or 0))),
        tool_calls=draw(st.none() | counts(100)),
        batch_size=draw(st.none() | counts(64)),
        duration_s=draw(st.none() | st.floats(0, 1e6)),
        provider=draw(st.none() | st.just("vllm")),
    )


@given(_PRICES, st.lists(_attempts(), min_size=1, max_size=5))
def test_rows_have_the_costs_of_the_tariff(prices: list[Price], attempts: list[Attempt]) -> None:
    """The quick way gives what the plain one does, for any prices and any attempts."""
    book = numbered(PriceEntry(model="qwen*", prices=tuple(sorted(prices))))
    rows = RowPricing(book).attempt_rows(stage_trace(trace(attempts=tuple(attempts))), 1)
    for row, one in zip(rows, attempts, strict=True):
        usage = Usage(
            one.input_tokens,
            one.output_tokens,
            one.cache_read_tokens or 0,
            one.cache_write_tokens or 0,
            one.tool_calls or 0,
            None if one.duration_s is None else round(one.duration_s * 1e6),
            one.batch_size,
        )
        found = book.costs(one.model, one.provider or "", NOON, usage)
        assert row[4:9] == ((None,) * 5 if found is None else (found[0], *map(str, found[1:])))


@given(_attempts(), st.dictionaries(st.sampled_from(_EVERY_TOKEN[:3] + _EVERY_TOKEN[5:]), st.integers(0, 10**12)))
def test_every_part_is_its_exact_fraction_rounded_once(one: Attempt, prices: dict[Unit, int]) -> None:
    """Against fractions, the cache's two prices in one sum."""
    book = numbered(entry(_MODEL, *(Price(unit, 0, nanousd) for unit, nanousd in prices.items())))
    read, write = one.cache_read_tokens or 0, one.cache_write_tokens or 0
    used = {
        Unit.INPUT_TOKENS: one.input_tokens - read - write,
        Unit.CACHE_READ_TOKENS: read,
        Unit.CACHE_WRITE_TOKENS: write,
        Unit.OUTPUT_TOKENS: one.output_tokens,
    }
    if not prices:
        return
    exact = {unit: Fraction(count * prices.get(unit, 0), 10**6) for unit, count in used.items()}
    parts = (
        round(exact[Unit.INPUT_TOKENS]),
        round(exact[Unit.CACHE_READ_TOKENS] + exact[Unit.CACHE_WRITE_TOKENS]),
        round(exact[Unit.OUTPUT_TOKENS]),
    )
    is_known = all(unit in prices for unit, count in used.items() if count) and sum(parts) <= MAX_NANOUSD
    found = book.costs(_MODEL, "", NOON, Usage(one.input_tokens, one.output_tokens, read, write))
    assert found == (Costs(1, *parts, 0) if is_known else None)
