"""Intervals against published figures, and what no interval may do."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.intervals import Z, divided, numbers, poisson, positive_interval, quantile_ranks, ratio_error, wilson

HUGE = 1e25


def wilson_of(successes: float, trials: float) -> tuple[float, float]:
    """The interval of one share."""
    low, high = wilson(pd.Series([successes]), pd.Series([trials]))
    return float(low.iloc[0]), float(high.iloc[0])


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_the_published_interval(successes: int, trials: int, low: float, high: float) -> None:
    """The four examples of Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3."""
    assert wilson_of(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10**25), st.integers(0, 10**25))
def test_wilson_encloses_the_share(a: int, b: int) -> None:
    """However many there are, both ends are in [0, 1] with the share between them."""
    successes, trials = min(a, b), max(a, b)
    low, high = wilson_of(successes, trials)
    if trials == 0:
        assert math.isnan(low)
        assert math.isnan(high)
        return
    assert 0 <= low <= float(successes) / float(trials) <= high <= 1


@pytest.mark.parametrize("trials", [1, 2, 1000, HUGE])
def test_nothing_and_everything_have_exact_ends(trials: float) -> None:
    """The lower end is 0 where nothing succeeded, the upper end 1 where everything did."""
    assert wilson_of(0, trials)[0] == 0.0
    assert wilson_of(trials, trials)[1] == 1.0


@pytest.mark.parametrize("sum_", [-1.0, math.inf, -math.inf, math.nan, None, Decimal(-1)])
def test_sums_that_cannot_be_are_refused(sum_: object) -> None:
    """A negative, infinite or missing sum is a frame that was read wrongly, and is said to be so."""
    with pytest.raises(ValueError, match="escalated: a sum is negative, infinite or missing"):
        numbers(pd.Series([1, sum_], name="escalated", dtype=object))


def test_more_successes_than_trials_are_refused() -> None:
    """A part that is larger than its whole is a bug, not a share over 1."""
    with pytest.raises(ValueError, match="more than"):
        wilson(pd.Series([2.0], name="escalated"), pd.Series([1.0], name="requests"))


def test_sums_of_any_type_are_numbers() -> None:
    """What the database gives for a numeric without a limit, Decimals, counts like any other number."""
    assert numbers(pd.Series([Decimal(10) ** 25, Decimal(3)], dtype=object)).tolist() == [1e25, 3.0]


@pytest.mark.parametrize(
    ("n", "quantile", "low", "high"),
    [
        (10, 0.5, 2, 9),
        (20, 0.5, 6, 15),
        (100, 0.5, 40, 61),
        (71, 0.95, 63, 72),
        (367, 0.99, 359, 368),
        (368, 0.99, 360, 368),
    ],
)
def test_the_ranks_of_a_quantile_are_those_of_the_tables(n: int, quantile: float, low: int, high: int) -> None:
    """The median's as in Conover, Practical Nonparametric Statistics; P95 has an upper end from 72, P99 from 368."""
    found = [int(rank[0]) for rank in quantile_ranks(np.array([float(n)]), quantile)]
    assert (found[0], found[2]) == (low, high)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 7, 60, 61, 299, 301, 368, 599, 601, 1500, 2999, 3001])
def test_ranks_enclose_the_quantile_with_95_percent(n: int, quantile: float) -> None:
    """P(lower <= B < upper) >= 95 % for B binomial, also where the exact sum gives way to the approximation."""
    low, _, high = (int(rank[0]) for rank in quantile_ranks(np.array([float(n)]), quantile))
    inside = math.fsum(
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(quantile)
            + (n - k) * math.log1p(-quantile)
        )
        for k in range(low, min(high, n + 1))
    )
    assert inside >= 0.95 - 1e-9


def test_the_rank_is_the_smallest_that_reaches_the_quantile() -> None:
    """Rank ceil(quantile * n): the 19th of 20 for P95, the 20th of 21, and no 0th."""
    assert quantile_ranks(np.array([0.0, 1.0, 20.0, 21.0, 100.0]), 0.95)[1].tolist() == [0, 1, 19, 20, 95]


def test_an_expected_count_has_the_score_interval() -> None:
    """That is k + z^2/2 +- z*sqrt(k + z^2/4), for 10: 5.43 to 18.41."""
    low, high = poisson(np.array([0.0, 10.0]))
    assert low.tolist() == pytest.approx([0, 5.43199], abs=1e-5)
    assert high.tolist() == pytest.approx([3.84146, 18.40947], abs=1e-5)


def test_the_error_of_a_ratio_by_hand() -> None:
    """Costs 1, 2, 6 with successes 1, 1, 0: R = 4.5, sum((y - R*x)^2) = 12.25 + 6.25 + 36, se^2 = 3/2 * 54.5 / 4."""
    one = [np.array([number]) for number in (3.0, 9.0, 2.0)]
    error = ratio_error(*one, above_sq=np.array([41.0]), below_sq=np.array([2.0]), product=np.array([3.0]))
    assert error[0] == pytest.approx(math.sqrt(3 / 2 * 54.5 / 4))


def test_an_interval_never_goes_below_0() -> None:
    """However large the error, both ends stay numbers with the value between them; 0 is certain, NaN unknown."""
    value = np.array([1.0, 1.0, 0.0, np.nan, 1.0, HUGE])
    low, high = positive_interval(value, np.array([0.5, 1e9, 0.0, 1.0, np.nan, 1e50]))
    assert low[0] == pytest.approx(math.exp(-0.98), rel=1e-3)
    assert high[0] == pytest.approx(math.exp(0.98), rel=1e-3)
    assert (low[[0, 1, 2, 5]] >= 0).all()
    assert np.isfinite(high[[0, 1, 2, 5]]).all()
    assert np.isnan(low[[3, 4]]).all()


def covered(n: int, sigma: float, success: float, *, plain: bool = False) -> float:
    """The share of 4,000 samples of n lognormal costs, of which failures cost half as much again, that hold the truth.

    `plain`: of the interval value +- Z * error instead of ours.
    """
    random = np.random.default_rng(20261128)
    succeeded = (random.random((4000, n)) < success).astype(np.float64)
    cost = random.lognormal(0, sigma, (4000, n)) * (1.5 - succeeded / 2)
    truth = math.exp(sigma**2 / 2) * (success + 1.5 * (1 - success)) / success
    sums = np.full(4000, float(n)), cost.sum(axis=1), succeeded.sum(axis=1)
    squares = {"above_sq": (cost**2).sum(axis=1), "below_sq": (succeeded**2).sum(axis=1)}
    error = ratio_error(*sums, **squares, product=(cost * succeeded).sum(axis=1))
    value = divided(sums[1], sums[2])
    low, high = (value - Z * error, value + Z * error) if plain else positive_interval(value, error)
    return float(np.mean((low <= truth) & (truth <= high)))


@pytest.mark.parametrize(("n", "sigma", "success"), [(200, 0.5, 0.3), (1000, 1.0, 0.9), (1000, 1.0, 0.3)])
def test_the_interval_of_a_ratio_covers_95_percent(n: int, sigma: float, success: float) -> None:
    """Of 4,000 samples 93 to 97 % hold the truth."""
    assert 0.93 <= covered(n, sigma, success) <= 0.97


def test_what_the_documents_say_of_heavy_tails() -> None:
    """Few costs with a heavy tail are covered less, about 90 % at 200 and sigma 1.5; the plain interval is worse."""
    assert 0.88 <= covered(200, 1.5, 0.9) <= 0.92
    assert 0.02 <= covered(50, 1.5, 0.9) - covered(50, 1.5, 0.9, plain=True) <= 0.05
