"""A candidate beside the baseline on the same prompts: golden values by hand, and what holds for any pairs."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ContradictorySums
from analytics.measures.definition import Measure
from analytics.measures.registry import REGISTRY
from analytics.measures.swap_cost import swap_cost
from analytics.measures.swap_input_cost import swap_input_cost
from analytics.measures.swap_input_tokens import swap_input_tokens
from analytics.measures.swap_output_tokens import swap_output_tokens
from tests.analytics.sums import shadows

_OF_SHADOWS = [measure for measure in REGISTRY if isinstance(measure, Measure) and measure.basis == "shadows"]
_Z = 1.959963984540054
Pair = tuple[int, int]
_pairs = st.lists(st.tuples(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1)), max_size=8)


def _tokens(pairs: list[Pair], kind: str = "input", *, alone: int = 0) -> pd.DataFrame:
    """Sums of pairs of tokens, and of shadows without a pair."""
    return shadows(
        shadows=len(pairs) + alone,
        **{
            f"{kind}_paired": len(pairs),
            f"candidate_{kind}_tokens": sum(ours for ours, _ in pairs),
            f"baseline_{kind}_tokens": sum(theirs for _, theirs in pairs),
            f"candidate_{kind}_tokens_sq": sum(ours**2 for ours, _ in pairs),
            f"baseline_{kind}_tokens_sq": sum(theirs**2 for _, theirs in pairs),
            f"{kind}_tokens_product": sum(ours * theirs for ours, theirs in pairs),
        },
    ).astype(object)


def test_three_prompts_of_which_two_grew() -> None:
    """(120 + 200 + 330) / (100 + 200 + 200) = 1.3; residuals -10, -60, 70, so se^2 = 3/2 * 8600 / 500^2."""
    (row,) = swap_input_tokens(_tokens([(120, 100), (200, 200), (330, 200)], alone=1)).to_dict("records")
    assert row["value"] == pytest.approx(1.3)
    assert (row["count"], row["coverage"]) == (3, 0.75)
    width = _Z * math.sqrt(1.5 * 8600) / 500 / 1.3
    assert row["low"] == pytest.approx(1.3 * math.exp(-width))
    assert row["high"] == pytest.approx(1.3 * math.exp(width))


def test_answers_that_are_half_as_long() -> None:
    """The same ratio everywhere has no spread."""
    (row,) = swap_output_tokens(_tokens([(50, 100), (5, 10)], "output")).to_dict("records")
    assert [row[name] for name in ("value", "low", "high")] == pytest.approx([0.5] * 3)


def test_what_more_tokens_cost() -> None:
    """2,500 instead of 2,000 and 3,100 instead of 3,000 nano-dollars: 300 on average, se = 200."""
    frame = shadows(
        shadows=4,
        input_priced=2,
        candidate_input_cost_nanousd=5600,
        candidate_input_cost_at_baseline_nanousd=5000,
        extra_input_cost_sq=500**2 + 100**2,
    )
    (row,) = swap_input_cost(frame).to_dict("records")
    assert (row["count"], row["coverage"]) == (2, 0.5)
    assert [row["value"], row["low"], row["high"]] == pytest.approx(
        [300e-9, (300 - _Z * 200) * 1e-9, (300 + _Z * 200) * 1e-9]
    )


def test_a_tokenizer_that_saves() -> None:
    """A candidate that needs fewer tokens has a negative cost; one pair has no interval."""
    frame = shadows(
        shadows=1, input_priced=1, candidate_input_cost_nanousd=800,
        candidate_input_cost_at_baseline_nanousd=1000, extra_input_cost_sq=200**2,
    )  # fmt: skip
    (row,) = swap_input_cost(frame).to_dict("records")
    assert row["value"] == pytest.approx(-200e-9)
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])


def test_what_the_candidate_costs_beside_the_baseline() -> None:
    """(3 + 5) / (10 + 10) of a nano-dollar; a free baseline has no ratio."""
    (row,) = swap_cost(
        shadows(
            shadows=2, both_priced=2, candidate_cost_nanousd=8, baseline_cost_nanousd=20, candidate_cost_sq=34,
            baseline_cost_sq=200, cost_product=80,
        )
    ).to_dict("records")  # fmt: skip
    assert row["value"] == pytest.approx(0.4)
    (free,) = swap_cost(shadows(shadows=1, both_priced=1, candidate_cost_nanousd=8)).to_dict("records")
    assert math.isnan(free["value"])


@pytest.mark.parametrize("measure", _OF_SHADOWS, ids=lambda measure: measure.name)
def test_no_pair_is_no_data(measure: Measure) -> None:
    """Shadows without a pair have a coverage of 0 and no value, never a ratio of 0 or 1."""
    (row,) = measure.compute(shadows(shadows=7)).to_dict("records")
    assert (row["count"], row["coverage"]) == (0, 0)
    assert math.isnan(row["value"])


def test_more_pairs_than_shadows_is_told() -> None:
    """Sums that contradict each other are no measure."""
    with pytest.raises(ContradictorySums):
        swap_input_tokens(shadows(shadows=1, input_paired=2))


@given(_pairs)
def test_what_holds_for_any_pairs(pairs: list[Pair]) -> None:
    """Both ends enclose the ratio; the other way round it is the reciprocal; it lies between those of single pairs."""
    (row,) = swap_input_tokens(_tokens(pairs)).to_dict("records")
    if not pairs:
        assert math.isnan(row["value"])
        return
    (turned,) = swap_input_tokens(_tokens([(theirs, ours) for ours, theirs in pairs])).to_dict("records")
    assert turned["value"] == pytest.approx(1 / row["value"])
    ratios = [ours / theirs for ours, theirs in pairs]
    assert min(ratios) * (1 - 1e-9) <= row["value"] <= max(ratios) * (1 + 1e-9)
    assert math.isnan(row["low"]) == (len(pairs) == 1)
    if len(pairs) > 1:
        assert row["low"] <= row["value"] * (1 + 1e-12)
        assert row["value"] <= row["high"] * (1 + 1e-12)


@given(_pairs, _pairs, _pairs)
def test_merging_is_associative(one: list[Pair], two: list[Pair], three: list[Pair]) -> None:
    """Sums of parts in any order are those of the whole."""
    a, b, c = map(_tokens, (one, two, three))
    whole = swap_input_tokens(_tokens([*one, *two, *three]))
    for merged in ((a + b) + c, a + (c + b)):
        pd.testing.assert_frame_equal(swap_input_tokens(merged), whole)


def test_intervals_cover() -> None:
    """95 % intervals of the ratio hold the true one in about 95 of 100 samples of 300 pairs."""
    random = np.random.default_rng(20261128)
    held = 0
    for _ in range(400):
        theirs = np.round(random.lognormal(6, 1, 300)) + 1
        ours = np.round(theirs * random.lognormal(0.15, 0.2, 300)) + 1
        pairs = [(int(a), int(b)) for a, b in zip(ours, theirs, strict=True)]
        (row,) = swap_input_tokens(_tokens(pairs)).to_dict("records")
        held += row["low"] <= math.exp(0.15 + 0.2**2 / 2) <= row["high"]
    assert 0.91 <= held / 400 <= 0.985
