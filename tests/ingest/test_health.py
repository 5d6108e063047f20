"""A database that is silent for too long counts as away, whoever waits for it."""

import pytest

from ingest.health import Condition


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr("ingest.health.time.monotonic", lambda: now[0])
    return now


def test_the_oldest_question_counts(clock: list[float]) -> None:
    """One thread finishes a batch while another begins the next: an answer to one is none to the other."""
    condition = Condition()
    condition.became("reading", "1 partition")
    with condition.asking_store():
        clock[0] += 4
        with condition.asking_store():
            assert condition.health.well
        clock[0] += 2
        assert (condition.health.state, condition.health.detail) == (
            "waiting_for_store",
            "the database has not answered for 6 s",
        )
    assert condition.health.well


def test_a_question_that_failed_is_over(clock: list[float]) -> None:
    """What then counts is what the thread that reads tells."""
    condition = Condition()
    condition.became("reading", "1 partition")
    with pytest.raises(RuntimeError), condition.asking_store():
        raise RuntimeError
    clock[0] += 60
    assert condition.health.well
