"""Single meanings that a random story meets too seldom."""

import pytest

from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.store.feed import OUTCOMES_0, Feed, rows


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


@pytest.mark.parametrize(
    ("own", "source", "told", "counts"),
    [
        ("success", "auto", "failure", "failed"),
        ("success", "other", "failure", "succeeded"),
        ("unknown", "other", "failure", "failed"),
        ("success", "human", "unknown", "requests"),
    ],
)
def test_whose_word_counts(feed: Feed, sessions: Sessions, own: str, source: str, told: str, counts: str) -> None:
    """The trace's own outcome ranks as auto and below every told one of that rank; a better source may take it back."""
    asked = trace(outcome=own)
    feed.send(asked)
    feed.send(outcome(trace_id=asked.trace_id, source=source, outcome=told), to=OUTCOMES_0)
    tick(sessions)
    (found,) = rows(sessions, "SELECT requests, succeeded, failed FROM request_rollups_day")
    assert found == (1, counts == "succeeded", counts == "failed")


@pytest.mark.parametrize(("duration_s", "ttft_us"), [(3.0, 500_000), (2.999999, 0), (3.5, 1_000_000)])
def test_what_a_user_waits_for_the_first_token(feed: Feed, sessions: Sessions, duration_s: float, ttft_us: int) -> None:
    """All of the request but the final attempt and those behind it, and its first token; nothing where that cannot be:
    attempts may take as long as their request and no longer.
    """
    final = attempt(streamed=True, ttft_s=0.5, duration_s=2.0)
    feed.send(trace(duration_s=duration_s, attempts=(final, attempt(role="judge", duration_s=1.0))))
    tick(sessions)
    assert rows(sessions, "SELECT ttft_us, ttft_known FROM request_rollups_day") == [(ttft_us, ttft_us > 0)]


@pytest.mark.parametrize(
    ("output", "reasoning", "duration_s", "known", "between_us"),
    [
        (2, None, 1.0, 1, 900_000),
        (3, None, 1.0, 1, 450_000),
        (8, None, 1.000001, 1, 128_571),
        (3, 1, 0.1, 1, 0),
        (3, 2, 1.0, 0, 0),
        (2, None, 0.099999, 0, 0),
    ],
)
def test_between_two_tokens(
    feed: Feed,
    sessions: Sessions,
    output: int,
    reasoning: int | None,
    duration_s: float,
    known: int,
    between_us: int,
) -> None:
    """Whole microseconds between visible tokens, of which there are two at least; a pause of nothing is one."""
    call = attempt(streamed=True, output_tokens=output, reasoning_tokens=reasoning, ttft_s=0.1, duration_s=duration_s)
    feed.send(trace(attempts=(call,)))
    tick(sessions)
    found = rows(sessions, "SELECT inter_token_known, inter_token_us FROM attempt_rollups_day")
    assert found == [(known, between_us)]
