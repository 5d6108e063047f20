"""What is stored without a cost, for people who look after the price book. Reads every row of the days asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

_ATTEMPTS = text(
    "SELECT a.provider, a.model, count(*), sum(a.input_tokens), sum(a.output_tokens), min(a.started_at),"
    " max(a.started_at) FROM attempts a"
    " LEFT JOIN repriced_attempts r ON r.started_at = a.started_at AND r.trace_id = a.trace_id"
    " AND r.position = a.position"
    " WHERE a.started_at >= :since AND CASE WHEN r.trace_id IS NULL THEN a.generation_cost_nanousd"
    " ELSE r.generation_cost_nanousd END IS NULL"
    " GROUP BY a.provider, a.model ORDER BY count(*) DESC, a.provider, a.model LIMIT :limit"
)
_PEOPLE = text(
    "SELECT (SELECT count(*) FROM traces t LEFT JOIN repriced_attempts r ON r.started_at = t.started_at"
    " AND r.trace_id = t.trace_id AND r.position = -1 WHERE t.started_at >= :since AND t.human_review_us > 0"
    " AND t.human_cost_nanousd IS NULL AND r.generation_cost_nanousd IS NULL),"
    " (SELECT count(*) FROM outcomes WHERE observed_at >= :since AND human_review_us > 0"
    " AND human_cost_nanousd IS NULL)"
)


class UnpricedModel(NamedTuple):
    """Attempts of one provider ('': not given) and model without a cost."""

    provider: str
    model: str
    attempts: int
    input_tokens: int
    output_tokens: int
    first: datetime
    last: datetime


class UnpricedReviews(NamedTuple):
    """Traces and outcomes with a person's time and without its cost."""

    traces: int
    outcomes: int


def unpriced_models(db: Connection, *, since: datetime, limit: int) -> Sequence[UnpricedModel]:
    """Attempts of traces that started since then, the most frequent first."""
    db.execute(text("SET LOCAL statement_timeout = 0"))
    rows = db.execute(_ATTEMPTS, {"since": since, "limit": limit})
    return [
        UnpricedModel(provider, model, attempts, int(uses_input), int(uses_output), first, last)
        for provider, model, attempts, uses_input, uses_output, first, last in rows
    ]


def unpriced_reviews(db: Connection, *, since: datetime) -> UnpricedReviews:
    """The time of people since then."""
    return UnpricedReviews(*db.execute(_PEOPLE, {"since": since}).one())
