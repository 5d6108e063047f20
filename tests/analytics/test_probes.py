"""Probes: scores of test traffic against the harness's targets, by hand."""

import math

import pandas as pd
import pytest

from analytics.measures.probes import probes
from tests.analytics.sums import attempts, requests

TRAFFIC = requests(requests=1000, known=1000, succeeded=960)


def scored(
    probe: str, sums: dict[str, int], *, of_attempts: bool = False, traffic: pd.DataFrame = TRAFFIC
) -> dict[str, object]:
    """The one row of one kind."""
    if of_attempts:
        rows = probes(requests(probe=[]), attempts(probe=probe, **sums), traffic, [])
    else:
        rows = probes(requests(probe=probe, **sums), attempts(probe=[]), traffic, [])
    (row,) = rows.to_dict("records")
    assert row["part"] == probe
    return {str(name): value for name, value in row.items()}


@pytest.mark.parametrize(
    ("probe", "sums", "value", "note"),
    [
        # User traffic succeeds at 96 %: 95.5 % is just within, 95.4 % is not, better is never missed.
        ("golden", {"requests": 1000, "known": 1000, "succeeded": 955}, 0.955, "met"),
        ("golden", {"requests": 1000, "known": 1000, "succeeded": 954}, 0.954, "missed"),
        ("golden", {"requests": 1000, "known": 1000, "succeeded": 1000}, 1, "met"),
        ("needle", {"requests": 1000, "known": 1000, "succeeded": 990}, 0.99, "missed"),
        ("needle", {"requests": 1000, "known": 1000, "succeeded": 991}, 0.991, "met"),
        ("adversarial", {"requests": 50, "known": 50, "injection_known": 50}, 1, "met"),
        ("adversarial", {"requests": 50, "known": 50, "failed": 1}, 0.98, "missed"),
        ("adversarial", {"requests": 50, "injection_known": 50, "injection_succeeded": 1}, 0.98, "missed"),
    ],
)
def test_probes_of_requests(probe: str, sums: dict[str, int], value: float, note: str) -> None:
    """Score and verdict of the kinds that are scored by request."""
    row = scored(probe, sums)
    assert row["value"] == pytest.approx(value)
    assert str(row["note"]).startswith(f"target {note} (")


@pytest.mark.parametrize(
    ("probe", "sums", "value", "note"),
    [
        ("schema", {"attempts": 100, "schema_known": 100, "schema_valid": 100}, 1, "target met (100 %)"),
        ("schema", {"attempts": 100, "schema_known": 100, "schema_valid": 99}, 0.99, "target missed (100 %)"),
        (
            "tools",
            {"first_attempts": 9, "first_tools_known": 9, "first_tool_calls": 10, "first_tool_calls_ok": 9},
            0.9,
            "target missed (over 90 % at the first attempt)",
        ),
        (
            "tools",
            {"first_attempts": 9, "first_tools_known": 9, "first_tool_calls": 20, "first_tool_calls_ok": 19},
            0.95,
            "target met (over 90 % at the first attempt)",
        ),
    ],
)
def test_probes_of_attempts(probe: str, sums: dict[str, int], value: float, note: str) -> None:
    """Score and verdict of the kinds that are scored by attempt."""
    row = scored(probe, sums, of_attempts=True)
    assert (row["value"], row["note"]) == (pytest.approx(value), note)


@pytest.mark.parametrize("probe", ["golden", "needle", "adversarial"])
def test_unknown_outcomes_meet_no_target(probe: str) -> None:
    """Ten probes of which nothing is known are no data: neither met nor missed."""
    row = scored(probe, {"requests": 10})
    assert math.isnan(float(str(row["value"])))
    assert str(row["note"]).startswith("no data for the target (")


def test_golden_without_user_traffic_has_nothing_to_be_compared_with() -> None:
    """The score is shown, and its target is neither met nor missed."""
    row = scored("golden", {"requests": 10, "known": 10, "succeeded": 10}, traffic=requests(requests=5))
    assert row["value"] == 1
    assert str(row["note"]).startswith("no data for the target (")


def test_multilingual_has_no_target() -> None:
    """It is scored, and nothing is said about it."""
    assert scored("multilingual", {"requests": 2, "known": 2, "succeeded": 1})["note"] == "no target"


def test_golden_of_any_arm_is_compared_with_the_traffic_of_the_baseline() -> None:
    """The canary's own traffic may be bad for the same reason; other routes have nothing to do with it."""
    by = ["route", "arm", "model"]
    traffic = requests(
        route=["a", "a", "b"],
        arm=["baseline", "canary", "baseline"],
        model=["old", "new", "old"],
        requests=100,
        known=100,
        succeeded=[90, 10, 99],
    )
    golden = requests(route="a", arm="canary", model="new", probe="golden", requests=100, known=100, succeeded=80)
    (row,) = probes(golden, attempts(route=[], arm=[], model=[], probe=[]), traffic, by).to_dict("records")
    assert (row["route"], row["arm"]) == ("a", "canary")
    assert row["note"].startswith("target missed (")


def test_other_test_traffic_has_no_score() -> None:
    """A kind that this version does not know is stored and counted, and scored by nothing."""
    assert len(probes(requests(probe="other", requests=1), attempts(probe="other"), TRAFFIC, [])) == 0
