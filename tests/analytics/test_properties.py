"""What holds for any traffic, up to the largest amounts that messages can say."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.economics import cascade_economics
from analytics.measures.definition import Measure
from analytics.measures.eventual_success_rate import eventual_success_rate
from analytics.measures.registry import REGISTRY
from analytics.measures.route_hit_rate import route_hit_rate
from analytics.measures.task_success_rate import task_success_rate
from tests.analytics.facts import (
    Attempt,
    Request,
    attempts_of,
    attempts_strategy,
    request,
    requests_of,
    requests_strategy,
)

ROWS = [measure for measure in REGISTRY if isinstance(measure, Measure)]
OF_REQUESTS = [measure for measure in ROWS if measure.basis == "requests"]
OF_ATTEMPTS = [measure for measure in ROWS if measure.basis == "attempts"]
many_requests = st.lists(requests_strategy(), max_size=12)
many_attempts = st.lists(attempts_strategy(), max_size=12)


def assert_sane(measure: Measure, rows: pd.DataFrame) -> None:
    """Coverage in [0, 1]; a share too; the value inside of its interval, and all of it a number or no data."""
    for row in rows.to_dict("records"):
        assert math.isnan(row["coverage"]) or 0 <= row["coverage"] <= 1
        assert row["count"] >= 0
        for name in ("value", "low", "high"):
            assert math.isnan(row[name]) or 0 <= row[name] < math.inf
            assert measure.named.unit != "1" or math.isnan(row[name]) or row[name] <= 1
        if not math.isnan(row["low"]):
            # Both ends are computed from the value; the last digit is rounding's.
            assert row["low"] <= row["value"] * (1 + 1e-12)
            assert row["value"] <= row["high"] * (1 + 1e-12)


@given(many_requests)
def test_measures_of_any_requests_are_sane(facts: list[Request]) -> None:
    """Shares and coverage lie in [0, 1], values in their intervals, and amounts of 2^63 are no trouble."""
    for measure in OF_REQUESTS:
        assert_sane(measure, measure.compute(requests_of(facts)))


@given(many_attempts)
def test_measures_of_any_attempts_are_sane(facts: list[Attempt]) -> None:
    """The same for the measures of attempts."""
    for measure in OF_ATTEMPTS:
        assert_sane(measure, measure.compute(attempts_of(facts)))


def assert_alike(measures: list[Measure], *rows: pd.DataFrame) -> None:
    """Each measure says the same of all rows, to the last digit."""
    stacked = pd.concat(rows, ignore_index=True)
    for measure in measures:
        first, *others = measure.compute(stacked).itertuples(index=False)
        for other in others:
            assert list(map(repr, first)) == list(map(repr, other)), measure.name


@given(many_requests, many_requests, many_requests)
def test_merging_requests_is_associative_and_measures_the_whole(
    one: list[Request], two: list[Request], three: list[Request]
) -> None:
    """Sums of parts, added in any order, give what all requests at once give, to the last digit."""
    a, b, c = (requests_of(facts) for facts in (one, two, three))
    assert_alike(OF_REQUESTS, requests_of([*one, *two, *three]), (a + b) + c, a + (c + b))


@given(many_attempts, many_attempts, many_attempts)
def test_merging_attempts_is_associative_and_measures_the_whole(
    one: list[Attempt], two: list[Attempt], three: list[Attempt]
) -> None:
    """The same for the measures of attempts."""
    a, b, c = (attempts_of(facts) for facts in (one, two, three))
    assert_alike(OF_ATTEMPTS, attempts_of([*one, *two, *three]), (a + b) + c, a + (c + b))


@pytest.mark.parametrize("rate", [task_success_rate, eventual_success_rate, route_hit_rate])
@given(facts=many_requests, cost=st.none() | st.integers(0, 10**9))
def test_a_success_never_lowers_a_success_rate(
    rate: Callable[[pd.DataFrame], pd.DataFrame], facts: list[Request], cost: int | None
) -> None:
    """One more success, at the first attempt, raises the rate or leaves it at 1; its lower end as well."""
    before = rate(requests_of(facts)).iloc[0]
    after = rate(requests_of([*facts, request(outcome="success", cost=cost)])).iloc[0]
    assert after["value"] >= (0 if math.isnan(before["value"]) else before["value"])
    assert after["low"] >= (0 if math.isnan(before["low"]) else before["low"])


@given(many_requests)
def test_a_free_success_never_raises_the_cost_of_one(facts: list[Request]) -> None:
    """It comes on top for nothing; nor does it raise a bound."""
    (measure,) = (measure for measure in OF_REQUESTS if measure.name == "cost_per_success")
    before = measure.compute(requests_of(facts)).iloc[0]
    after = measure.compute(requests_of([*facts, request(outcome="success", cost=0)])).iloc[0]
    for name in ("value", "bound_low", "bound_high"):
        if not (math.isnan(before[name]) or math.isnan(after[name])):
            assert after[name] <= before[name] * (1 + 1e-12)


@given(many_requests)
def test_the_bounds_hold_whatever_the_unknown_turn_out_to_be(facts: list[Request]) -> None:
    """Once all outcomes are known, in whatever way, the cost per success lies between the bounds of before."""
    (measure,) = (measure for measure in OF_REQUESTS if measure.name == "cost_per_success")
    sums = requests_of(facts)
    row = measure.compute(sums).iloc[0]
    unknown = int(sums["priced_unknown"].iloc[0])
    cost = int((sums["priced_known_cost_nanousd"] + sums["priced_unknown_cost_nanousd"]).iloc[0])
    for turned_out in {0, unknown // 2, unknown}:
        successes = int(sums["priced_succeeded"].iloc[0]) + turned_out
        if successes:
            price = cost / successes / 1e9
            assert row["bound_low"] <= price * (1 + 1e-9)
            assert price <= row["bound_high"] * (1 + 1e-9)


@given(many_requests)
def test_the_parts_of_a_cascade_make_its_cost(facts: list[Request]) -> None:
    """C_L + P*C_H + (1-P) * (what the others cost beyond) is the observed mean, and nothing costs less than nothing."""
    sums = requests_of(facts).assign(task_class="extraction", protocol="cascade", route_kind="economy")
    (row,) = cascade_economics(sums).to_dict("records")
    if not row["priced"]:
        assert math.isnan(row["observed_cost"])
        return
    rate = row["escalation_rate"]
    parts = row["first_cost"] + np.nan_to_num(rate * row["escalated_extra_cost"])
    parts += np.nan_to_num((1 - rate) * row["kept_extra_cost"])
    assert parts == pytest.approx(row["observed_cost"], rel=1e-9, abs=1e-9)
    assert row["expected_cost"] <= row["observed_cost"] * (1 + 1e-9) + 1e-9
