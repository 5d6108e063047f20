"""Within an attempt, parts fit their whole: otherwise something would be counted or priced below zero."""

import pytest
from pydantic import ValidationError

from pointsman_contract.decode import decode
from pointsman_contract.trace import Trace
from tests.builders import ABSENT, attempt, trace, wire_attempt
from tests.contract.refusals import detail_of

COST_PARTS = ("prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd")


@pytest.mark.parametrize("present", range(16))
def test_the_four_cost_parts_come_together_or_not_at_all(present: int) -> None:
    """Half a price would be stored as a whole one; null counts as absent."""
    for missing in (ABSENT, None):
        costs = {name: "0.1" if present >> bit & 1 else missing for bit, name in enumerate(COST_PARTS)}
        value = wire_attempt(trace(), **costs)
        if present in {0, 15}:
            assert decode(Trace, value).unknowns is None
        else:
            assert detail_of(Trace, value) == (
                "attempts.0: the four cost parts (prefill, cache, generation, tools) come together or not at all"
            )


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("cache_read_tokens", "input_tokens"),
        ("cache_write_tokens", "input_tokens"),
        ("reasoning_tokens", "output_tokens"),
        ("tool_calls_ok", "tool_calls"),
        ("citations_supported", "citations"),
    ],
)
def test_a_part_is_at_most_its_whole(part: str, whole: str) -> None:
    """As many is possible, one more is a mistake that would price or count below zero."""
    assert getattr(attempt(**{part: 7, whole: 7}), part) == 7
    with pytest.raises(ValidationError, match=f"{part}.* cannot be larger"):
        attempt(**{part: 8, whole: 7})
    assert detail_of(Trace, wire_attempt(trace(), **{part: 8, whole: 7})).startswith("attempts.0: ")


def test_read_and_written_cache_tokens_are_parts_of_one_whole() -> None:
    """A token is read from the cache or written to it: together they are at most the input."""
    assert attempt(input_tokens=7, cache_read_tokens=3, cache_write_tokens=4).input_tokens == 7
    with pytest.raises(ValidationError, match="cannot be larger together"):
        attempt(input_tokens=7, cache_read_tokens=4, cache_write_tokens=4)


def test_a_part_without_its_whole_is_kept() -> None:
    """Absent is not known, and nothing can be compared with it."""
    lonely = attempt(tool_calls_ok=3, citations_supported=2)
    assert (lonely.tool_calls, lonely.citations) == (None, None)
