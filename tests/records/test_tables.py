"""Rows and columns of tables are read where they are the candidate's, and told where they are not read."""

import pytest

from alerts.records.compiling import Compiled, compile_record
from alerts.records.lints.registry import problems_of
from alerts.records.problem import Problem
from tests.records.page import Example, record_with

EVIDENCE = "## 3. Evaluation Evidence\n\n"
ECONOMICS = "## 6. Execution Economics\n\n"
PLAN = "## 7. Lifecycle and Rollout Plan\n\n"
ROLLOUT = "* **Rollout Strategy:** Shadow 5% for 72 hours, then canary 10% for 3 days.\n"


def table(*rows: str) -> str:
    """Rows of cells between bars; the first one is the header."""
    dashes = "|".join("---" for _ in rows[0].split("|"))
    return "".join(f"| {row} |\n" for row in (rows[0], dashes, *rows[1:]))


def read(section: str) -> tuple[Compiled, list[Problem]]:
    """The smallest record with this section."""
    compiled = compile_record(record_with(Example("markdown", section)).encode())
    return compiled, problems_of(compiled)


def codes(section: str) -> list[str]:
    """Of its problems."""
    return [told.code for told in read(section)[1]]


def test_a_row_that_begins_with_a_label_is_a_field() -> None:
    """With two columns the second cell is its text."""
    compiled, problems = read(EVIDENCE + table("Metric|Value", "**Golden-Set Accuracy**|96.1%", "P95 Latency|900 ms"))
    assert problems == []
    assert (compiled.figures.golden_set_accuracy, compiled.figures.latency_p95_s) == (0.961, 0.9)


def test_rows_are_fields_in_the_other_sections_too() -> None:
    """Of the configuration, the failures, the costs and the plan."""
    section = "## 2. Selected Model and Configuration\n\n"
    assert codes(section + table("Key|Value", "Model Identifier|another")) == ["candidate_differs"]
    assert codes(ECONOMICS + table("Cost|Value", "Cost per Success|$0.0042")) == []
    failures = table("|", "Anticipated Failure|bad JSON", "Mitigation|it fails closed")
    assert codes(f"## 5. Failure Tolerance and Risk Mitigation\n\n{failures}") == []
    plan = table(
        "What|How", "Rollout Strategy|shadow 5% for 72 hours, then canary 10% for 3 days", "Rollback|refusals > 3%"
    )
    compiled, problems = read(PLAN + plan)
    assert problems == []
    assert (len(compiled.triggers), len(compiled.stages)) == (1, 2)


def test_a_row_with_an_empty_cell_is_an_empty_field() -> None:
    """As if nothing stood behind a colon."""
    assert codes(ECONOMICS + table("Cost|Value", "Cost per Success|")) == ["no_cost_estimate", "placeholder"]


def test_what_stands_in_such_a_row_is_looked_at() -> None:
    """A placeholder, sessions that stick, a rollback on a condition: as behind a colon."""
    assert codes(EVIDENCE + table("Metric|Value", "Golden-Set Accuracy|97.4% on [e.g., 1,200 invoices]")) == [
        "placeholder"
    ]
    section = "## 2. Selected Model and Configuration\n\n"
    assert codes(section + table("Key|Value", "Topology|sticky sessions")) == ["sticky_sessions"]
    assert codes(section + table("Key|Value", "Topology|if refusals > 3% we roll back")) == ["unlabelled"]


@pytest.mark.parametrize(
    "headers", ["Metric|Baseline|Candidate", "Metric|gpt-5.4|qwen-3.5-72b", "Metric|gpt-5.4 (baseline)|Qwen 3.5 72B"]
)
def test_of_several_columns_the_candidates_is_read(headers: str) -> None:
    """The one that says so, by the word or by the name."""
    compiled, problems = read(EVIDENCE + table(headers, "Golden-Set Accuracy|98.2%|97.1%"))
    assert problems == []
    assert compiled.figures.golden_set_accuracy == 0.971


@pytest.mark.parametrize(
    ("headers", "row"),
    [("Metric|Before|After", "98.2%|97.1%"), ("Metric|Candidate|Candidate, cached", "98.2%|97.1%"),
     ("Metric|Baseline", "98.2%"), ("Metric|gpt-5.4", "98.2%"), ("Metric|Candidate vs baseline|Note", "-1%|x")],
)  # fmt: skip
def test_no_other_column_is_taken_for_it(headers: str, row: str) -> None:
    """None or several that say so: the figure is not read, and the baseline's never is."""
    compiled, problems = read(EVIDENCE + table(headers, f"Golden-Set Accuracy|{row}"))
    assert compiled.figures.golden_set_accuracy is None
    assert sorted(told.code for told in problems) == ["figure_not_read", "no_evidence"]


def test_a_label_of_the_plan_in_a_row_of_several_columns_is_told() -> None:
    """Which of them holds is anyone's guess."""
    assert "field" in codes(
        PLAN + ROLLOUT + "\n" + table("What|Now|Later", "Rollback Trigger|refusals > 3%|retries > 5%")
    )


def test_of_several_rows_the_candidates_is_read() -> None:
    """Where each column is a field, and one row names the candidate. "Model" is a label of section 2 alone."""
    rows = table("Model|Accuracy|P95", "gpt-5.4|98.2%|1.8 s", "qwen-3.5-72b|97.1%|900 ms")
    compiled, problems = read(EVIDENCE + rows)
    assert problems == []
    assert (compiled.figures.golden_set_accuracy, compiled.figures.latency_p95_s) == (0.971, 0.9)


def test_of_rows_that_say_nothing_none_is_read() -> None:
    """Two figures for one field: neither is used."""
    compiled, problems = read(ECONOMICS + table("Run|Cost per Success", "May|$0.004", "June|$0.005"))
    assert compiled.figures.cost_per_success_usd is None
    assert [told.code for told in problems] == ["no_cost_estimate", "figure_not_read"]
    assert "neither is used" in problems[1].message


def test_a_row_of_the_baseline_alone_is_no_figure() -> None:
    """There is one row, and it is another model's."""
    compiled, _ = read(EVIDENCE + table("Model|Accuracy", "gpt-5.4|98.2%"))
    assert compiled.figures.golden_set_accuracy is None


@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize(
    ("field", "rows"),
    [("Rollback Trigger", ("Measure|Limit", "error rate|> 1%", "refusals|3%")),
     ("Rollout Strategy", ("Stage|Share|Time", "Shadow|5%|72 hours", "Canary|10%|3 days"))],
)  # fmt: skip
def test_steps_and_triggers_are_not_read_from_columns(indent: str, field: str, rows: tuple[str, ...]) -> None:
    """It is told once, at the table, and not once a cell."""
    other = "* **Rollback Trigger:** error rate > 1%\n" if field.startswith("Rollout") else ROLLOUT
    lines = "".join(f"{indent}{line}\n" for line in table(*rows).splitlines())
    _, problems = read(f"{PLAN}{other}* **{field}:**\n\n{lines}")
    told = [one.message for one in problems if one.code == "not_understood"]
    assert ["not read from several columns" in one for one in told] == [True]
    assert {one.code for one in problems} - {"not_understood"} == (set() if indent else {"placeholder"})


def test_a_condition_over_two_cells_is_told() -> None:
    """In a table of the plan that belongs to no field, whatever its columns are called."""
    rows = table("Signal|Level", "refusals|> 3%")
    assert codes(f"{PLAN}{ROLLOUT}* **Rollback Trigger:** error rate > 1%\n\n{rows}") == ["unlabelled"]


@pytest.mark.parametrize("label", ["Golden-Set Accuracy", "Model", "Latency P95", "Mitigation"])
def test_a_label_of_another_section_is_prose(label: str) -> None:
    """Below a trigger it would have taken its item out of the field."""
    text = f"{PLAN}{ROLLOUT}* **Rollback Trigger:**\n  * refusals > 3%\n  * {label}: error rate > 1%\n"
    assert "unknown_measure" in codes(text) or "not_understood" in codes(text)


@pytest.mark.parametrize("below", ["- error rate > 1%\n- refusals > 3%\n", "error rate > 1%\n"])
def test_an_empty_field_says_that_what_is_below_does_not_belong_to_it(below: str) -> None:
    """In section 7: a list that is not indented, behind a blank line."""
    _, problems = read(f"{PLAN}{ROLLOUT}* **Rollback Trigger:**\n\n{below}")
    assert "does not belong to it: indent" in problems[0].message
    assert {told.code for told in problems} == {"placeholder", "unlabelled"}


def test_an_empty_field_is_told_once() -> None:
    """Not as a missing trigger too."""
    _, problems = read(f"{PLAN}{ROLLOUT}* **Rollback Trigger:**\n")
    assert [told.code for told in problems] == ["placeholder"]


def test_what_is_missing_in_the_plan_is_told_at_its_heading() -> None:
    """Where section 7 is there; the line is its heading's."""
    _, problems = read(f"{PLAN}Nothing yet.\n")
    lines = record_with(Example("markdown", f"{PLAN}Nothing yet.\n")).splitlines()
    assert {(told.code, lines[told.line - 1]) for told in problems} == {
        (code, "## 7. Lifecycle and Rollout Plan") for code in ("no_trigger", "no_stage")
    }
