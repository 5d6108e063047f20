"""The record's own figures are read, and never one of something else beside them."""

import pytest

from alerts.records.compiling import compile_record
from alerts.records.lints.registry import problems_of
from pointsman_contract.record import Figures
from tests.records.page import Example, record_with

SUCCESS = "Total Cost per Successful Outcome"
ACCURACY = "Golden-Set Accuracy"
LATENCY = "Latency P95"


def read(label: str, text: str) -> tuple[Figures, list[str]]:
    """The figures of the smallest record with this text behind a label, and what is said of them."""
    compiled = compile_record(record_with(Example("markdown", f"* **{label}:** {text}\n")).encode())
    told = [one.message for one in problems_of(compiled) if one.code == "figure_not_read"]
    return compiled.figures, told


@pytest.mark.parametrize(
    "text",
    ["$0.0083", "$0.0083 per success", "$0.0083 per successful outcome", "$0.0083 per outcome", "$0.0083 a task",
     "$0.0083 per request", "$0.0083/success", "0.83 cents", "0.83 cents per successful invoice", "USD 0.0083 a task",
     "$0.0083, which is $8.30 per 1,000 successes", "$0.0083 (from $0.0031)", "$0.0083 per success of 1,900 tokens"],
)  # fmt: skip
def test_the_cost_of_one_success_is_read(text: str) -> None:
    """With or without what it is for, in dollars or cents, and whatever stands behind it."""
    figures, told = read(SUCCESS, text)
    assert told == []
    assert float(figures.cost_per_success_usd or 0) == pytest.approx(0.0083)


@pytest.mark.parametrize(
    "text",
    ["$0.72 per 1,000 successes", "$0.72 per 1000 successes", "$0.72 per thousand successes", "$0.72/1k tasks",
     "$720 per million outcomes", "$0.72 per ten successes", "$0.72 a day", "$3 per million tokens",
     "72 cents per 1,000 requests"],
)  # fmt: skip
def test_the_cost_of_something_else_is_not_that_of_a_success(text: str) -> None:
    """Of one success, outcome, task or request, and of nothing else."""
    figures, told = read(SUCCESS, text)
    assert figures.cost_per_success_usd is None
    assert "is read as that of one success" in told[0]


@pytest.mark.parametrize("text", ["$310 per 1,000,000 queries", "31,000 cents per million queries"])
def test_a_million_may_be_written_in_figures(text: str) -> None:
    """The comma of a number ends nothing."""
    figures, told = read("Prefill Cost", text)
    assert told == []
    assert figures.prefill_cost_per_million_usd == 310


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (SUCCESS, "from $0.0031 down to $0.00072"),
        (SUCCESS, "down from $0.0031 to $0.00072"),
        (ACCURACY, "95% CI 96.3% to 98.2%, mean 97.4%"),
        (ACCURACY, "95% confidence, 97.4%"),
        (ACCURACY, "interval 96.3% to 98.2%"),
        (ACCURACY, "0.5% below the baseline at 97.4%"),
        (ACCURACY, "0.5% better, at 97.4%"),
        (ACCURACY, "baseline 98.2%, candidate 97.4%"),
        (ACCURACY, "98.2% (baseline), 97.4% (candidate)"),
        (ACCURACY, "gpt-5.4 98.2%, candidate 97.4%"),
        (ACCURACY, "above 97%"),
        (ACCURACY, "96-98%"),
        (ACCURACY, "96% to 98%"),
        (LATENCY, "2x faster than the 1.8 s of gpt-5.4: 900 ms"),
        (LATENCY, "control P95 1.8 s, candidate P95 900 ms"),
        (LATENCY, "vs. 1.8 s: 900 ms"),
        (LATENCY, "850 to 900 ms"),
    ],
)
def test_a_number_that_may_be_another_ones_is_not_taken(label: str, text: str) -> None:
    """A word of comparison beside the first number: it might be the baseline's, a difference, or a bound."""
    figures, told = read(label, text)
    own = {SUCCESS: figures.cost_per_success_usd, ACCURACY: figures.golden_set_accuracy, LATENCY: figures.latency_p95_s}
    assert own[label] is None
    assert ["put the candidate's own figure first" in one for one in told] == [True]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (ACCURACY, "97.4% beside 96.9% with the baseline"),
        (ACCURACY, "97.4%, up from 96.9%"),
        (ACCURACY, "97.4% with the baseline at 98.2%"),
        (ACCURACY, "97.4% (95% CI 96.3% to 98.2%)"),
        (ACCURACY, "of 1,200 invoices 97.4% are right"),
        (LATENCY, "900 ms, twice as fast as the baseline"),
        (LATENCY, "P50 400 ms, P95 900 ms"),
        (LATENCY, "under load 900 ms"),
    ],
)
def test_the_own_figure_stands_first(label: str, text: str) -> None:
    """What it is compared with may follow."""
    figures, told = read(label, text)
    assert told == []
    assert figures.golden_set_accuracy == 0.974
    assert figures.latency_p95_s == (0.9 if label == LATENCY else None)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (ACCURACY, "target 95%, measured 97.4%"),
        (ACCURACY, "on a 10% sample of invoices, 97.4%"),
        (ACCURACY, "with 5% noise 93.2%"),
        (SUCCESS, "today $0.0029, then $0.00072"),
        (SUCCESS, "we expect $0.0003 and $0.0004 in all"),
        (SUCCESS, "$0.72 (per 1,000 successes)"),
        (LATENCY, "a load test of 10 min: 850 ms"),
    ],
)
def test_the_first_of_several_behind_words_is_not_taken(label: str, text: str) -> None:
    """Whose it is only the words say; at the beginning it is the candidate's own."""
    figures, told = read(label, text)
    assert len(told) == 1
    field = {ACCURACY: "golden_set_accuracy", SUCCESS: "cost_per_success_usd", LATENCY: "latency_p95_s"}[label]
    assert getattr(figures, field) is None
