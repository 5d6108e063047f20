"""Single meanings that a random story meets too seldom."""

import pytest

from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.store.feed import Feed, rows


@pytest.mark.parametrize(
    ("modalities", "measured"),
    [(None, 1), ((), 1), (("text",), 1), (("text", "text"), 1), (("text", "image"), 0), (("image",), 0)],
)
def test_two_texts_are_text_only(
    feed: Feed, sessions: Sessions, modalities: tuple[str, ...] | None, measured: int
) -> None:
    """Input is measured where nothing but text is said to be in it, however often text is named."""
    feed.send(trace(modalities=modalities, attempts=(attempt(input_chars=5000),)))
    tick(sessions)
    assert rows(sessions, "SELECT input_measured FROM attempt_rollups_day") == [(measured,)]
