"""Rates whose bursts are clipped: what one burst says, when it comes and how it is looked at."""

import math

import pytest

from analytics.evidence import RateEvidence


def test_good_requests_do_not_raise_what_was_clipped() -> None:
    """A burst that was too much for its block stays so when a good look makes the block longer."""
    process = RateEvidence(0.005, planned=10**6, incidents="clip")
    process.update(599, 100)
    before = process.log_e
    process.update(601, 0)
    assert process.log_e < before


@pytest.mark.parametrize(("key", "wrong"), [("block_counted", 9), ("block_counted", 6), ("block_n", 600)])
def test_a_clipped_block_that_cannot_be(key: str, wrong: int) -> None:
    """More bad requests than a block may count, or than it has; a block that should have been closed."""
    process = RateEvidence(0.005, planned=1000, incidents="clip")
    process.update(5, 1)
    state = process.state()
    state["trials"][key] = wrong
    with pytest.raises(ValueError, match="a block of"):
        RateEvidence.from_state(state)


def test_clipped_incidents_have_no_large_limit() -> None:
    """A block of twelve that counts eight clips nothing."""
    RateEvidence(0.25, planned=1000, incidents="clip")
    with pytest.raises(ValueError, match=r"limit must be at most 0.25"):
        RateEvidence(0.3, planned=1000, incidents="clip")


@pytest.mark.parametrize("look", [1, 8, 100, 599])
@pytest.mark.parametrize("burst", [8, 20, 60, 300])
def test_one_burst_does_not_decide_where_incidents_are_clipped(burst: int, look: int) -> None:
    """At the very start, in looks of whatever size up to a block: it is one incident. Counted, it decides."""
    requests = [True] * burst + [False] * (1200 - burst)
    looks = [sum(requests[at : at + look]) for at in range(0, len(requests), look)]
    clipped, counted = (RateEvidence(0.005, planned=100_000, incidents=how) for how in ("clip", "count"))
    for bad in looks:
        clipped.update(look, bad)
        counted.update(look, bad)
    assert not clipped.failed
    assert counted.failed or (burst, look) == (8, 599)
    assert clipped.highest < math.log(30)
