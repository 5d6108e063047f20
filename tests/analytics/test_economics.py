"""Cascade economics by hand, and what must hold for any traffic."""

import math

import pandas as pd
import pytest

from analytics.economics import cascade_economics
from tests.analytics.sums import requests

DOLLAR = 10**9
# Ten requests, $1 each for the first attempt. Four escalated: $5 more each, of which $4.50 the escalation itself.
# Six did not, and cost 50 cents more each, for routing and a judge. $10 + $20 + $3.
CASCADE = {
    "requests": 10,
    "known": 10,
    "succeeded": 8,
    "escalated": 4,
    "priced_known": 9,
    "priced_known_cost_nanousd": 30 * DOLLAR,
    "priced_unknown": 1,
    "priced_unknown_cost_nanousd": 3 * DOLLAR,
    "priced_first_cost_nanousd": 10 * DOLLAR,
    "escalated_priced": 4,
    "escalated_priced_cost_nanousd": 24 * DOLLAR,
    "escalated_first_cost_nanousd": 4 * DOLLAR,
    "escalation_cost_nanousd": 18 * DOLLAR,
    "escalated_known": 4,
    "escalated_succeeded": 3,
}
# Five direct requests for $4 each, all but one of them a success.
PREMIUM = {
    "requests": 5,
    "known": 5,
    "succeeded": 4,
    "priced_known": 5,
    "priced_known_cost_nanousd": 20 * DOLLAR,
    "priced_first_cost_nanousd": 20 * DOLLAR,
}


def cascade(**columns: object) -> pd.DataFrame:
    """Rows of the cascade on an economy route."""
    kind = {"task_class": "extraction", "protocol": "cascade", "route_kind": "economy"}
    return requests(**{**CASCADE, **kind, **columns})


def premium(**columns: object) -> pd.DataFrame:
    """Rows of premium-direct traffic."""
    kind = {"task_class": "extraction", "protocol": "direct", "route_kind": "premium"}
    return requests(**{**PREMIUM, **kind, **columns})


def row_of(table: pd.DataFrame, protocol: str = "cascade") -> dict[str, object]:
    """The one row of a protocol."""
    (row,) = table[table["protocol"] == protocol].to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_a_cascade_by_hand() -> None:
    """P = 4/10, C_L = $1, C_H = $5: expected $3, observed $3.30; 50 cents of each of six explain the rest."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium()])))
    wanted = {
        "requests": 10,
        "priced": 10,
        "known": 10,
        "escalation_rate": 0.4,
        "first_cost": 1,
        "escalated_extra_cost": 5,
        "kept_extra_cost": 0.5,
        "expected_cost": 3,
        "observed_cost": 3.3,
        "unexplained_cost": 0.3,
        "quality": 0.8,
        "quality_kept": 5 / 6,
        "quality_escalated": 0.75,
        "premium_requests": 5,
        "premium_cost": 4,
        "premium_quality": 0.8,
        "saving": 0.7,
        "quality_gain": 0,
    }
    assert {name: row[name] for name in wanted} == pytest.approx(wanted)
    assert (row["premium_from"], row["note"]) == ("premium-direct traffic", "")


def test_at_break_even_both_ways_cost_the_same() -> None:
    """$1 + P * $5 + (1 - P) * $0.50 = $4 at P = 2.5 / 4.5."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium()])))
    assert row["break_even"] == pytest.approx(2.5 / 4.5)


def test_without_premium_direct_traffic_the_escalations_stand_for_it_and_it_is_said() -> None:
    """Four escalations for $4.50 each, three of them a success; direct requests of another class are no comparison."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium(task_class="chat")])))
    assert row["premium_from"] == "escalated requests"
    assert str(row["note"]).startswith("no premium-direct traffic: estimated")
    assert (row["premium_requests"], row["premium_cost"], row["premium_quality"]) == (0, pytest.approx(4.5), 0.75)
    assert row["break_even"] == pytest.approx(3 / 4.5)


def test_without_either_there_is_no_counterfactual() -> None:
    """A protocol that never escalates, and no premium traffic: costs are known, what else they could be is not."""
    nothing = dict.fromkeys([name for name in CASCADE if "escalat" in name], 0)
    row = row_of(cascade_economics(cascade(**nothing)))
    assert (row["premium_from"], row["note"]) == ("nothing", "no premium-direct traffic")
    assert (row["escalation_rate"], row["expected_cost"]) == (0, pytest.approx(1))
    for name in ("escalated_extra_cost", "quality_escalated", "premium_cost", "saving", "break_even"):
        assert math.isnan(float(str(row[name]))), name


def test_premium_direct_is_its_own_counterfactual() -> None:
    """The same table shows it beside the cascade; it saves nothing against itself."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium()])), "direct")
    assert row["saving"] == pytest.approx(0)
    assert row["observed_cost"] == pytest.approx(4)


def test_rows_of_one_group_are_summed_and_groups_are_told_apart() -> None:
    """Halves of the same traffic on two routes make the figures of the whole; another task class has its own."""
    both = pd.concat([cascade(), cascade(), cascade(task_class="chat"), premium(), premium()])
    table = cascade_economics(both)
    assert table[["task_class", "protocol"]].to_dict("split")["data"] == [
        ["chat", "cascade"],
        ["extraction", "cascade"],
        ["extraction", "direct"],
    ]
    figures = ["observed_cost", "break_even", "quality"]
    once = row_of(cascade_economics(pd.concat([cascade(), premium()])))
    assert table[table["task_class"] == "extraction"].iloc[0][figures].to_dict() == pytest.approx(
        {name: once[name] for name in figures}
    )


def test_premium_traffic_of_another_route_is_a_comparison_of_another_environment_it_is_not() -> None:
    """Premium is another route and another model by its nature; staging says nothing about production."""
    here = cascade(route="cheap", environment="prod")
    there = premium(route="dear", environment="prod"), premium(route="dear", environment="staging")
    by = ["route", "environment"]
    assert row_of(cascade_economics(pd.concat([here, there[0]]), by))["premium_cost"] == pytest.approx(4)
    assert row_of(cascade_economics(pd.concat([here, there[1]]), by))["premium_from"] == "escalated requests"


def test_a_plain_mean_of_the_strong_models_cost_is_not_used() -> None:
    """Escalated requests at $5 beside direct ones at $4 of the same model: C_H is the $5 that were paid."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium()])))
    assert row["escalated_extra_cost"] == pytest.approx(5)


def test_no_traffic_is_no_rows_and_nothing_priced_is_no_data() -> None:
    """Neither is a cost of 0."""
    assert len(cascade_economics(pd.concat([cascade(), premium()]).iloc[:0])) == 0
    none = {name: 0 for name in CASCADE if "cost" in name or "priced" in name}
    row = row_of(cascade_economics(cascade(**none)))
    for name in ("escalation_rate", "first_cost", "expected_cost", "observed_cost", "saving"):
        assert math.isnan(float(str(row[name]))), name
    assert row["quality"] == 0.8


def test_every_share_has_its_interval() -> None:
    """Wilson's, around the share."""
    row = row_of(cascade_economics(pd.concat([cascade(), premium()])))
    for name in ("escalation_rate", "quality", "quality_kept", "quality_escalated"):
        low, value, high = (float(str(row[key])) for key in (f"{name}_low", name, f"{name}_high"))
        assert 0 <= low < value < high <= 1


def test_keys_that_requests_do_not_have_are_refused() -> None:
    """A provider belongs to an attempt."""
    with pytest.raises(ValueError, match="requests are not kept apart by provider"):
        cascade_economics(cascade(), ["provider"])
