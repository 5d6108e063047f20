"""Sets of labels are bounded; the largest are told apart, and no counter falls for it."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.scrape.bounds import Labels, Places, largest, placed

DAY = date(2026, 11, 23)
NAMES = st.tuples(st.sampled_from("ab"), st.sampled_from("stuvwxyz"))


def test_the_largest_have_a_place() -> None:
    """Of equal ones the first by name."""
    sizes: dict[Labels, int] = {("c",): 5, ("b",): 1, ("a",): 1, ("d",): 9}
    assert largest(sizes, 3) == {("d",), ("c",), ("a",)}


def test_others_are_one_row() -> None:
    """Their sums are under `other` in every label."""
    rows = {("a", "x"): Counter(n=1), ("b", "y"): Counter(n=2), ("c", "z"): Counter(n=4)}
    found = placed(rows.items(), {("a", "x")})
    assert found == {("a", "x"): Counter(n=1), ("other", "other"): Counter(n=6)}


def test_a_new_day_gives_places_anew() -> None:
    """What was there yesterday holds nothing today."""
    places = Places(1)
    places.give(DAY, {("a",): 1})
    places.give(DAY, {("a",): 1, ("b",): 100})
    assert (places.taken, places.folded) == ({("a",)}, 1)
    places.give(DAY + timedelta(days=1), {("a",): 1, ("b",): 2})
    assert (places.taken, places.folded) == ({("b",)}, 1)


@given(st.lists(st.dictionaries(NAMES, st.integers(1, 9)), min_size=1), st.integers(0, 6))
def test_within_a_day_nothing_falls(arrivals: list[dict[Labels, int]], most: int) -> None:
    """However traffic comes: at most `most` sets beside `other`, all of it is counted, and each of them only rises."""
    places = Places(most)
    so_far: Counter[Labels] = Counter()
    before: dict[Labels, Counter[str]] = {}
    for arrived in arrivals:
        so_far.update(arrived)
        places.give(DAY, so_far)
        now = placed(((labels, Counter(n=size)) for labels, size in so_far.items()), places.taken)
        assert len(now.keys() - {("other", "other")}) <= most
        assert sum(sums["n"] for sums in now.values()) == so_far.total()
        assert all(now[labels]["n"] >= sums["n"] for labels, sums in before.items())
        before = now
