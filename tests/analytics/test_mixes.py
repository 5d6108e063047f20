"""Mixes: the share of each value that occurred."""

import math

import pandas as pd
import pytest

from analytics.measures.attempt_failure_mode_mix import attempt_failure_mode_mix
from analytics.measures.failure_mode_mix import failure_mode_mix
from analytics.measures.recovery_mix import recovery_mix
from tests.analytics.sums import attempts, mix, requests


def test_the_failure_modes_of_requests_by_hand() -> None:
    """6 timeouts and 2 refusals among 200 requests are 3 % and 1 %, with Wilson's interval of 200."""
    rows = failure_mode_mix(mix("failure_mode", {"timeout": 6, "refusal": 2}), requests(requests=200), [])
    assert rows["part"].tolist() == ["refusal", "timeout"]
    assert rows["value"].tolist() == [0.01, 0.03]
    assert rows["count"].tolist() == [200, 200]
    assert rows["low"].tolist() == pytest.approx([0.0027, 0.0138], abs=1e-4)
    assert rows["high"].tolist() == pytest.approx([0.0357, 0.0639], abs=1e-4)


def test_who_sends_no_failure_mode_does_not_say_that_there_was_none() -> None:
    """So the coverage of failure modes cannot be told; that of recoveries can: an absent one means none."""
    groups = requests(requests=4)
    assert failure_mode_mix(mix("failure_mode", {"timeout": 1}), groups, [])["coverage"].isna().all()
    assert recovery_mix(mix("recovery", {"none": 3, "retry": 1}), groups, [])["coverage"].tolist() == [1, 1]


def test_the_failure_modes_of_attempts_are_shares_of_attempts() -> None:
    """3 of 12 attempts; the modes of requests beside them are another measure."""
    frame = pd.concat([mix("attempt_failure_mode", {"malformed_json": 3}), mix("failure_mode", {"timeout": 9})])
    rows = attempt_failure_mode_mix(frame, attempts(attempts=12), [])
    assert rows[["part", "value"]].to_dict("records") == [{"part": "malformed_json", "value": 0.25}]


def test_all_recoveries_make_one() -> None:
    """Every request has exactly one recovery, `none` among them."""
    rows = recovery_mix(mix("recovery", {"none": 90, "retry": 7, "fail_open": 3}), requests(requests=100), [])
    assert rows["value"].sum() == pytest.approx(1)


def test_groups_and_parts_are_told_apart() -> None:
    """Each group has the values that occurred in it; rows of the same value add up; '' is none."""
    frame = pd.concat(
        [
            mix("recovery", {"retry": 1, "": 5}, route="b"),
            mix("recovery", {"retry": 2}, route="b"),
            mix("recovery", {"fail_open": 1}, route="a"),
        ]
    )
    rows = recovery_mix(frame, requests(route=["a", "b", "c"], requests=[10, 10, 0]), ["route"])
    assert rows.index.tolist() == [0, 1]
    assert rows["part"].tolist() == ["fail_open", "retry"]
    assert rows["value"].tolist() == [0.1, 0.3]


def test_nothing_that_occurred_is_no_rows() -> None:
    """An empty mix has no values, whatever the groups."""
    assert len(recovery_mix(mix("recovery", {}), requests(requests=3), [])) == 0
    assert len(recovery_mix(mix("recovery", {}, route=""), requests(route=[]), ["route"])) == 0


def test_more_values_than_facts_are_refused() -> None:
    """Two frames that were read differently are an error."""
    with pytest.raises(ValueError, match="more than"):
        recovery_mix(mix("recovery", {"none": 2}), requests(requests=1), [])


def test_a_mix_has_no_value_for_what_was_not_asked() -> None:
    """An interval of a value that occurred is a number, never NaN."""
    rows = recovery_mix(mix("recovery", {"none": 1}), requests(requests=1), [])
    assert not math.isnan(rows["low"].iloc[0])
