"""Pricing never makes a message unstorable, whatever the message holds and whatever the book does."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.price_entries import PriceEntry, Unit
from store.sessions import Sessions
from tests import strategies
from tests.prices import add, entry, people, price
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, one

_DEAREST = "1000000"
_TOKENS = [Unit.INPUT_TOKENS, Unit.CACHE_READ_TOKENS, Unit.CACHE_WRITE_TOKENS, Unit.OUTPUT_TOKENS]
_CALLS = [Unit.TOOL_CALLS, Unit.REQUESTS]
# By what they price: for any model, at the highest prices that an import takes, and at prices that need rounding.
_BOOKS = {
    "dearest": entry("*", *(price(unit, _DEAREST) for unit in _TOKENS + _CALLS)),
    "rounded": entry("*", *(price(unit, "0.000000001") for unit in _TOKENS + _CALLS)),
    "GPU hours": entry("*", price(Unit.GPU_HOURS, _DEAREST), gpus=100_000, assumed_batch_size=1),
}


@pytest.mark.parametrize("book", _BOOKS.values(), ids=_BOOKS.keys())
@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    several=st.lists(strategies.traces(), min_size=1, max_size=8),
    observed=st.lists(strategies.outcomes(), min_size=1, max_size=8),
)
def test_everything_valid_is_stored(
    feed: Feed, sessions: Sessions, book: PriceEntry, several: list[Trace], observed: list[Outcome]
) -> None:
    """Every trace and outcome: priced where that is possible, NULL and counted where not, and no dead letter."""
    if one(sessions, "SELECT count(*) FROM price_book") == 0:
        add(sessions, book, people(_DEAREST))
    sent = [trace.model_copy(update={"trace_id": uuid4()}) for trace in several]
    stored = feed.send_batch(feed.batch({TRACES_0: sent}))
    assert stored.counts[TRACES_0].stored == len(sent)
    ids = [trace.trace_id for trace in sent]
    unknown = "SELECT count(*) FROM attempts WHERE trace_id = ANY(:ids) AND generation_cost_nanousd IS NULL"
    assert one(sessions, unknown, ids=ids) == stored.unpriced
    assert feed.send(*observed, to=OUTCOMES_0).stored == len(observed)
    assert one(sessions, "SELECT count(*) FROM dead_letters") == 0
