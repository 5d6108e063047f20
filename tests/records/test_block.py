"""What the block does not take, said in words that say what to write."""

import pytest

from alerts.records.compiling import compile_record
from tests.records.plans import PLAN


def told(block: str) -> str:
    """The first problem of a record with this block."""
    return compile_record(f"{PLAN}any error\n\n```yaml pointsman\n{block}\n```\n".encode()).problems[0].message


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("holdback: 1.500%", "may be 1.5 or 1,500"),
        ("cooldown: 2.000 min", "may be 2 or 2,000"),
        ("tau: {min: 0.5, max: 1.250}", "may be 1.25 or 1,250"),
    ],
)
def test_a_value_that_is_not_taken_says_what_to_write(block: str, words: str) -> None:
    """A number with two meanings, or one that its key does not take."""
    assert words in told(block)
