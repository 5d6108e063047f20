"""What is seen before looks are closed: never more than what the state will confirm, and nothing is changed by it."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import RateEvidence, any_of
from analytics.evidence.alternatives import above
from analytics.evidence.counted_trials import CountedTrials
from tests.evidence.streams import Rates, limits, long_plans, rate_look, rate_looks

INCIDENTS = pytest.mark.parametrize("incidents", ["count", "clip"])
_ROUNDING = 1e-9


def rate(limit: float, planned: float, incidents: str) -> RateEvidence:
    """Evidence of either kind; clipped ones have no larger limit."""
    if incidents == "clip":
        return RateEvidence(min(limit, 0.25), planned=planned, incidents="clip")
    return RateEvidence(limit, planned=planned)


@st.composite
def open_looks(draw: st.DrawFn, most: int = 300) -> list[tuple[int, int, int]]:
    """Requests, failures known so far, and all that there will be."""
    found = []
    for n, bad in draw(rate_looks(most, 10, 1)):
        found.append((n, draw(st.integers(0, bad)), bad))
    return found


@INCIDENTS
@settings(max_examples=50)
@given(limits, long_plans, rate_looks(size=6), open_looks(), st.data())
def test_the_state_confirms_what_was_seen_early(
    incidents: str, limit: float, planned: float, closed: Rates, looks: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """Whichever failures are still missing, ln E of each closed prefix is at least what the preview said of it."""
    process = rate(limit, planned, incidents)
    for look in closed:
        process.update(*look)
    early = process.path([(n, known) for n, known, _ in looks])
    assert max(early) == process.preview([(n, known) for n, known, _ in looks])
    for (n, _, bad), seen in zip(looks, early, strict=True):
        process.update(n, bad)
        assert seen <= process.log_e + _ROUNDING * max(1, abs(seen) / 1000)


@INCIDENTS
@settings(max_examples=50)
@given(limits, long_plans, rate_looks(size=6), rate_looks(size=12))
def test_a_path_is_what_updates_would_make_of_it(
    incidents: str, limit: float, planned: float, closed: Rates, looks: Rates
) -> None:
    """From any state, look by look: what is left out because it is no news has been none."""
    process = rate(limit, planned, incidents)
    for look in closed:
        process.update(*look)
    path = process.path(looks)
    for look, seen in zip(looks, path, strict=True):
        process.update(*look)
        assert seen == pytest.approx(process.log_e, abs=_ROUNDING, rel=1e-12)


def test_a_path_through_one_block_of_clipped_incidents() -> None:
    """Failures after the first look of a block are seen, and those that are too many are no news."""
    process = rate(0.005, 100_000, "clip")
    process.update(50, 0)
    path = process.path([(50, 0), (50, 2), (50, 0), (50, 6), (50, 5)])
    assert path[0] < path[1] == path[2] < path[3] == path[4]


@settings(max_examples=50)
@given(long_plans, st.lists(open_looks(), min_size=2, max_size=2))
def test_any_confirms_what_was_seen_early(planned: float, looks: list[list[tuple[int, int, int]]]) -> None:
    """The same for any of several, at common prefixes: the states become at least what the preview saw."""
    length = min(map(len, looks))
    whole = any_of([RateEvidence(0.02, planned=planned), RateEvidence(0.05, planned=planned, incidents="clip")])
    early = whole.preview([[(n, known) for n, known, _ in own[:length]] for own in looks])
    path = []
    for look in zip(*(own[:length] for own in looks), strict=True):
        whole.update(*((n, bad) for n, _, bad in look))
        path.append(whole.log_e)
    assert early <= max(path) + _ROUNDING * max(1, abs(early) / 1000)


@INCIDENTS
@settings(max_examples=50)
@given(limits, rate_looks(size=4), open_looks())
def test_a_preview_changes_nothing(
    incidents: str, limit: float, closed: Rates, looks: list[tuple[int, int, int]]
) -> None:
    """Previewed or not, the state is the same to the last bit; an error on the way changes it as little."""
    process = rate(limit, 5000, incidents)
    for look in closed:
        process.update(*look)
    before = json.dumps(process.state())
    process.preview([(n, known) for n, known, _ in looks])
    any_of([process]).preview([[(n, bad) for n, _, bad in looks]])
    with pytest.raises(ValueError, match="bad must be from 0"):
        process.preview([*((n, bad) for n, _, bad in looks), (5, -1)])
    assert json.dumps(process.state()) == before


@INCIDENTS
@settings(max_examples=50)
@given(rate_looks(size=5), st.integers(0, 30), rate_looks(size=3))
def test_failures_ahead_of_their_requests_wait(incidents: str, first: Rates, n: int, rest: Rates) -> None:
    """A look with more bad requests than requests is not covered: it and all behind it are left out."""
    process = RateEvidence(0.05, planned=5000, incidents="clip" if incidents == "clip" else "count")
    process.update(20, 3)
    assert process.preview([*first, (n, n + 1), *rest]) == process.preview(first)
    assert process.path([(n, n + 1), *rest]) == []


def test_without_open_looks_it_is_the_state() -> None:
    """No open look: the ln E of the state, also where it is below 0; with one, the state itself does not count."""
    process = RateEvidence(0.05, planned=500)
    process.update(400, 0)
    assert process.preview([]) == process.log_e < 0
    assert process.preview([(100, 0)]) < process.log_e


def test_decide_latches_what_a_preview_saw() -> None:
    """FAIL of a preview stays, counts in the p-value, and outlives good looks and a restart."""
    process = RateEvidence(0.01, planned=1000)
    assert not process.decide([(10, 1)])
    assert process.decide([(10, 10), (5000, 0)])
    assert process.highest == process.path([(10, 10)])[0] >= process.threshold
    assert process.p_value == math.exp(-process.highest)
    process.update(10, 0)
    process.update(5000, 0)
    assert process.failed
    assert process.decide()
    assert RateEvidence.from_state(process.state()).failed
    whole = any_of([RateEvidence(0.01, planned=1000), RateEvidence(0.02, planned=1000)])
    assert whole.decide([[(20, 20)], [(20, 0)]])
    whole.update((20, 0), (9000, 0))
    assert whole.failed
    assert whole.decide()


quick = settings(max_examples=100)


def quick_path(trials: CountedTrials, looks: Rates) -> list[float]:
    """In plain numbers; nothing where those do not do."""
    return trials._quick_path(looks)  # noqa: SLF001 - that both ways agree is the rule


def careful_path(trials: CountedTrials, looks: Rates) -> list[float]:
    """In logarithms."""
    return trials._careful_path(looks)  # noqa: SLF001 - see above


def book(limit: float, planned: float, logs: list[float], seen: int) -> CountedTrials:
    """Trials at a state that is as far away as one likes."""
    found = CountedTrials(limit, *above(limit), planned)
    found.restore({"logs": logs[: len(above(limit)[0])], "seen": seen, "cash_from": [math.log(0.2), 0]})
    return found


@quick
@given(limits, st.data())
def test_numbers_and_logarithms_agree(limit: float, data: st.DataObject) -> None:
    """The path in plain numbers is that in logarithms, or none: from any state, for any looks."""
    middle = data.draw(st.sampled_from([0.0, 1e6, -1e6, 300.0]))
    logs = data.draw(st.lists(st.floats(middle - 900, middle + 900), min_size=8, max_size=8))
    looks = data.draw(st.lists(rate_look(300) | rate_look(10**6), max_size=6))
    n = sum(look[0] for look in looks)
    trials = book(limit, data.draw(st.floats(max(n / 5, 1), 1e12)), logs, data.draw(st.integers(0, 10**6)))
    found, careful = quick_path(trials, looks), careful_path(trials, looks)
    if found:
        assert found == pytest.approx(careful, abs=1e-9, rel=1e-12)
    assert trials.path(looks) == (found or careful)


@pytest.mark.parametrize("level", [-1e6, 0.0, 1e6])
@pytest.mark.parametrize("look", [(10**6, 10**6), (10**6, 0), (2**53, 1), (2**53, 2**53), (3000, 1500)])
def test_absurd_looks_have_a_preview(level: float, look: tuple[int, int]) -> None:
    """A million bad requests in one look, the most requests there can be, states of E = e^+-10^6: the careful way."""
    trials = book(0.005, 1e6, [level + one for one in range(8)], 10**6)
    assert trials.path([look, look]) == pytest.approx(careful_path(trials, [look, look]), rel=1e-12)
    assert all(math.isfinite(one) for one in trials.path([look, look]))


def test_the_quick_way_is_taken_every_day() -> None:
    """Thirty looks of a healthy or a broken candidate need no logarithm in between."""
    trials = book(0.005, 200_000, [0.0] * 8, 0)
    assert len(quick_path(trials, [(50, 0), (50, 1), (40, 5)] * 10)) == 30
