"""What is stored without a cost, for people who look after the price book. Reads every row of the days asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from store.lacking import Lack, lacking
from store.price_entries import PriceEntry
from store.pricing import PriceBook, Usage

# Attempts of a group use the same kinds of things, in the same tier, while the same entries hold: for all of them the
# book's answer is the same.
_ATTEMPTS = text(
    "WITH unpriced AS (SELECT a.* FROM attempts a"
    " LEFT JOIN repriced_attempts r ON r.started_at = a.started_at AND r.trace_id = a.trace_id"
    " AND r.position = a.position"
    " WHERE a.started_at >= :since AND CASE WHEN r.trace_id IS NULL THEN a.generation_cost_nanousd"
    " ELSE r.generation_cost_nanousd END IS NULL),"
    " groups AS (SELECT provider, model, count(*) AS attempts, sum(input_tokens) AS input_tokens,"
    " sum(output_tokens) AS output_tokens, min(started_at) AS first, max(started_at) AS last,"
    " max(input_tokens) AS most_input, max(output_tokens) AS most_output,"
    " input_tokens > coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) AS is_uncached,"
    " coalesce(cache_read_tokens, 0) > 0 AS is_read, coalesce(cache_write_tokens, 0) > 0 AS is_written,"
    " max(tool_calls) AS tool_calls, max(duration_us) AS duration_us, max(batch_size) AS batch_size,"
    " CAST(started_at AT TIME ZONE 'UTC' AS date) IN (SELECT day FROM incomplete_days) AS is_closed"
    " FROM unpriced GROUP BY provider, model, is_closed, is_uncached, is_read, is_written, output_tokens > 0,"
    " coalesce(tool_calls, 0) > 0, duration_us IS NULL, batch_size IS NULL,"
    " width_bucket(started_at, CAST(:bounds AS timestamptz[])), width_bucket(input_tokens, CAST(:tiers AS bigint[]))),"
    " sized AS (SELECT g.*, sum(attempts) OVER (PARTITION BY provider, model) AS of_model FROM groups g)"
    " SELECT * FROM (SELECT s.*, dense_rank() OVER (ORDER BY of_model DESC, provider, model) AS place FROM sized s) s"
    " WHERE place <= :limit ORDER BY place, attempts DESC, first"
)
_PEOPLE = text(
    "SELECT (SELECT count(*) FROM traces t LEFT JOIN repriced_attempts r ON r.started_at = t.started_at"
    " AND r.trace_id = t.trace_id AND r.position = -1 WHERE t.started_at >= :since AND t.human_review_us > 0"
    " AND t.human_cost_nanousd IS NULL AND r.generation_cost_nanousd IS NULL),"
    " (SELECT count(*) FROM outcomes WHERE observed_at >= :since AND human_review_us > 0"
    " AND human_cost_nanousd IS NULL)"
)


class UnpricedModel(NamedTuple):
    """Attempts of one provider ('': not given) and model without a cost, for one reason; None: the book has a price by
    now. `is_closed`: of days of which raw rows were deleted, so that nothing is repriced there any more.
    """

    provider: str
    model: str
    attempts: int
    input_tokens: int
    output_tokens: int
    first: datetime
    last: datetime
    lack: Lack | None
    is_closed: bool


class UnpricedReviews(NamedTuple):
    """Traces and outcomes with a person's time and without its cost."""

    traces: int
    outcomes: int


def unpriced_models(
    db: Connection, book: Iterable[PriceEntry], *, since: datetime, limit: int
) -> Sequence[UnpricedModel]:
    """Attempts of traces that started since then, by model and by what the book lacks: the most frequent models first,
    `limit` of them.
    """
    entries = list(book)
    prices = PriceBook(entries)
    asked = {
        "since": since,
        "limit": limit,
        "bounds": sorted({at for one in entries for at in (one.valid_from, one.until)}),
        # A tier is for what is above it.
        "tiers": sorted({price.above_input_tokens + 1 for one in entries for price in one.prices}),
    }
    db.execute(text("SET LOCAL statement_timeout = 0"))
    found: dict[tuple[object, ...], UnpricedModel] = {}
    for row in db.execute(_ATTEMPTS, asked):
        lack = lacking(prices, row.model, row.provider, row.last, _usage(row))
        key = (row.provider, row.model, lack, row.is_closed)
        found[key] = _with(found.get(key), row, lack)
    return list(found.values())


def _usage(row: Any) -> Usage:
    """One that stands for the group: which kinds are used is what matters, and the tier."""
    read, written = int(row.is_read), int(row.is_written)
    if not row.is_uncached and row.is_read:
        read = row.most_input - written
    elif not row.is_uncached:
        written = row.most_input
    return Usage(row.most_input, row.most_output, read, written, row.tool_calls or 0, row.duration_us, row.batch_size)


def _with(before: UnpricedModel | None, row: Any, lack: Lack | None) -> UnpricedModel:
    attempts, uses_input, uses_output = row.attempts, int(row.input_tokens), int(row.output_tokens)
    if before is None:
        times = (row.first, row.last)
        return UnpricedModel(row.provider, row.model, attempts, uses_input, uses_output, *times, lack, row.is_closed)
    return before._replace(
        attempts=before.attempts + attempts,
        input_tokens=before.input_tokens + uses_input,
        output_tokens=before.output_tokens + uses_output,
        first=min(before.first, row.first),
        last=max(before.last, row.last),
    )


def unpriced_reviews(db: Connection, *, since: datetime) -> UnpricedReviews:
    """The time of people since then."""
    return UnpricedReviews(*db.execute(_PEOPLE, {"since": since}).one())
