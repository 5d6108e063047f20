"""ln E of every class is that of the formulas, computed with 80 digits and plain products, to 1e-9."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import (
    MeanDetector,
    PairedAdvance,
    PairedEvidence,
    RateAdvance,
    RateDetector,
    RateEvidence,
    SampleRatio,
)
from analytics.evidence.process import Process
from tests.evidence import reference
from tests.evidence.streams import (
    SENT,
    Rates,
    above_0,
    limits,
    long_plans,
    margins,
    pair_looks,
    plans,
    rate_look,
    rate_looks,
    reference_values,
    sent_look,
    value_looks,
)

_FEW = settings(max_examples=20)


def log_path(process: Process, looks: Any) -> list[float]:
    """The ln E after each look, each of them the arguments of `update`."""
    found = []
    for look in looks:
        process.update(*look)
        found.append(process.log_e)
    return found


def close(expected: list[float]) -> Any:
    """To 1e-9, or to the last digits of what is very large."""
    return pytest.approx(expected, abs=1e-9, rel=1e-12)


@settings(max_examples=50)
@given(limits, plans, rate_looks())
def test_rate(limit: float, planned: float, looks: Rates) -> None:
    """RateEvidence is the injected mixture of §1."""
    assert log_path(RateEvidence(limit, planned=planned), looks) == close(reference.rate(limit, planned, looks))


@settings(max_examples=50)
@given(limits, long_plans, rate_looks(fewest=1))
def test_the_preview_is_the_largest_of_all_prefixes(limit: float, planned: float, looks: Rates) -> None:
    """The largest ln E after one, two, ... of the open looks, the state's own not among them."""
    expected = max(reference.rate(limit, planned, looks))
    assert RateEvidence(limit, planned=planned).preview(looks) == pytest.approx(expected, abs=1e-9, rel=1e-12)


@settings(max_examples=50)
@given(st.sampled_from([0.005, 0.05, 0.1, 0.25]), plans, rate_looks(900))
def test_clip(limit: float, planned: float, looks: Rates) -> None:
    """With incidents="clip" blocks of whole looks count 8 bad for 3/limit requests, and half of what they say."""
    process = RateEvidence(limit, planned=planned, incidents="clip")
    assert log_path(process, looks) == close(reference.clipped(limit, planned, looks))


def test_a_clipped_block_ends_with_the_look_that_fills_it() -> None:
    """At 0.5 %: 599 requests are an open block, one more closes it; 1,300 at once count 17 bad."""
    looks = [(599, 20), (1, 1), (1300, 30), (0, 0), (100, 9), (500, 0), (10, 3)]
    process = RateEvidence(0.005, planned=10_000, incidents="clip")
    states = []
    for look in looks:
        process.update(*look)
        states.append(process.state()["trials"]["block_n"])
    assert states == [599, 0, 0, 0, 100, 0, 10]
    again = RateEvidence(0.005, planned=10_000, incidents="clip")
    assert log_path(again, looks) == close(reference.clipped(0.005, 10_000, looks))
    seventeen = RateEvidence(0.005, planned=10_000, incidents="clip")
    assert (
        log_path(seventeen, [(1300, 17)])[0]
        == log_path(RateEvidence(0.005, planned=10_000, incidents="clip"), [(1300, 30)])[0]
    )


@settings(max_examples=50)
@given(st.floats(1e-4, 0.3), margins.filter(lambda margin: margin <= 2), rate_looks())
def test_rate_advance(limit: float, margin: float, looks: Rates) -> None:
    """RateAdvance bets on smaller rates, all invested at the start, and on the limit itself given a margin (§6)."""
    assert log_path(RateAdvance(limit, margin=margin), looks) == close(reference.rate_advance(limit, margin, looks))


@settings(max_examples=50)
@given(margins, plans, pair_looks)
def test_paired(margin: float, planned: float, looks: list[tuple[int, int, int, int]]) -> None:
    """PairedEvidence bets on 1[candidate bad] - rho 1[baseline bad], injected by pairs (§7)."""
    process = PairedEvidence(planned=planned, margin=margin)
    assert log_path(process, looks) == close(reference.paired(margin, planned, looks))


@settings(max_examples=50)
@given(above_0, pair_looks)
def test_paired_advance(margin: float, looks: list[tuple[int, int, int, int]]) -> None:
    """PairedAdvance bets on the reverse without cash; its loss is never above f, rho f for what it gains."""
    assert log_path(PairedAdvance(margin=margin), looks) == close(reference.paired(margin, None, looks))


@settings(max_examples=50)
@given(limits, rate_looks().map(lambda looks: [(1, 0), *looks]))
def test_rate_detector(limit: float, looks: Rates) -> None:
    """RateDetector opens a bet with each request: R <- (R + n) L (§4)."""
    assert log_path(RateDetector(limit, run_length=50), looks) == close(reference.rate_detector(limit, looks))


@_FEW
@given(st.sampled_from([0.0, 0.05, 1.0]), value_looks)
def test_mean_detector(tolerance: float, looks: list[list[float]]) -> None:
    """MeanDetector prices each shift by its reference, two standard errors dearer, and the tolerance on top (§4)."""
    values = np.repeat(list(reference_values()), list(reference_values().values()))
    process = MeanDetector(values, run_length=50, tolerance=tolerance)
    found = log_path(process, [(look,) for look in looks])
    assert found == close(reference.mean_detector(reference_values(), tolerance, looks))


@settings(max_examples=50)
@given(st.lists(sent_look, max_size=6))
def test_sample_ratio(looks: list[dict[str, int]]) -> None:
    """SampleRatio is the Dirichlet-multinomial over the multinomial at the policy's weights (§5)."""
    assert log_path(SampleRatio(SENT), [(look,) for look in looks]) == close(reference.sample_ratio(SENT, looks))


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from("abcde"), st.floats(0.001, 50), min_size=2), st.data())
def test_sample_ratio_of_any_weights(weights: dict[str, float], data: st.DataObject) -> None:
    """Weights are on any scale."""
    counts = st.dictionaries(st.sampled_from(sorted(weights)), st.integers(0, 200))
    looks = data.draw(st.lists(counts, max_size=4))
    assert log_path(SampleRatio(weights), [(look,) for look in looks]) == close(reference.sample_ratio(weights, looks))


@settings(max_examples=50)
@given(limits, long_plans, st.lists(rate_look(), max_size=8), rate_looks(fewest=1))
def test_looks_may_be_split_where_nothing_is_invested(limit: float, planned: float, first: Rates, rest: Rates) -> None:
    """Without cash a look is as good as its halves, and a preview after a state is one longer stream."""
    process = RateEvidence(limit, planned=planned)
    log_path(process, first)
    expected = reference.rate(limit, planned, [*first, *rest])[len(first) :]
    assert process.path(rest) == close(expected)
    whole, halves = RateAdvance(limit / 2), RateAdvance(limit / 2)
    for n, bad in rest:
        whole.update(n, bad)
        halves.update(bad, bad)
        halves.update(n - bad, 0)
    assert halves.log_e == pytest.approx(whole.log_e, abs=1e-9, rel=1e-12)


@pytest.mark.parametrize("limit", [1e-9, 1e-6, 0.999])
def test_extreme_limits(limit: float) -> None:
    """One in a thousand million, and almost all: as exact as any other limit, near 1 to what 1 - limit keeps."""
    looks = [(10**6, 0), (5, 1), (1000, 900), (1000, 1000)]
    found = log_path(RateEvidence(limit, planned=10**6), looks)
    assert found == pytest.approx(reference.rate(limit, 10**6, looks), abs=1e-8, rel=1e-11)


def test_a_limit_of_almost_all() -> None:
    """At 1 - 1e-9 the floats next to 1 leave seven digits of 1 - p: the bets are a little others, none is unfair."""
    looks = [(1000, 1000), (1000, 999), (10, 0)]
    found = log_path(RateEvidence(1 - 1e-9, planned=10**6), looks)
    assert found == pytest.approx(reference.rate(1 - 1e-9, 10**6, looks), abs=2e-6)
    assert all(math.isfinite(one) for one in found)
