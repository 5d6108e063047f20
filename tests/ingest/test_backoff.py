"""Waits between tries: they grow, they differ, they end."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.backoff import Backoff


@given(st.integers(0, 500))
def test_every_wait_is_within_its_bound(tries: int) -> None:
    """At least half of the doubled wait, never over 10 s, however long the outage is."""
    backoff = Backoff()
    for _ in range(tries):
        backoff.next_s()
    whole = min(10.0, 0.2 * 2.0 ** min(tries, 30))
    assert whole / 2 <= backoff.next_s() <= whole


def test_waits_differ_between_processes() -> None:
    """A database that comes back is not asked by all consumers at once."""
    waits = {Backoff(first_s=8.0).next_s() for _ in range(20)}
    assert len(waits) == 20


def test_a_success_starts_over() -> None:
    """The next outage is tried soon again."""
    backoff = Backoff()
    for _ in range(20):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= 0.2
