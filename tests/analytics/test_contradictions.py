"""Sums that contradict each other are told where they are, and hide nothing else."""

import math
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from analytics.economics import cascade_economics
from analytics.errors import HOW_TO_MEND, ContradictorySums, contradiction_in
from analytics.frames import ATTEMPT_COLUMNS, REQUEST_COLUMNS, SHADOW_COLUMNS, Frames
from analytics.measures.definition import Mix
from analytics.measures.registry import REGISTRY
from analytics.measures.table import measures_table
from tests.analytics.sums import attempts, latency, mix, requests, shadows

_GOOD = {"requests": 10, "known": 9, "succeeded": 8}
_WRONG = {"requests": 10, "known": 9, "succeeded": 10}


def _rows(frames: Frames, by: list[str], measure: str) -> dict[Any, dict[Any, Any]]:
    """The rows of a measure by their group."""
    rows = measures_table(frames, by, 60, only=[measure]).rows.to_dict("records")
    return {tuple(row[name] for name in by): row for row in rows}


def test_one_group_hides_no_other() -> None:
    """The wrong one has no figures and says why and what helps; the right one has its own."""
    frame = pd.concat([requests(route="a", **_GOOD), requests(route="b", **_WRONG)])
    found = _rows(Frames(requests=frame), ["route"], "eventual_success_rate")
    assert found["a",]["value"] == pytest.approx(8 / 9)
    assert found["a",]["note"] == ""
    wrong = found["b",]
    assert all(math.isnan(wrong[name]) for name in ("value", "low", "high", "count", "coverage"))
    assert contradiction_in(wrong["note"]) == "succeeded: more than known, of which it is a part"
    assert wrong["note"].endswith(HOW_TO_MEND)
    assert (wrong["part"], wrong["unit"]) == ("", "1")


def test_without_columns_too() -> None:
    """There is one group then, and its note."""
    found = _rows(Frames(requests=requests(**_WRONG)), [], "eventual_success_rate")
    assert contradiction_in(found[()]["note"]).startswith("succeeded")


def test_measures_that_do_not_read_what_is_wrong_go_on() -> None:
    """Of the same group."""
    found = _rows(Frames(requests=requests(route="b", **_WRONG)), ["route"], "escalation_rate")
    assert found["b",]["value"] == 0


def test_times_and_mixes() -> None:
    """More times, or values, than requests: of one route only."""
    both = pd.concat([requests(route="a", requests=10), requests(route="b", requests=2)])
    times = pd.concat([latency("duration", {500: 10}, route="a"), latency("duration", {500: 3}, route="b")])
    found = measures_table(Frames(requests=both, latency=times), ["route"], 60, only=["duration"]).rows
    assert found["value"].notna().tolist() == [False, True, True, True, True]
    values = pd.concat([mix("recovery", {"none": 10}, route="a"), mix("recovery", {"none": 3}, route="b")])
    shares = _rows(Frames(requests=both, mix=values), ["route"], "recovery_mix")
    assert shares["a",]["value"] == 1
    assert contradiction_in(shares["b",]["note"])


def test_times_of_requests_that_are_not_there() -> None:
    """Have a row and a note of their own, with keys and without."""
    times = pd.concat([latency("duration", {500: 1}, route="a"), latency("duration", {500: 3}, route="gone")])
    frames = Frames(requests=requests(route="a", requests=1), latency=times)
    rows = measures_table(frames, ["route"], 60, only=["duration"]).rows
    assert rows.loc[rows["route"] == "a", "value"].notna().all()
    (note,) = rows.loc[rows["route"] == "gone", "note"]
    assert contradiction_in(note) == "requests or attempts are missing of which there are times or values"
    alone = Frames(requests=requests().iloc[:0], latency=latency("duration", {500: 3}))
    (note,) = measures_table(alone, [], 60, only=["duration"]).rows["note"]
    assert contradiction_in(note)


def test_probes_are_still_compared_with_the_baseline() -> None:
    """A wrong canary takes nothing from a right one's comparison with the baseline's arm."""
    frames = Frames(
        requests=requests(arm="baseline", requests=100, known=100, succeeded=90),
        probe_requests=pd.concat(
            [
                requests(arm="canary", probe="golden", requests=10, known=10, succeeded=8),
                requests(arm="other", probe="golden", **_WRONG),
            ]
        ),
        probe_attempts=attempts(arm="canary", probe="schema", attempts=0).iloc[:0],
    )
    found = _rows(frames, ["arm"], "probes")
    assert "missed" in found["canary",]["note"]
    assert contradiction_in(found["other",]["note"])


@pytest.mark.parametrize("measure", REGISTRY, ids=lambda measure: measure.name)
def test_no_measure_is_blinded(measure: Any) -> None:
    """Whatever is wrong with one group, the other has the rows that it has alone."""
    good: dict[str, Any] = {"route": "a"}
    nothing_wrong = Frames(
        requests(**good, requests=4), attempts(**good, attempts=4), latency("duration", {}, **good),
        mix("recovery", {}, **good), requests(**good, probe="needle", requests=1), attempts(**good, probe="schema"),
        shadows(**good, shadows=3),
    )  # fmt: skip
    broken: dict[str, Any] = {"route": "b"}

    def negative(columns: Sequence[str]) -> dict[str, Any]:
        return dict.fromkeys(columns, -1)

    wrong = Frames(
        requests(**broken, **negative(REQUEST_COLUMNS)), attempts(**broken, **negative(ATTEMPT_COLUMNS)),
        latency("duration", {}, **broken), mix("recovery", {}, **broken),
        requests(**broken, probe="needle", **negative(REQUEST_COLUMNS)),
        attempts(**broken, probe="schema", **negative(ATTEMPT_COLUMNS)),
        shadows(**broken, **negative(SHADOW_COLUMNS)),
    )  # fmt: skip
    both = Frames(
        *(pd.concat([one, other]) for one, other in zip(nothing_wrong, wrong, strict=True) if one is not None)
    )
    rows = measures_table(both, ["route"], 60, only=[measure.name]).rows
    alone = measures_table(nothing_wrong, ["route"], 60, only=[measure.name]).rows
    found = rows[rows["route"] == "a"].reset_index(drop=True)
    if measure.name == "route_share":
        # The one measure whose whole is all groups: it says so.
        found, alone = found.drop(columns="note"), alone.drop(columns="note")
    pd.testing.assert_frame_equal(found, alone, check_dtype=False)
    if not isinstance(measure, Mix):
        told = [contradiction_in(note) for note in rows.loc[rows["route"] == "b", "note"]]
        assert told
        assert all(told)


def test_a_cascade_of_one_route_hides_no_other() -> None:
    """The table of economics has a row for the wrong one too, and its note."""
    kind = {"task_class": "x", "protocol": "cascade", "route_kind": ""}
    frame = pd.concat([requests(route="a", **_GOOD, **kind), requests(route="b", **_WRONG, **kind)])
    found = {row["route"]: row for row in cascade_economics(frame, ["route"]).to_dict("records")}
    assert found["a"]["quality"] == pytest.approx(8 / 9)
    assert math.isnan(found["b"]["quality"])
    assert contradiction_in(found["b"]["note"]).startswith("succeeded")


def test_one_wrong_group_of_many_takes_no_longer_than_a_person_waits() -> None:
    """Halves are computed together: 4,000 groups, of which one is wrong, in well under ten seconds of one core."""
    numbers = range(4000)
    frame = requests(route=[str(number) for number in numbers], requests=10, known=9, succeeded=[8] * 3999 + [10])
    began = time.process_time()
    found = _rows(Frames(requests=frame), ["route"], "eventual_success_rate")
    assert time.process_time() - began < 5
    assert [route for (route,), row in found.items() if row["note"]] == ["3999"]


def test_what_is_wrong_is_told_alone() -> None:
    """Other notes contradict nothing."""
    assert contradiction_in("no target") == ""
    assert contradiction_in(str(ContradictorySums("this and that"))) == "this and that"


def test_a_share_of_less_than_all_says_so() -> None:
    """Of three routes one is wrong: the others have half each of what is left, and a note."""
    frame = pd.concat([requests(route=name, requests=10) for name in "ab"] + [requests(route="c", requests=-1)])
    found = _rows(Frames(requests=frame), ["route"], "route_share")
    assert [found[name,]["value"] for name in "ab"] == [0.5, 0.5]
    assert all("without contradictory sums" in found[name,]["note"] for name in "ab")


def test_premium_traffic_that_is_wrong_is_nothing_to_compare_with() -> None:
    """A saving beside what is left of it would be one beside something else."""
    keys = {"task_class": "extraction", "outcome": "success"}
    costs = {"requests": 9, "priced_unknown": 9, "priced_unknown_cost_nanousd": 90, "priced_first_cost_nanousd": 90}
    economy = requests(protocol="cascade", route_kind="economy", route="e", **costs).assign(**keys)
    premium = requests(protocol="direct", route_kind="premium", route="p", **{**costs, "known": -1}).assign(**keys)
    cascade, wrong = cascade_economics(pd.concat([economy, premium]), ["route"]).to_dict("records")
    assert (cascade["route"], wrong["route"]) == ("e", "p")
    assert cascade["observed_cost"] == pytest.approx(10e-9)
    assert all(math.isnan(cascade[name]) for name in ("premium_cost", "saving", "break_even"))
    assert cascade["note"] == "premium-direct traffic has contradictory sums: not compared"


def test_wrong_groups_do_not_go_through_what_their_measure_does_not_take() -> None:
    """Bins are many, and a rate has none: three hundred wrong groups beside 30,000 rows of them."""
    routes = [f"r{number}" for number in range(300)]
    frames = Frames(
        requests=pd.concat([requests(route=route, **_WRONG) for route in routes]),
        latency=pd.concat([latency("duration", dict.fromkeys(range(100), 1), route=route) for route in routes]),
    )
    began = time.monotonic()
    assert len(_rows(frames, ["route"], "eventual_success_rate")) == len(routes)
    assert time.monotonic() - began < 3
