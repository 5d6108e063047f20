"""What a reader of a dashboard sees: nothing overlaps, all has a name and a unit, no two lines look alike."""

import re
from itertools import combinations
from typing import Any

import pytest

from tests import queries

BOARDS = sorted(file.name for file in queries.DASHBOARDS.glob("*.json"))
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name in BOARDS
    for panel in queries.board(name)["panels"]
    if panel["type"] != "row"
]
each_board = pytest.mark.parametrize("name", BOARDS)
each_panel = pytest.mark.parametrize("panel", PANELS)
_WIDTH = 24
# Grafana's own words for units; it shows any other word as it is.
_UNITS = {"short", "s", "reqps", "cps", "percentunit", "currencyUSD"}


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two places have a cell in common."""
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )


def chosen_one_by_one(name: str) -> set[str]:
    """Labels of which the reader has chosen a single value, so that no line needs to tell it."""
    variables = queries.board(name).get("templating", {"list": []})["list"]
    return {one["name"] for one in variables if not one["multi"] and not one["includeAll"]}


@each_board
def test_panels_lie_beside_each_other(name: str) -> None:
    """Within the width, none over another, with numbers and titles of their own."""
    panels = queries.board(name)["panels"]
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= _WIDTH for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]
    for what in ("id", "title"):
        told = [panel[what] for panel in panels]
        assert len(told) == len(set(told))


@each_board
def test_nothing_is_left_empty(name: str) -> None:
    """From top to bottom every row of the grid is full: a hole looks like a panel that does not load."""
    places = [panel["gridPos"] for panel in queries.board(name)["panels"]]
    cells = sum(place["w"] * place["h"] for place in places)
    assert cells == _WIDTH * max(place["y"] + place["h"] for place in places)


@each_panel
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """A unit, a whole sentence where there is a description, and an axis that begins at 0."""
    assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS
    assert panel["fieldConfig"]["defaults"]["min"] == 0
    assert re.fullmatch(r"([A-Z0-9]\S*( \S+)*[.])?", panel.get("description", ""))


@each_board
def test_lines_can_be_told_apart(name: str) -> None:
    """A legend names every label by which its query groups, and no other; no two queries of a panel share one."""
    for panel in queries.board(name)["panels"]:
        targets = panel.get("targets", [])
        for target in targets:
            grouped = {label for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in by.split(", ")}
            told = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert told == grouped - {"le"} - chosen_one_by_one(name), target
        legends = [target["legendFormat"] for target in targets]
        assert len(legends) == len(set(legends))


@each_panel
def test_a_limit_is_a_line(panel: dict[str, Any]) -> None:
    """Where a panel has a limit it is drawn, and the description says what is beyond it."""
    defaults = panel["fieldConfig"]["defaults"]
    assert ("thresholds" in defaults) == ("the line" in panel.get("description", ""))
    if "thresholds" in defaults:
        assert defaults["custom"]["thresholdsStyle"]["mode"] == "line"
        assert len(defaults["thresholds"]["steps"]) == 2
