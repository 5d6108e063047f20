"""Every share against figures that were worked out by hand, and what each does without data."""

import math

import pandas as pd
import pytest

from analytics.measures.definition import Measure
from analytics.measures.registry import REGISTRY
from tests.analytics.sums import attempts, requests, shadows

MEASURES = {measure.name: measure for measure in REGISTRY if isinstance(measure, Measure)}
# Name, sums of one row, count, coverage, value. Hand: 200 requests of which 160 are known, and so on.
BY_HAND = [
    ("task_success_rate", {"requests": 200, "known": 160, "succeeded": 150, "task_succeeded": 120}, 160, 0.8, 0.75),
    ("eventual_success_rate", {"requests": 200, "known": 160, "succeeded": 152}, 160, 0.8, 0.95),
    ("request_error_rate", {"requests": 200, "undelivered": 3}, 200, 1, 0.015),
    ("escalation_rate", {"requests": 200, "escalated": 50}, 200, 1, 0.25),
    ("human_escalation_rate", {"requests": 200, "human_escalated": 2}, 200, 1, 0.01),
    ("retry_rate", {"requests": 200, "retried": 30}, 200, 1, 0.15),
    ("fallback_rate", {"requests": 200, "fell_back": 8}, 200, 1, 0.04),
    ("fail_closed_rate", {"requests": 200, "failed_closed": 1}, 200, 1, 0.005),
    ("timeout_rate", {"requests": 200, "timed_out": 5}, 200, 1, 0.025),
    ("route_hit_rate", {"requests": 200, "known": 50, "first_route_succeeded": 45}, 50, 0.25, 0.9),
    ("gateway_cache_hit_rate", {"requests": 200, "cached": 24}, 200, 1, 0.12),
    (
        "injection_detected",
        {"requests": 200, "injection_known": 100, "injection_detected": 4, "injection_succeeded": 1},
        200,
        0.5,
        0.02,
    ),
    (
        "injection_succeeded",
        {"requests": 200, "injection_known": 100, "injection_detected": 4, "injection_succeeded": 1},
        200,
        0.5,
        0.005,
    ),
    # 240 attempts, 40 of them cancelled; 6 + 3 + 1 of the other 200 failed.
    (
        "attempt_error_rate",
        {"attempts": 240, "cancelled": 40, "ok": 190, "errors": 6, "timeouts": 3, "rate_limited": 1},
        200,
        1,
        0.05,
    ),
    ("refusal_rate", {"attempts": 240, "refusal_known": 120, "refused": 6}, 120, 0.5, 0.05),
    ("schema_adherence", {"attempts": 240, "schema_known": 60, "schema_valid": 57}, 60, 0.25, 0.95),
    (
        "first_attempt_schema_adherence",
        {"attempts": 240, "first_attempts": 200, "first_schema_known": 50, "first_schema_valid": 45},
        50,
        0.25,
        0.9,
    ),
    ("tool_success", {"attempts": 240, "tools_known": 60, "tool_calls": 90, "tool_calls_ok": 81}, 90, 0.25, 0.9),
    (
        "first_attempt_tool_success",
        {
            "attempts": 240,
            "first_attempts": 200,
            "first_tools_known": 50,
            "first_tool_calls": 80,
            "first_tool_calls_ok": 60,
        },
        80,
        0.25,
        0.75,
    ),
    (
        "citation_grounding",
        {"attempts": 240, "citations_known": 24, "citations": 100, "citations_supported": 97},
        100,
        0.1,
        0.97,
    ),
    # 60 attempts say how many of their 30,000 input tokens were cached: 12,000 of them, two fifths.
    (
        "prompt_cache_ratio",
        {
            "attempts": 240,
            "cache_read_known": 60,
            "cache_read_known_input_tokens": 30_000,
            "cache_read_tokens": 12_000,
            "input_tokens": 100_000,
        },
        60,
        0.25,
        0.4,
    ),
]


_FRAMES = {"requests": requests, "attempts": attempts, "shadows": shadows}


def compute(name: str, **sums: object) -> pd.DataFrame:
    """The measure over rows of these sums; all others are 0."""
    measure = MEASURES[name]
    return measure.compute(_FRAMES[measure.basis](**sums))


def test_every_share_has_figures_by_hand() -> None:
    """A new one without them would be believed unseen."""
    without = {"route_share"}
    assert {name for name, *_ in BY_HAND} == {
        name for name, measure in MEASURES.items() if measure.interval == "wilson"
    } - without


@pytest.mark.parametrize(("name", "sums", "count", "coverage", "value"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_a_share_is_what_a_person_works_out(
    name: str, sums: dict[str, int], count: int, coverage: float, value: float
) -> None:
    """Count, coverage and value of one row, and Wilson's interval of value * count / count."""
    (row,) = compute(name, **sums).to_dict("records")
    assert (row["count"], row["coverage"], row["value"]) == (count, coverage, pytest.approx(value))
    z = 1.959963984540054
    centre = (value + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(value * (1 - value) / count + z * z / (4 * count**2))
    assert (row["low"], row["high"]) == pytest.approx((centre - half, centre + half))


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_nothing_counted_is_no_data(name: str) -> None:
    """A row of zeros has no value, no ends and no coverage: none of them is 0."""
    (row,) = compute(name).to_dict("records")
    assert row["count"] == 0
    assert all(math.isnan(row[column]) for column in ("coverage", "value", "low", "high"))


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_no_rows_are_no_rows(name: str) -> None:
    """An empty frame gives an empty frame with the same columns."""
    measure = MEASURES[name]
    frame = _FRAMES[measure.basis]()
    empty = measure.compute(frame.iloc[:0])
    assert len(empty) == 0
    assert list(empty.columns) == list(measure.compute(frame).columns)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_the_index_is_kept(name: str) -> None:
    """Rows are measured each for itself, in their order and under their labels."""
    measure = MEASURES[name]
    frame = _FRAMES[measure.basis](**{measure.basis: [1, 2]})
    frame.index = pd.Index(["b", "a"])
    assert measure.compute(frame).index.tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("eventual_success_rate", {"requests": 9}),
        ("injection_detected", {"requests": 9}),
        ("injection_succeeded", {"requests": 9}),
        ("refusal_rate", {"attempts": 9}),
        ("schema_adherence", {"attempts": 9}),
        ("tool_success", {"attempts": 9}),
        ("citation_grounding", {"attempts": 9}),
        ("prompt_cache_ratio", {"attempts": 9}),
    ],
)
def test_where_nothing_is_known_coverage_is_0_and_there_is_no_value(name: str, sums: dict[str, int]) -> None:
    """Nine of which none says anything: no rate, and in particular none of 0."""
    (row,) = compute(name, **sums).to_dict("records")
    assert row["coverage"] == 0
    assert math.isnan(row["value"])
    assert math.isnan(row["high"])


def test_attempts_that_were_all_cancelled_are_no_data() -> None:
    """Nobody waited for them, so they neither failed nor succeeded."""
    assert math.isnan(compute("attempt_error_rate", attempts=5, cancelled=5)["value"].iloc[0])


def test_tools_that_were_not_called_are_no_data() -> None:
    """Attempts that say "no tool calls" are covered, and still there is no share of right ones."""
    (row,) = compute("tool_success", attempts=4, tools_known=4).to_dict("records")
    assert row["coverage"] == 1
    assert math.isnan(row["value"])


def test_a_route_share_is_of_the_whole_frame() -> None:
    """30 of 40 requests are three quarters; the two shares make 1."""
    shares = MEASURES["route_share"].compute(requests(requests=[30, 10]))
    assert shares["value"].tolist() == [0.75, 0.25]
    assert shares["count"].tolist() == [40, 40]


def test_a_route_share_over_time_is_of_each_bucket() -> None:
    """3 of 4 in the first bucket and 1 of 1 in the second; an empty bucket has none."""
    shares = MEASURES["route_share"].compute(requests(bucket=[1, 1, 2, 3], requests=[3, 1, 1, 0]))
    assert shares["value"].tolist()[:3] == [0.75, 0.25, 1]
    assert math.isnan(shares["value"].iloc[3])


@pytest.mark.parametrize("name", [row[0] for row in BY_HAND])
def test_a_missing_column_is_said(name: str) -> None:
    """A frame without the sums is an error that names one, no measure of something else."""
    with pytest.raises(KeyError):
        MEASURES[name].compute(pd.DataFrame({"route": ["invoices"]}))
