"""Which entry of the price book goes before another, and where none does."""

import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.price_entries import PriceEntry, find_ties, matches, may_meet
from store.pricing import Usage
from tests.builders import NOON
from tests.prices import entry, numbered, people

_LATER = NOON + timedelta(days=1)
_PATTERNS = st.text(st.sampled_from("ab*"), max_size=5)
_NAMES = st.text(st.sampled_from("ab"), max_size=7)


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        (entry("gpt-5*", provider="openai", since=_LATER), entry("gpt-5.4")),
        (entry("*", provider="openai"), entry("g*")),
        (entry("gpt-5*", provider="openai", since=_LATER), entry("gpt-5.*")),
        (entry("*5.4", provider="openai"), entry("*-5.4")),
        (entry("gpt-5*", since=_LATER), entry("gpt-5*", provider="openai")),
        (entry("gpt-5.4", since=_LATER), entry("gpt-5.4", provider="openai")),
        (entry("gpt-5*", since=NOON), entry("gpt-5*", since=_LATER)),
        (entry("gpt-5.4", since=NOON), entry("gpt-5.4", since=_LATER)),
    ],
)
def test_precedence(weaker: PriceEntry, stronger: PriceEntry) -> None:
    """Exact model, longest pattern, named provider, newest valid_from; the order in the book says nothing."""
    at = _LATER + timedelta(hours=1)
    for book, wins in ((numbered(weaker, stronger), 2), (numbered(stronger, weaker), 1)):
        costs = book.costs("gpt-5.4", "openai", at, Usage(1, 1))
        assert costs is not None
        assert costs.price_id == wins
    assert not find_ties([weaker, stronger])


@pytest.mark.parametrize(("model", "provider"), [("gpt-5", "openai"), ("gpt-5.4", "azure"), ("gpt-5.4", "")])
def test_an_entry_is_for_its_model_and_provider_alone(model: str, provider: str) -> None:
    """Another name or another provider has no price; neither has one that is not given, where the entry names one."""
    assert numbered(entry("gpt-5.4", provider="openai")).costs(model, provider, NOON, Usage(1, 1)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("gpt-5.4"), entry("gpt-5.4")),
        (entry("gpt-5*", provider="openai"), entry("gpt-5*", provider="openai")),
        (entry("gpt-*-mini"), entry("*gpt--mini")),
        (entry("gpt*"), entry("*gpt")),
        (people("30"), people("40")),
        (entry("gpt-5.4", since=NOON, valid_to=_LATER), entry("gpt-5.4", since=NOON)),
    ],
)
def test_a_tie(one: PriceEntry, other: PriceEntry) -> None:
    """Alike in everything that gives precedence, and both for one attempt."""
    assert [(tie.one, tie.other) for tie in find_ties([one, other])] in ([(one, other)], [(other, one)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("gpt-5.4"), entry("gpt-5.5")),
        (entry("gpt-4*"), entry("gpt-5*")),
        (entry("g*t"), entry("t*g")),
        (entry("gpt-5.4", provider="openai"), entry("gpt-5.4", provider="azure")),
        (people("30"), people("40", since=NOON)),
        (people("30"), entry("")),
    ],
)
def test_no_tie(one: PriceEntry, other: PriceEntry) -> None:
    """One goes before the other, or no attempt is for both."""
    assert not find_ties([one, other])


@given(_PATTERNS, _NAMES)
def test_patterns_match_what_they_say(pattern: str, name: str) -> None:
    """`*` is any characters or none, everything else is itself."""
    assert matches(pattern, name) == bool(re.fullmatch(pattern.replace("*", ".*"), name))


@given(_PATTERNS, _PATTERNS, _NAMES)
@example("a*b", "ab*b", "abb")
@example("*", "", "")
def test_patterns_that_share_a_name_may_meet(one: str, other: str, name: str) -> None:
    """And the question is symmetric."""
    assert may_meet(one, other) == may_meet(other, one)
    if matches(one, name) and matches(other, name):
        assert may_meet(one, other)


@pytest.mark.parametrize(("one", "other"), [("a*", "b*"), ("*a", "*b"), ("a*b", "a*c"), ("a*a", "a"), ("ab*", "a*a*c")])
def test_patterns_that_never_meet(one: str, other: str) -> None:
    """No name is matched by both; for the last pair `abac` is."""
    assert may_meet(one, other) == (one == "ab*")
