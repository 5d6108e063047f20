"""Blocks and plots keep within 80 columns, whatever the figures are, and say of what each figure is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.economics import cascade_economics
from analytics.errors import ContradictorySums
from analytics.report import Asked
from pointsman.screens.chosen import print_chosen
from pointsman.screens.economics import print_economics
from pointsman.screens.measures import print_groups
from pointsman.screens.over_time import Axis, print_over_time
from pointsman.screens.swap import print_swap
from store.rollups.reading import Part
from tests.analytics.test_economics import cascade, premium
from tests.figures import figures

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOURS = [NOON + timedelta(hours=number) for number in range(4)]
# Three hours, and twenty minutes of the fourth.
AXIS = Axis(HOURS, dict.fromkeys(HOURS[:3], 3600.0) | {HOURS[3]: 1200.0}, "hour")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("narrow")
def test_economics_has_every_amount(capsys: Captured) -> None:
    """Nothing is cut away, also where numbers are large; a premium route is named where it was seen."""
    many = cascade(requests=9_999_990, known=9_999_990, priced_known=9_999_990, succeeded=8_888_888)
    print_economics(cascade_economics(many), [])
    print_economics(cascade_economics(premium()), [])
    out = shown(capsys)
    assert "…" not in out
    assert "of 9,999,991 priced in full" in out
    assert "of 5 premium-direct" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("narrow")
def test_economics_of_wrong_sums(capsys: Captured) -> None:
    """The group is there, with what is wrong, and the others with their figures."""
    print_economics(cascade_economics(cascade(succeeded=99)), [])
    out = shown(capsys)
    assert out.startswith("extraction, cascade\n  contradictory sums: succeeded: more than known")
    assert "rollups verify" in out


def shown(capsys: Captured) -> str:
    """What was printed, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def swap_rows(bucket: datetime | None = None, **overrides: Any) -> list[Any]:
    """A candidate beside a baseline, on a route with a long name."""
    group = ("a-route-with-a-long-name", "a-candidate-with-a-long-name", "the-baseline-model")
    values = {"swap_input_tokens": 1.18, "swap_input_cost": -0.00012, "swap_output_tokens": 0.9, "swap_cost": 2.0}
    common = {"group": group, "bucket": bucket} | overrides
    return [
        figures(name, value, low=value - abs(value) / 9, high=value + abs(value) / 9, **common)
        for name, value in values.items()
    ]


BY = ("route", "model", "baseline_model")


@pytest.mark.usefixtures("narrow")
def test_a_swap(capsys: Captured) -> None:
    """Tokens as a ratio, money for a thousand requests; a candidate may save."""
    alone = swap_rows(group=("a-route-with-a-long-name", "a-candidate-with-a-long-name", ""))
    print_swap([*swap_rows(), *alone], Asked([], BY), shadows=130, paired=101)
    out = shown(capsys)
    assert out.startswith(
        "a-route-with-a-long-name: a-candidate-with-a-long-name in place of the-baseline-model\n"
    ) or (" in place of" in out)
    words = " ".join(out.split())
    assert "input tokens 1.18x 1.05 to 1.31x of 100 pairs" in words
    assert "extra input cost -$0.120 -$0.133 to -$0.107 per 1,000 requests output tokens" in words
    assert "29 of 130 shadow requests have no pair" in out
    assert out.count("input tokens") == 1
    assert all(len(line) <= 80 for line in out.splitlines())


@pytest.mark.usefixtures("narrow")
def test_plots_below_the_name_of_their_group(capsys: Captured) -> None:
    """Where names leave no room beside them."""
    rows = [row for hour in HOURS for row in swap_rows(hour)]
    asked = Asked([Part("hour", HOURS[0], HOURS[-1] + timedelta(hours=1))], BY, "hour")
    print_swap(rows, asked, shadows=9, paired=9)
    out = shown(capsys)
    assert "a-route-with-a-long-name, a-candidate-with-a-long-name, the-baseline-model\n" in out
    assert "swap_input_tokens" in out
    assert "▄▄▄▄" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_a_silent_hour_is_a_rate_of_nothing(capsys: Captured) -> None:
    """It was counted and had no request: its rate and its spend are 0; of what had no input there is no data."""
    rows = [figures("requests_per_second", 2.0, bucket=hour) for hour in (HOURS[0], HOURS[2])]
    rows += [figures("escalation_rate", 0.1, bucket=hour) for hour in (HOURS[0], HOURS[2])]
    print_over_time(rows, [], AXIS)
    lines = shown(capsys).splitlines()
    assert "█▁█ " in lines[1]
    assert lines[1].split()[-3:] == ["0", "2.00", "2.00"]
    assert "▄ ▄ " in lines[2]


def test_a_part_of_an_hour_is_no_fall(capsys: Captured) -> None:
    """A total of it is not plotted and named; a rate is, over time that has gone; a value that is neither always is."""
    rows = [figures("spend", value, bucket=hour) for hour, value in zip(HOURS, (9, 9, 9, 3), strict=True)]
    rows += [figures("requests_per_second", 2.0, bucket=hour) for hour in HOURS]
    rows += [figures("escalation_rate", 0.1, bucket=hour) for hour in HOURS]
    print_over_time(rows, [], AXIS)
    lines = shown(capsys).splitlines()
    assert "▄▄▄ " in lines[1]
    assert lines[1].split()[-3:] == ["$9.00", "$9.00", "$9.00"]
    assert "▄▄▄▄" in lines[2]
    assert lines[2].split()[-1] == "2.00"
    assert "▄▄▄▄" in lines[3]
    assert lines[5] == "spend: without hours that are counted only in part; --json has all"


def test_the_first_minutes_of_an_hour_have_no_rate_yet(capsys: Captured) -> None:
    """Requests of the last seconds are not finished, or not counted."""
    rows = [figures("requests_per_second", 2.0, bucket=hour) for hour in HOURS]
    print_over_time(rows, [], AXIS._replace(counted={**AXIS.counted, HOURS[3]: 20.0}))
    assert "requests_per_second: without hours" in shown(capsys)


def test_what_is_only_a_part_is_shown_all_the_same(capsys: Captured) -> None:
    """Three hours of a day are better than nothing."""
    print_over_time([figures("spend", 3.0, bucket=HOURS[3])], [], AXIS)
    out = shown(capsys)
    assert "$3.00" in out
    assert "without" not in out


@pytest.mark.usefixtures("narrow")
def test_measures_that_do_not_fit_are_told(capsys: Captured) -> None:
    """How many, and where they are."""
    names = ("eventual_success_rate", "cost_per_success", "escalation_rate", "attempt_error_rate", "spend")
    print_groups([figures(name, 0.5, group=("a" * 30, "b" * 30)) for name in names], ["route", "model"])
    assert "… 3 more measures fit a wider terminal: --json has all" in shown(capsys)


def test_a_wrong_group_is_told_below(capsys: Captured) -> None:
    """With a dash in its line, and once what mends it."""
    note = str(ContradictorySums("succeeded: more than known"))
    wrong = [
        figures(name, group=("b",), count=float("nan"), coverage=float("nan"), note=note)
        for name in ("eventual_success_rate", "task_success_rate")
    ]
    print_chosen([figures("eventual_success_rate", 0.5, group=("a",)), *wrong], ["route"])
    out = shown(capsys)
    assert out.count("b: succeeded: more than known") == 1
    assert out.count("rollups verify") == 1
    assert "nan" not in out


def test_notes_of_probes_stand_below(capsys: Captured) -> None:
    """Each with its group and its part."""
    row = figures("probes", 0.99, group=("a",), part="schema", note="target missed (100 %)")
    print_chosen([row], ["route"])
    assert "a, probes schema: target missed (100 %)\n" in shown(capsys)
