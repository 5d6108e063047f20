"""Millions of updates and the largest numbers: no overflow, no underflow, no drift."""

import math
import time
from collections.abc import Iterable
from decimal import Decimal

import pytest

from analytics.evidence import PairedEvidence, RateDetector, RateEvidence
from analytics.evidence.process import Process
from tests.evidence.reference import PAIR_FRACTIONS, above, rate, with_80_digits

# How often a look is closed, its requests and its bad ones.
Phases = list[tuple[int, int, int]]


@with_80_digits
def rate_in_closed_form(limit: float, planned: float, phases: Phases) -> float:
    """Ln E after phases of looks that are all alike: T of them make M f^T + c (1 - q) w f (f^T - q^T)/(f - q)."""
    null = Decimal(limit)
    rates, given = zip(*above(null), strict=True)
    weights = [Decimal(one) / sum(map(Decimal, given)) for one in given]
    cash = Decimal("0.2")
    parts = [(1 - cash) * one for one in weights]
    for times, n, bad in phases:
        kept = (-Decimal(n) / Decimal(planned)).exp()
        for at, p in enumerate(rates):
            factor = (p / null) ** bad * ((1 - p) / (1 - null)) ** (n - bad)
            invested = cash * (1 - kept) * weights[at] * factor * (factor**times - kept**times) / (factor - kept)
            parts[at] = parts[at] * factor**times + invested
        cash *= kept**times
    return float(sum(parts, cash).ln())


def feed(process: RateEvidence, phases: Phases) -> None:
    """Close all looks of all phases."""
    for times, n, bad in phases:
        for _ in range(times):
            process.update(n, bad)


DAYS: Phases = [(120_000, 10, 0), (120_000, 200, 1), (18_000, 10, 0), (40_000, 100, 1), (2000, 10, 1)]


def test_three_hundred_thousand_updates() -> None:
    """A healthy week, a worse night and a breach: ln E is the exact one to 1e-9 of what it moved through."""
    process = RateEvidence(0.005, planned=40_000_000)
    feed(process, DAYS)
    exact = rate_in_closed_form(0.005, 40_000_000, DAYS)
    assert process.log_e == pytest.approx(exact, rel=1e-9, abs=1e-7)


def test_the_closed_form_is_that_of_the_book() -> None:
    """The sum over phases is the recursion, look by look."""
    phases: Phases = [(30, 10, 0), (20, 50, 3), (25, 7, 1)]
    looks = [(n, bad) for times, n, bad in phases for _ in range(times)]
    assert rate_in_closed_form(0.005, 900, phases) == pytest.approx(rate(0.005, 900, looks)[-1], abs=1e-12)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_five_million_updates() -> None:
    """Seventeen times as many: what rounding adds up to stays a millionth of a millionth of ln E per update."""
    phases = [(times * 17, n, bad) for times, n, bad in DAYS]
    process = RateEvidence(0.005, planned=700_000_000)
    start = time.perf_counter()
    feed(process, phases)
    exact = rate_in_closed_form(0.005, 700_000_000, phases)
    print(f"\n5 million updates in {time.perf_counter() - start:.0f} s: {process.log_e}, exactly {exact}")  # noqa: T201 - the drift is of interest
    assert process.log_e == pytest.approx(exact, rel=1e-9, abs=1e-5)


@with_80_digits
def pairs_in_closed_form(times: int) -> float:
    """Ln E after so many looks of one pair bad on each side alone and one on neither, all cash spent."""
    factors = [(1 + Decimal(f)) * (1 - Decimal(f)) for f in PAIR_FRACTIONS]
    return float((sum((factor**times for factor in factors), Decimal(0)) / len(factors)).ln())


def test_forty_thousand_looks_of_pairs() -> None:
    """Nearly all of the capital is lost, all cash is spent, and what is left is still exact."""
    process = PairedEvidence(planned=1)
    process.update(0, 0, 0, 10**6)
    for _ in range(40_000):
        process.update(0, 1, 1)
    assert process.log_e == pytest.approx(pairs_in_closed_form(40_000), rel=1e-9)


MOST = 2**53


@pytest.mark.parametrize("limit", [1e-9, 0.005, 1 - 1e-9])
@pytest.mark.parametrize("planned", [1, 10**15])
def test_the_most_requests_there_can_be(limit: float, planned: float) -> None:
    """2^53 requests in a look, all good, all bad or one of them: finite, and goes on from its state."""
    for looks in ([(MOST, 0), (5, 5)], [(MOST, MOST), (MOST, 0)], [(MOST, 1)] * 3, [(MOST, MOST)] * 3):
        for process in (
            RateEvidence(limit, planned=planned),
            RateEvidence(min(limit, 0.25), planned=planned, incidents="clip"),
            RateDetector(limit, run_length=1e15),
        ):
            for look in looks:
                process.update(*look)
            assert math.isfinite(process.log_e)
            assert 0 <= process.p_value <= 1
            assert type(process).from_state(process.state()).state() == process.state()


def test_one_planned_request() -> None:
    """The cash of a plan of 1 is spent at once, never all of it, and nothing breaks at a million times the plan."""
    process = RateEvidence(0.01, planned=1)
    looks = [(1, 0), (1, 1), (10**6, 3000), (40, 40)]
    for look in looks:
        process.update(*look)
    assert process.log_e == pytest.approx(rate(0.01, 1, looks)[-1], abs=1e-8)


def test_the_mixture_forgets_nothing_it_has_lost() -> None:
    """After a billion good requests E is its cash alone, and a breach is noticed from that."""
    process = RateEvidence(0.005, planned=1e9)
    process.update(10**9, 0)
    assert process.log_e == pytest.approx(math.log(0.2) - 1, abs=1e-9)
    assert process.decide([(30, 15)])


def _all(processes: Iterable[Process]) -> None:
    for process in processes:
        assert math.isfinite(process.log_e)


def test_capital_far_out_comes_back() -> None:
    """Ln E of a hundred million goes up and comes down again."""
    process = RateEvidence(0.005, planned=1e6)
    process.update(10**8, 10**8)
    high = process.log_e
    process.update(10**10, 0)
    _all([process])
    assert process.log_e < high
    assert process.failed
    assert process.p_value == 0
