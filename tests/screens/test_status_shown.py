"""One word for all routes, the reasons, and how fresh it is."""

import io
import math
from datetime import timedelta

import pytest
from rich.console import Console

from pointsman.screens.status import RouteLine, Status, judge
from pointsman.screens.status_table import plain, rendered
from store.rollups.freshness import Freshness
from tests.builders import NOON

A_MINUTE_AGO = NOON - timedelta(minutes=1)


def shown(status: Status, *, narrow: bool = False) -> str:
    """As a person sees it, without colours."""
    console = Console(file=io.StringIO(), width=80 if narrow else 120)
    with console.capture() as capture:
        console.print(rendered(status, "15m", narrow=narrow))
    return capture.get()


def fresh(behind_s: float = 0) -> Freshness:
    """The newest message came a minute ago."""
    return Freshness(NOON, A_MINUTE_AGO, timedelta(seconds=behind_s), A_MINUTE_AGO)


def test_no_news_is_no_delay() -> None:
    """Where all is counted, the age of the newest message is not called how far the measures are behind."""
    assert "all counted, the newest 60 s ago" in shown(judge([RouteLine(route="r")], fresh(), leader="me"))
    assert "counted up to 60 s ago" in shown(judge([RouteLine(route="r")], fresh(2), leader="me"))


def test_a_look_at_the_wrong_environment() -> None:
    """An environment without any route is not calm where others have some: they are named, with the flag."""
    status = judge([], fresh(), leader="me", elsewhere=["replay", "stage"])
    assert status.state == "attention"
    assert "but of replay, stage: --environment replay" in shown(status)
    assert judge([], fresh(), leader="me").state == "calm"
    assert judge([RouteLine(route="r")], fresh(), leader="me", elsewhere=["replay"]).state == "calm"


@pytest.mark.parametrize("narrow", [False, True])
def test_names_have_room(narrow: bool) -> None:  # noqa: FBT001 - a case
    """On 80 columns a route's name stays in one line; titles take two."""
    figures = {"eventual_success_rate": 0.912, "cost_per_success": 0.000249, "attempt_error_rate": 0.0029}
    line = RouteLine(route="synthetic-extract", per_minute=93.3, figures=figures, last_seen=A_MINUTE_AGO)
    assert "synthetic-extract " in shown(judge([line], fresh(), leader="me"), narrow=narrow)


@pytest.mark.parametrize(("narrow", "cell"), [(False, "$0.0183 to $0.0274"), (True, "$0.0183… ")])
def test_bounds_stand_for_the_cost(narrow: bool, cell: str) -> None:  # noqa: FBT001 - a case
    """Where too few outcomes are known; on 80 columns on two lines, and no line is wider than that."""
    line = RouteLine(route="synthetic-extract", per_minute=93.3, cost_bounds=(0.0183, 0.0274), last_seen=A_MINUTE_AGO)
    out = shown(judge([line], fresh(), leader="me"), narrow=narrow)
    assert cell in out
    assert "$0.0274" in out
    assert "synthetic-extract " in out


def test_nothing_over_no_time_is_no_rate() -> None:
    """A window of which nothing is counted has no requests a minute, and not 0."""
    line = RouteLine(route="r", per_minute=math.nan, last_seen=A_MINUTE_AGO)
    status = judge([line], fresh(), leader="me")
    assert "nan" not in shown(status)
    assert plain(status)["routes"][0]["requests_per_minute"] is None
