"""Measures of money and of ratios against figures that were worked out by hand."""

import math

import numpy as np
import pytest

from analytics.measures.attempt_spend import attempt_spend
from analytics.measures.cost_per_request import cost_per_request
from analytics.measures.cost_per_success import cost_per_success
from analytics.measures.input_compression import input_compression
from analytics.measures.requests_per_second import requests_per_second
from analytics.measures.spend import spend
from analytics.measures.tokenizer_compression import tokenizer_compression
from analytics.measures.tokens_per_second import tokens_per_second
from tests.analytics.sums import attempts, requests

DOLLAR = 10**9
# Four requests with known outcome: $1 success, $2 success, $6 failure, $3 success. One unknown: $4.
FIVE = {
    "requests": 5,
    "known": 4,
    "succeeded": 3,
    "cost_nanousd": 16 * DOLLAR,
    "priced_known": 4,
    "priced_succeeded": 3,
    "priced_known_cost_nanousd": 12 * DOLLAR,
    "priced_known_cost_sq": (1 + 4 + 36 + 9) * DOLLAR**2,
    "priced_succeeded_cost_nanousd": 6 * DOLLAR,
    "priced_unknown": 1,
    "priced_unknown_cost_nanousd": 4 * DOLLAR,
}


def test_cost_per_success_by_hand() -> None:
    """$12 for 3 successes are $4; sum((y - 4x)^2) = 9 + 4 + 36 + 1 = 50, so se = sqrt(4/3 * 50) / 3 = 2.7217."""
    (row,) = cost_per_success(requests(**FIVE)).to_dict("records")
    assert (row["count"], row["coverage"], row["unpriced"], row["note"]) == (4, 0.8, 0, "")
    assert row["value"] == pytest.approx(4)
    width = math.exp(1.959964 * 2.721655 / 4)
    assert (row["low"], row["high"]) == pytest.approx((4 / width, 4 * width), rel=1e-5)


def test_the_bounds_of_cost_per_success_by_hand() -> None:
    """With the unknown request the cost is $16; it may be a fourth success ($4), or none ($16 / 3)."""
    (row,) = cost_per_success(requests(**FIVE)).to_dict("records")
    assert (row["bound_low"], row["bound_high"]) == pytest.approx((4, 16 / 3))


def test_under_80_percent_coverage_the_bounds_replace_the_figure() -> None:
    """Two unknown of six: no value and no interval, the bounds and a sentence stand for them."""
    sums = {**FIVE, "requests": 6, "priced_unknown": 2}
    (row,) = cost_per_success(requests(**sums)).to_dict("records")
    assert row["coverage"] == pytest.approx(2 / 3)
    assert all(math.isnan(row[name]) for name in ("value", "low", "high"))
    assert (row["bound_low"], row["bound_high"]) == pytest.approx((16 / 5, 16 / 3))
    assert row["note"] == "fewer than 80% of the outcomes are known: the bounds stand for the figure"


def test_requests_without_a_full_cost_are_left_out_and_told() -> None:
    """Three of them change neither the figure nor its coverage: their cost is not known, so it is not 0 either."""
    whole = cost_per_success(requests(**FIVE)).drop(columns=["unpriced", "note"])
    (row,) = cost_per_success(requests(**{**FIVE, "requests": 8, "unpriced": 3})).to_dict("records")
    assert whole.to_dict("records") == [{name: row[name] for name in whole}]
    assert (row["unpriced"], row["note"]) == (3, "3 without a full cost are left out")


def test_without_a_success_there_is_no_price() -> None:
    """Two failures for $2: no value, and no upper bound. One unknown for $1 more may be a success for all the $3."""
    sums = {"priced_known": 2, "priced_known_cost_nanousd": 2 * DOLLAR, "priced_known_cost_sq": 2 * DOLLAR**2}
    (row,) = cost_per_success(requests(**sums)).to_dict("records")
    assert math.isnan(row["value"])
    assert (row["bound_low"], row["bound_high"]) == (math.inf, math.inf)
    assert row["note"] == "no success among them"
    unknown = {"priced_unknown": 1, "priced_unknown_cost_nanousd": DOLLAR}
    (row,) = cost_per_success(requests(**sums, **unknown)).to_dict("records")
    assert (row["bound_low"], row["bound_high"]) == (pytest.approx(3), math.inf)


def test_costs_up_to_the_limits_of_the_store_stay_finite() -> None:
    """Amounts of 10^25 and their squares give numbers, with the value inside of its interval."""
    sums = {
        "priced_known": 3,
        "priced_succeeded": 2,
        "priced_known_cost_nanousd": 10**25,
        "priced_known_cost_sq": 5 * 10**49,
        "priced_succeeded_cost_nanousd": 6 * 10**24,
    }
    (row,) = cost_per_success(requests(**sums)).to_dict("records")
    assert 0 < row["low"] <= row["value"] <= row["high"] < math.inf


def test_cost_per_request_by_hand() -> None:
    """$16 for 5 requests; the variance of the four known is 14/3, so se = sqrt(14/3 / 5) = 0.96609."""
    (row,) = cost_per_request(requests(**{**FIVE, "requests": 10, "unpriced": 5})).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (5, 0.5, pytest.approx(3.2))
    width = math.exp(1.959964 * 0.966092 / 3.2)
    assert (row["low"], row["high"]) == pytest.approx((3.2 / width, 3.2 * width), rel=1e-5)


def test_spend_is_what_is_known_of_the_cost() -> None:
    """$16 with 2 of 8 requests not priced in full: three quarters are covered; a total has no interval."""
    (row,) = spend(requests(requests=8, unpriced=2, cost_nanousd=16 * DOLLAR)).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (8, 0.75, pytest.approx(16))
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])


def test_requests_of_unknown_cost_were_not_free() -> None:
    """Nothing priced and no part of a cost known is no data; a cost of 0 that is known is 0."""
    assert math.isnan(spend(requests(requests=8, unpriced=8))["value"].iloc[0])
    assert spend(requests(requests=8))["value"].iloc[0] == 0
    assert spend(requests(requests=8, unpriced=8, cost_nanousd=DOLLAR))["value"].iloc[0] == pytest.approx(1)


def test_attempt_spend_falls_to_the_model_of_the_attempt() -> None:
    """$1 + $2 + $4 + $8 of the 6 of 8 attempts that are priced; none priced is no data."""
    parts = {"prefill": 1, "cache": 2, "generation": 4, "tools": 8}
    costs = {f"{part}_cost_nanousd": dollars * DOLLAR for part, dollars in parts.items()}
    (row,) = attempt_spend(attempts(attempts=8, priced=6, unpriced=2, **costs)).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (8, 0.75, pytest.approx(15))
    assert math.isnan(attempt_spend(attempts(attempts=8, unpriced=8))["value"].iloc[0])


def test_tokenizer_compression_by_hand() -> None:
    """30 and 50 characters for 10 and 10 tokens: 4 chars/token; residuals -10 and 10, se = sqrt(2/1 * 200) / 20 = 1."""
    sums = {
        "attempts": 8,
        "output_measured": 2,
        "output_chars": 80,
        "visible_tokens": 20,
        "output_chars_sq": 900 + 2500,
        "visible_tokens_sq": 200,
        "output_chars_tokens": 300 + 500,
    }
    (row,) = tokenizer_compression(attempts(**sums)).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (2, 0.25, 4)
    assert (row["low"], row["high"]) == pytest.approx((4 * math.exp(-0.489991), 4 * math.exp(0.489991)), rel=1e-5)


def test_input_compression_by_hand() -> None:
    """The same figures from the columns of the input."""
    sums = {
        "attempts": 2,
        "input_measured": 2,
        "input_chars": 80,
        "measured_input_tokens": 20,
        "input_chars_sq": 900 + 2500,
        "measured_input_tokens_sq": 200,
        "input_chars_tokens": 300 + 500,
    }
    (row,) = input_compression(attempts(**sums)).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (2, 1, 4)
    assert (row["low"], row["high"]) == pytest.approx((4 * math.exp(-0.489991), 4 * math.exp(0.489991)), rel=1e-5)


def test_requests_per_second_by_hand() -> None:
    """90 requests in a minute are 1.5 a second; none are 0 a second, which is known."""
    rates = requests_per_second(requests(requests=[90, 0]), 60)
    assert rates["value"].tolist() == [1.5, 0]
    assert rates["coverage"].tolist() == [1, 1]
    # k + z^2/2 +- z*sqrt(k + z^2/4) is 73.2 to 110.6.
    assert rates["low"].tolist() == pytest.approx([73.228 / 60, 0], rel=1e-3)
    assert rates["high"].tolist() == pytest.approx([110.613 / 60, 3.8415 / 60], rel=1e-3)


def test_tokens_per_second_by_hand() -> None:
    """1,200 tokens in and 300 out in a minute are 25 a second."""
    (row,) = tokens_per_second(attempts(attempts=3, input_tokens=1200, output_tokens=300), 60).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (3, 1, 25)


def test_each_row_has_its_own_span() -> None:
    """60 in a minute and 60 in the 20 minutes of an hour that have gone; in what has not begun there is no rate."""
    rates = requests_per_second(requests(requests=[60, 60, 1]), np.array([60.0, 1200.0, 0.0]))
    assert rates["value"].tolist() == pytest.approx([1, 0.05, math.nan], nan_ok=True)
    assert rates["low"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_a_rate_takes_a_span(seconds: float) -> None:
    """A span that is negative, or has no end, is an error and no division."""
    with pytest.raises(ValueError, match="a rate takes"):
        requests_per_second(requests(), seconds)
    with pytest.raises(ValueError, match="a rate takes"):
        tokens_per_second(attempts(), seconds)
