"""Calm, attention or blind: each with the sentence that says why."""

from datetime import timedelta

import pytest

from pointsman.screens.status import RouteLine, Safety, Status, age, judge
from pointsman.screens.status_table import plain
from store.rollups.freshness import Freshness
from tests.builders import NOON

SECOND = timedelta(seconds=1)
FRESH = Freshness(NOON, NOON - SECOND, timedelta(), NOON - SECOND)
WELL = RouteLine(route="invoices", requests=900, per_minute=60, last_seen=NOON)


def judged(*routes: RouteLine, fresh: Freshness = FRESH, leader: str | None = "host/1") -> Status:
    """With all else well."""
    return judge(routes, fresh, leader=leader)


def test_calm_says_nothing() -> None:
    """A route with requests, fresh sums and a leader."""
    assert judged(WELL)[:2] == ("calm", [])
    assert judged()[:2] == ("calm", [])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (RouteLine(route="a", requests=99, dead_letters=1), "a: 1.0 % of its messages are dead letters"),
        (RouteLine(route="a", dead_letters=3), "a: 100.0 % of its messages are dead letters"),
        (RouteLine(route="a", requests=9, safety=Safety(2, 0)), "a: 2 injections succeeded"),
        (RouteLine(route="a", requests=9, safety=Safety(0, 1)), "a: failed open at high risk 1 time"),
        (RouteLine(route="a", requests=9, safety=Safety(1, 0)), "a: 1 injection succeeded"),
        (
            RouteLine(route="a", requests=9, contradictions=["succeeded: more than known"] * 2),
            "a: its sums contradict each other (succeeded: more than known): pointsman rollups verify, rebuild",
        ),
        (RouteLine(route="a", last_seen=NOON), "a: silent: it had requests in the last 24 hours"),
    ],
)
def test_a_route_that_needs_attention(line: RouteLine, sentence: str) -> None:
    """Is named with what happened."""
    assert judged(WELL, line)[:2] == ("attention", [sentence])


def test_few_dead_letters_are_no_trouble() -> None:
    """Below 1 % of the route's messages."""
    assert judged(RouteLine(route="a", requests=991, dead_letters=9)).state == "calm"


def test_nobody_leads() -> None:
    """What runs by the clock does not."""
    assert judged(WELL, leader=None)[:2] == ("attention", ["nobody leads: run pointsman steer, or up"])


@pytest.mark.parametrize(("seconds", "state"), [(29, "calm"), (31, "attention"), (301, "blind")])
def test_sums_that_are_behind(seconds: int, state: str) -> None:
    """Half a minute is looked at, five minutes of it are blind."""
    assert judged(WELL, fresh=FRESH._replace(behind=seconds * SECOND)).state == state


def test_what_was_never_counted_is_not_seen() -> None:
    """Something is stored, and nobody ever counted: blind, whoever leads now."""
    seen = judge([], FRESH._replace(read_until=None), leader="one")
    assert seen.state == "blind"
    assert seen.sentences == ["nothing is counted yet: does pointsman steer (or up) run?"]


def test_silence_is_blind_and_never_calm() -> None:
    """No data is no sign of health; what is true of a route is said all the same."""
    status = judged(RouteLine(route="a", last_seen=NOON), fresh=FRESH._replace(stored_at=NOON - timedelta(minutes=7)))
    assert status.state == "blind"
    assert "nothing arrived for 7 min" in status.sentences[0]
    assert "a: silent" in status.sentences[1]
    assert judged(fresh=FRESH._replace(stored_at=None)).state == "blind"


def test_for_programs_what_is_not_known_is_null() -> None:
    """And never 0."""
    (line,) = plain(judged(RouteLine(route="a", requests=3, figures={"escalation_rate": 0.5})))["routes"]
    assert (line["escalation_rate"], line["cost_per_success"]) == (0.5, None)


def test_ages() -> None:
    """In the unit that fits; a clock ahead is no negative age."""
    assert age(NOON, NOON - timedelta(hours=30)) == "30 h"
    assert age(NOON, NOON - 90 * SECOND) == "90 s"
    assert age(NOON, NOON + SECOND) == "0 s"
    assert age(NOON, None) == "-"
