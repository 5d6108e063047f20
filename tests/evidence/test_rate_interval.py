"""The interval that holds at every look: closed forms, its ends, and what numbers of any size may do to it."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.evidence import rate_interval
from analytics.evidence.gamma import stirling_error
from analytics.evidence.rate_interval import log_e_against
from tests.evidence.reference import with_80_digits

levels = st.sampled_from([0.5, 0.95, 0.99]) | st.floats(0.01, 0.999)


@with_80_digits
def excess(n: int, bad: int, rate: float, level: float) -> float:
    """Ln B(k+1/2, n-k+1/2) - ln B(1/2, 1/2) - k ln p - (n-k) ln(1-p), less ln 1/(1 - level): below 0 inside."""
    # B(k+1/2, n-k+1/2) / B(1/2, 1/2) request by request: (1/2)(3/2)... over n!.
    beta, half = Decimal(1), Decimal("0.5")
    for at in range(bad):
        beta *= (at + half) / (at + 1)
    for at in range(n - bad):
        beta *= (at + half) / (bad + at + 1)
    p = Decimal(rate)
    return float((beta / p**bad / (1 - p) ** (n - bad)).ln() + (1 - Decimal(level)).ln())


@given(st.integers(1, 120), st.data(), levels)
def test_the_ends_are_where_the_evidence_is(n: int, data: st.DataObject, level: float) -> None:
    """Just inside of each end the evidence is under 1/(1 - level), just outside above; the share lies between."""
    bad = data.draw(st.integers(0, n))
    low, high = rate_interval(n, bad, level)
    assert 0 <= low <= bad / n <= high <= 1
    assert (low == 0) == (bad == 0)
    assert (high == 1) == (bad == n)
    for end, outwards in ((low, -1), (high, 1)):
        if 0 < end < 1:
            step = outwards * 1e-9 * min(end, 1 - end)
            assert excess(n, bad, end + step, level) > 0 > excess(n, bad, end - step, level)


@given(st.integers(1, 400), st.integers(0, 400), levels)
def test_the_formula_as_it_stands(n: int, bad: int, level: float) -> None:
    """For few requests lgamma itself says that both ends lie on the boundary."""
    bad = min(n, bad)
    limit = -math.log1p(-level)
    for end in rate_interval(n, bad, level):
        if 0 < end < 1:
            beta = math.lgamma(bad + 0.5) + math.lgamma(n - bad + 0.5) - math.lgamma(n + 1) - math.log(math.pi)
            assert beta - bad * math.log(end) - (n - bad) * math.log1p(-end) == pytest.approx(limit, abs=1e-8)


def test_closed_forms() -> None:
    """One good request: 1/2 / (1 - p) < 20; one bad: its mirror; two good: 3/8 / (1 - p)^2 < 20; none: nothing."""
    assert rate_interval(1, 0) == pytest.approx((0, 0.975), abs=1e-12)
    assert rate_interval(1, 1) == pytest.approx((0.025, 1), abs=1e-12)
    assert rate_interval(2, 0)[1] == pytest.approx(1 - math.sqrt(0.375 / 20), abs=1e-12)
    # 1/8 / (p (1 - p)) = 20.
    half = math.sqrt(0.25 - 1 / 160)
    assert rate_interval(2, 1) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-12)
    assert rate_interval(0, 0) == rate_interval(0, 0, 0.5) == (0, 1)


@given(st.integers(1, 10**6) | st.integers(1, 10**14), st.floats(0, 1), levels)
def test_good_and_bad_are_mirrored(n: int, share: float, level: float) -> None:
    """Bad requests taken for good ones have the mirrored interval."""
    bad = min(int(n * share), n)
    low, high = rate_interval(n, bad, level)
    other_low, other_high = rate_interval(n, n - bad, level)
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-12)


@given(st.integers(1, 300) | st.integers(1, 10**9), st.floats(0, 1), levels)
def test_more_bad_ones_raise_both_ends(n: int, share: float, level: float) -> None:
    """One more bad request in as many never lowers an end."""
    bad = min(int(n * share), n - 1)
    before, after = rate_interval(n, bad, level), rate_interval(n, bad + 1, level)
    assert before[0] <= after[0] + 1e-15
    assert before[1] <= after[1] + 1e-15


@given(st.integers(1, 1000), st.floats(0, 1), levels, levels)
def test_a_higher_level_is_wider(n: int, share: float, one: float, other: float) -> None:
    """The interval of a higher level holds that of a lower one."""
    bad = min(int(n * share), n)
    inner, outer = rate_interval(n, bad, min(one, other)), rate_interval(n, bad, max(one, other))
    assert outer[0] <= inner[0] + 1e-12
    assert inner[1] <= outer[1] + 1e-12


@pytest.mark.parametrize("n", [10**9, 10**12, 10**15, 2**53])
@pytest.mark.parametrize("share", [0.5, 0.01, 1e-6])
def test_huge_numbers(n: int, share: float) -> None:
    """Up to 2^53 requests both ends are those of Laplace's approximation, to what that leaves out."""
    bad = round(n * share)
    p = bad / n
    low, high = rate_interval(n, bad)
    # Laplace: ln E(p) ~ n (p^ - p)^2 / (2 p (1-p)) - 1/2 ln(pi n / 2): where that is ln 20.
    half = math.sqrt(2 * (math.log(20) + 0.5 * math.log(math.pi * n / 2)) * p * (1 - p) / n)
    assert high - p == pytest.approx(half, rel=2 / math.sqrt(bad))
    assert p - low == pytest.approx(half, rel=2 / math.sqrt(bad))
    assert rate_interval(n, 0)[1] == pytest.approx((math.log(20) + 0.5 * math.log(math.pi * n)) / n, rel=1e-6)


@pytest.mark.parametrize("n", [1, 50, 10**6])
def test_levels_near_0_and_1(n: int) -> None:
    """A level of almost 0 leaves no more than where the evidence is below 1, one of almost 1 is finite and wide."""
    bad = n // 3
    narrow, wide = rate_interval(n, bad, 1e-15), rate_interval(n, bad, 1 - 1e-15)
    assert wide[0] <= narrow[0] <= bad / n <= narrow[1] <= wide[1]
    if n == 50:
        assert abs(excess(n, bad, narrow[1], 1e-15)) < 1e-9
        assert abs(excess(n, bad, wide[1], 1 - 1e-15)) < 1e-6
        assert wide[0] > 0
        assert wide[1] < 1


def test_it_holds_at_all_looks_at_once() -> None:
    """Exactly, by all 2^14 streams: at no look of the first 14 is a rate missed by more than 5 % of them."""
    for rate in (0.5, 0.1, 0.9, 0.02):
        inside = {(0, 0): 1.0}
        missed = 0.0
        for n in range(1, 15):
            step: dict[tuple[int, int], float] = {}
            for (_, bad), chance in inside.items():
                for one, of_it in ((0, 1 - rate), (1, rate)):
                    step[n, bad + one] = step.get((n, bad + one), 0.0) + chance * of_it
            ends = {at: rate_interval(*at) for at in step}
            missed += sum(chance for at, chance in step.items() if not ends[at][0] < rate < ends[at][1])
            inside = {at: chance for at, chance in step.items() if ends[at][0] < rate < ends[at][1]}
        assert missed <= 0.05
        assert math.fsum(inside.values()) + missed == pytest.approx(1)


@given(st.integers(1, 10**6), st.floats(0, 1), levels)
def test_an_end_is_itself_outside(n: int, share: float, level: float) -> None:
    """The set is open: at a reported end the evidence has reached 1/(1 - level), so no bound is too narrow."""
    bad = min(int(n * share), n)
    low, high = rate_interval(n, bad, level)
    for end in (low, high):
        if 0 < end < 1:
            assert log_e_against(n, bad, end) >= -math.log1p(-level)


@with_80_digits
def exact_stirling_error(twice: int) -> float:
    """The rest of ln Gamma at half of a whole number, from the products that Gamma is there."""
    x, gamma = Decimal(twice) / 2, Decimal(1)
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    at = x - 1
    while at > 0:
        gamma *= at
        at -= 1
    root = pi.sqrt() if twice % 2 else Decimal(1)
    return float((gamma * root).ln() - (x - Decimal("0.5")) * x.ln() + x - (2 * pi).ln() / 2)


@pytest.mark.parametrize("twice", [1, 2, 3, 7, 20, 38, 39, 40, 41, 43, 60, 201, 3001])
def test_the_rest_of_gamma(twice: int) -> None:
    """Below 20 from lgamma and above from the series, to 3e-14 and 3e-15."""
    close = 3e-14 if twice < 40 else 3e-15
    assert stirling_error(twice / 2) == pytest.approx(exact_stirling_error(twice), abs=close)
