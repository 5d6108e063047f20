"""Any of several, all of several: weighted sums and minima, at common prefixes of what is open."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import AnyOf, PairedEvidence, RateEvidence, all_of, any_of
from tests.evidence import reference
from tests.evidence.streams import Rates, limits, rate_look, rate_looks

LIMITS = (0.005, 0.05, 0.2)
WEIGHTS = (0.5, 0.3, 0.2)


def children(planned: float = 5000.0) -> list[RateEvidence]:
    """Three triggers with limits of their own."""
    return [RateEvidence(limit, planned=planned) for limit in LIMITS]


streams = st.lists(st.tuples(rate_look(), rate_look(), rate_look()), min_size=1, max_size=8)
Streams = list[tuple[tuple[int, int], ...]]


def expected(looks: Streams) -> list[list[float]]:
    """The ln E of each child after each look, by the book."""
    return [
        reference.rate(limit, 5000.0, own) for limit, own in zip(LIMITS, list(zip(*looks, strict=True)), strict=True)
    ]


def mean_of(parts: tuple[float, ...]) -> float:
    """Ln sum v_i E_i."""
    return math.log(math.fsum(weight * math.exp(part) for weight, part in zip(WEIGHTS, parts, strict=True)))


@settings(max_examples=50)
@given(streams)
def test_any_is_the_weighted_sum(looks: Streams) -> None:
    """E = sum v_i E_i after each look, p = 1/its largest, and the child with the largest part is to blame."""
    whole = any_of(children(), weights=WEIGHTS)
    highest = 0.0
    for look, parts in zip(looks, zip(*expected(looks), strict=True), strict=True):
        whole.update(*look)
        if max(parts) > 600:
            return
        assert whole.log_e == pytest.approx(mean_of(parts), abs=1e-9, rel=1e-12)
        highest = max(highest, whole.log_e)
        assert whole.p_value == pytest.approx(math.exp(-highest), rel=1e-9)
        shares = [math.log(weight) + child.log_e for weight, child in zip(WEIGHTS, whole.children, strict=True)]
        assert whole.blame == shares.index(max(shares))


@settings(max_examples=50)
@given(streams)
def test_all_is_the_smallest(looks: Streams) -> None:
    """E = min E_i after each look; it fails where the smallest reaches 1/alpha, not where each once did."""
    whole = all_of(children(), alpha=0.2)
    smallest = []
    for look, parts in zip(looks, zip(*expected(looks), strict=True), strict=True):
        whole.update(*look)
        smallest.append(min(parts))
        assert whole.log_e == pytest.approx(smallest[-1], abs=1e-9, rel=1e-12)
        assert whole.failed == (max(smallest) >= math.log(5))


@settings(max_examples=50)
@given(streams, streams)
def test_previews_are_at_common_prefixes(closed: Streams, looks: Streams) -> None:
    """The preview is the largest of what the whole will be after 1, 2, ... open looks of all: not a sum of maxima."""
    for make in (lambda: any_of(children(), weights=WEIGHTS), lambda: all_of(children())):
        whole, later = make(), make()
        for look in closed:
            whole.update(*look)
            later.update(*look)
        found, path = whole.preview(list(zip(*looks, strict=True))), []
        for look in looks:
            later.update(*look)
            path.append(later.log_e)
        assert found == pytest.approx(max(path), abs=1e-9, rel=1e-12)


def test_children_never_meet_at_different_looks() -> None:
    """One child's best prefix is the first, the other's the second: the whole is the larger of two sums, both small."""
    good, bad = (3000, 0), (40, 8)
    first, second = RateEvidence(0.01, planned=10_000), RateEvidence(0.01, planned=10_000)
    both = any_of([first, second])
    best = max(first.preview([bad, good]), second.preview([good, bad]))
    found = both.preview([[bad, good], [good, bad]])
    assert found < best
    # Only one of both is good for anything at a time.
    assert found == pytest.approx(max(first.path([bad, good])[0], second.path([good, bad])[1]) - math.log(2), abs=0.02)


def test_a_child_without_open_looks_stands_as_it_is() -> None:
    """A child that counts closed looks has an empty sequence, and its state's E at each prefix."""
    pairs = PairedEvidence(planned=100)
    pairs.update(0, 9, 0)
    rate = RateEvidence(0.05, planned=1000)
    whole = any_of([pairs, rate], weights=[0.4, 0.6])
    looks = [(10, 3), (20, 1)]
    expected = [math.log(0.4 * math.exp(pairs.log_e) + 0.6 * math.exp(log)) for log in rate.path(looks)]
    assert whole.preview([[], looks]) == pytest.approx(max(expected), abs=1e-12)
    assert whole.preview([[], []]) == whole.preview() == whole.log_e


def test_a_look_that_one_child_cannot_see_ends_the_preview() -> None:
    """Failures ahead of their requests end the common prefix, there and not for that child alone."""
    one, two = RateEvidence(0.05, planned=1000), RateEvidence(0.05, planned=1000)
    whole = any_of([one, two])
    covered = whole.preview([[(10, 4)], [(10, 0)]])
    assert whole.preview([[(10, 4), (5, 5)], [(10, 0), (5, 6)]]) == covered
    assert whole.preview([[(5, 6)], [(5, 5)]]) == whole.log_e


@settings(max_examples=50)
@given(limits, rate_looks(fewest=1, size=5))
def test_alone_it_is_its_child(limit: float, looks: Rates) -> None:
    """Of one trigger any and all are the trigger."""
    for make in (any_of, all_of):
        alone, child = RateEvidence(limit, planned=1e4), RateEvidence(limit, planned=1e4)
        whole = make([child])
        for look in looks:
            whole.update(look)
            alone.update(*look)
        assert whole.log_e == pytest.approx(alone.log_e, abs=1e-9, rel=1e-12)
        assert whole.failed == alone.failed
        assert whole.estimate == alone.estimate


@settings(max_examples=50)
@given(streams, streams)
def test_nested_ones_have_a_preview_too(closed: Streams, looks: Streams) -> None:
    """Of A and B, or C: open looks of A and B in the place of the first child, at the same common prefixes."""

    def nested() -> AnyOf:
        one, two, three = children()
        return any_of([all_of([one, two]), three])

    def of_each(look: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
        return look[:2], look[2]

    whole, later = nested(), nested()
    for look in closed:
        whole.update(*of_each(look))
        later.update(*of_each(look))
    first, second, third = (list(own) for own in zip(*looks, strict=True))
    found, path = whole.preview([[first, second], third]), []
    for look in looks:
        later.update(*of_each(look))
        path.append(later.log_e)
    assert found == pytest.approx(max(path), abs=1e-9, rel=1e-12)


def test_a_nested_one_without_open_looks_stands_as_it_is() -> None:
    """None, empty, or empty for each of its own: its state's E at each prefix."""
    rate = RateEvidence(0.05, planned=1000)
    outer = any_of([all_of([RateEvidence(0.05, planned=1000), PairedEvidence(planned=10)]), rate])
    looks = [(10, 3), (20, 1)]
    expected = max(math.log((1 + math.exp(log)) / 2) for log in rate.path(looks))
    nowhere: tuple[Any, ...] = (None, [], [[], None], [[], []])
    for nothing in nowhere:
        assert outer.preview([nothing, looks]) == pytest.approx(expected)
    with pytest.raises(ValueError, match="the same ones for each child"):
        outer.preview([[[(5, 0)], []], looks])


@pytest.mark.parametrize(
    "wrong", [5, "ab", [5, 5], [[(5, 5)], 5], [[(5, 5)], [5]], [[(5, 5)]], {"a": 1}, [iter([(5, 5)]), [(5, 5)]]]
)
def test_what_are_no_open_looks_of_several(wrong: Any) -> None:
    """A wrong argument, whatever it is."""
    whole = any_of([RateEvidence(0.05, planned=1000), RateEvidence(0.05, planned=1000)])
    whole.children[0].update(50, 50)
    with pytest.raises(ValueError, match=r"one sequence for each|must be pairs|must be a sequence"):
        whole.decide(wrong)
    assert (whole.failed, whole.highest) == (False, 0)
    assert whole.decide(None)


def test_the_estimate_is_that_of_the_one_to_blame() -> None:
    """What is shown beside a verdict is the trigger that made it; of all of them the one that holds it back."""
    one, two = RateEvidence(0.05, planned=1000), RateEvidence(0.05, planned=1000)
    one.update(100, 4)
    two.update(100, 30)
    assert any_of([one, two]).estimate.value == 0.3
    assert all_of([one, two]).estimate.value == 0.04
