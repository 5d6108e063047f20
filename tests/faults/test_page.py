"""docs/faults.md names tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/\S+?\.py)::(\w+)`", (ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_the_page_names_is_there(file: str, name: str) -> None:
    """Who reads that a fault was tried can see how."""
    assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")
