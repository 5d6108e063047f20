"""Where lints of a record's reasons begin and where they end: alternatives, failures, figures."""

import pytest

from alerts.records.compiling import compile_record
from alerts.records.lints.registry import problems_of
from tests.records.page import Example, codes, record_with

FAILURES = "## 5. Failure Tolerance and Risk Mitigation\n\n"
EVIDENCE = "## 3. Evaluation Evidence\n\n"
ALTERNATIVES = "## 4. Rejected Alternatives and Rationale\n\n"
ECONOMICS = "## 6. Execution Economics\n\n* **Cost per Success:** $0.00072\n"


@pytest.mark.parametrize(
    "text",
    ["None", "none.", "N/A", "-", "", "* None considered", "No alternatives were considered.", "Alternatives: none",
     "* **Alternatives:** nothing"],
)  # fmt: skip
def test_no_alternative_is_none_in_any_words(text: str) -> None:
    """What says that there is none, with or without a label."""
    assert codes(f"{ALTERNATIVES}{text}\n") == ["no_rejected_alternative"]


@pytest.mark.parametrize("text", ["None of the small models kept up: 91% at most.", "* gpt-5.4", "Nothing is cheaper."])
def test_an_alternative_may_begin_with_such_a_word(text: str) -> None:
    """A sentence that goes on says something."""
    assert codes(f"{ALTERNATIVES}{text}\n") == []


@pytest.mark.parametrize(
    "text",
    ["it fails open", "fail-open", "Failing open with a note", "fail_open", "FAILS\u2011OPEN", "fails closed",
     "It **fails closed**: a clerk enters it", "fail-closed"],
)  # fmt: skip
def test_a_fail_mode_is_said_in_words(text: str) -> None:
    """With a blank, a hyphen of either kind, or as traces have it."""
    assert codes(f"* **Mitigation:** {text}\n") == []


@pytest.mark.parametrize("text", ["a clerk looks", "the door is open", "never fails open", "it does not fail closed"])
def test_a_fail_mode_is_not_what_it_never_does(text: str) -> None:
    """A negation says what does not happen, and leaves open what does."""
    assert codes(f"* **Mitigation:** {text}\n") == ["no_fail_mode"]


@pytest.mark.parametrize(
    ("risk", "is_high"),
    [("high", True), ("Critical: money moves", True), ("very high", True), ("low", False), ("medium, not high", False),
     ("low (high volume)", False), ("none", False), ("not high", False), ("not a high one", False), ("not low", True),
     ("not very low", True), ("not rated", False)],
)  # fmt: skip
def test_a_risk_is_the_first_level_behind_its_label(risk: str, is_high: bool) -> None:  # noqa: FBT001 - a column
    """Of the whole task, where the label stands in section 1."""
    text = f"## 1. Context and Problem Statement\n\nInvoices.\n\n* **Risk:** {risk}\n"
    record = record_with(Example("markdown", text)).replace("fails closed", "fails open")
    found = [told.code for told in problems_of(compile_record(record.encode()))]
    assert found == ["high_risk_fail_open"] * is_high


@pytest.mark.parametrize("words", ["high risk", "a high-risk case", "critical severity", "risk is high", "Risk: high"])
def test_a_risk_is_said_in_words_too(words: str) -> None:
    """In the failure itself."""
    text = f"{FAILURES}* **Anticipated Failure:** a wrong total ({words})\n* **Mitigation:** fails open with a note\n"
    assert codes(text) == ["high_risk_fail_open"]


@pytest.mark.parametrize("words", ["not a high risk", "no high risk", "risk is not high", "not high-risk"])
def test_a_risk_that_is_said_to_be_none_is_none(words: str) -> None:
    """What is not high may fail open, in the failure or behind its label."""
    text = f"{FAILURES}* **Anticipated Failure:** a wrong total, {words}\n* **Mitigation:** fails open with a note\n"
    assert codes(text) == []
    text = f"{FAILURES}* **Failure:** a wrong total\n* **Risk:** not high\n* **Mitigation:** fails open with a note\n"
    assert codes(text) == []


@pytest.mark.parametrize(
    "section",
    [f"{EVIDENCE}* **Benchmarks:** MMLU\n* **Latency P95:** [e.g., 850 ms]\n", f"{ALTERNATIVES}* [e.g., gpt-5.4]\n",
     f"{FAILURES}* **Failure:** a late answer\n* **Mitigation:** [e.g., one retry]\n",
     "## 6. Execution Economics\n\n* **Prefill Cost:** [e.g., $310]\n",
     "## 2. Selected Model and Configuration\n\n* **Model Identifier:** [e.g., qwen]\n"],
)  # fmt: skip
def test_a_section_that_is_to_be_filled_in_has_no_other_problem(section: str) -> None:
    """What is missing beside a placeholder is no news."""
    assert codes(section) == ["placeholder"]


def test_the_risk_of_one_failure_is_not_that_of_another() -> None:
    """In a table the risk of a row is about its failure, whichever column comes first."""
    rows = [("a wrong total", "high", "fails closed"), ("a late answer", "low", "fails open")]
    for order in ((0, 1, 2), (1, 0, 2), (0, 2, 1)):
        header = ("Failure", "Risk", "Mitigation")
        lines = [[cells[at] for at in order] for cells in (header, ("---", "---", "---"), *rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        assert codes(f"{FAILURES}{table}\n") == [], order


def test_the_high_risk_of_a_row_that_fails_open_is_told_where_it_stands() -> None:
    """At its mitigation: line and column of the cell."""
    rows = "| a total | low | fails open |\n| b | high | fails open |\n"
    table = f"| Failure | Risk | Mitigation |\n| --- | --- | --- |\n{rows}"
    record = record_with(Example("markdown", f"{FAILURES}{table}"))
    told = problems_of(compile_record(record.encode()))
    assert [one.code for one in told] == ["high_risk_fail_open"]
    line = record.splitlines()[told[0].line - 1]
    assert line[told[0].column - 1 :].startswith("fails open")
    assert line.startswith("| b")


def test_a_mitigation_comes_behind_its_failure() -> None:
    """The one ahead of all failures has none, and the failure behind it has no mitigation: two problems."""
    text = f"{FAILURES}* **Mitigation:** fails closed\n* **Anticipated Failure:** JSON that the schema refuses\n"
    assert codes(text) == ["no_mitigation", "no_mitigation"]


def test_a_mitigation_may_have_several_parts() -> None:
    """One of them says how it fails; numbers behind labels do not count."""
    parts = "* **Failure 1:** a wrong total\n* **Mitigation 1:** one retry\n* **Mitigation 2:** then it fails closed\n"
    assert codes(f"{FAILURES}{parts}") == []


def test_each_row_of_a_table_is_a_pair() -> None:
    """An empty cell is a failure without a mitigation."""
    table = "| Anticipated Failure | Mitigation |\n| --- | --- |\n| a | fails closed |\n| b | |\n"
    assert codes(f"{FAILURES}{table}") == ["no_mitigation"]


@pytest.mark.parametrize("text", ["not measured", "n/a", "none", "Not measured, answers are prose", "n/a (prose)"])
def test_what_is_not_measured_is_no_problem(text: str) -> None:
    """A figure that is not there may be told to be not there, with the reason."""
    assert codes(f"* **Structured-Output Validity:** {text}\n") == []


@pytest.mark.parametrize(
    "text",
    ["$310", "$310 per million queries", "USD 310", "310 USD per 1M queries", "310 dollars for a million invoices",
     "$310 at 1,900 tokens a query", "$310/million", "$310, or $0.31 per thousand"],
)  # fmt: skip
def test_costs_of_a_million_queries_are_read(text: str) -> None:
    """With the sign or the word, and whatever a query is called."""
    compiled = compile_record(record_with(Example("markdown", f"{ECONOMICS}* **Prefill Cost:** {text}\n")).encode())
    assert compiled.figures.prefill_cost_per_million_usd == 310
    assert problems_of(compiled) == []


@pytest.mark.parametrize(
    "text",
    ["$0.30 per million tokens", "$0.0003 per query", "$0.31/1k queries", "$310 a day", "$1.2M", "310", "310 EUR"],
)
def test_costs_of_something_else_are_not_taken(text: str) -> None:
    """A figure that is wrong by a thousand is worse than none."""
    assert codes(f"{ECONOMICS}* **Prefill Cost:** {text}\n") == ["figure_not_read"]


def test_the_cost_of_a_thousand_successes_is_not_that_of_one() -> None:
    """Then the record has no estimate either, and both are told."""
    found = codes("* **Total Cost per Successful Outcome:** $0.72 per thousand invoices\n")
    assert sorted(found) == ["figure_not_read", "no_cost_estimate"]


def test_public_evidence_beside_own_figures_is_well() -> None:
    """Leaderboards may be named."""
    assert codes(f"{EVIDENCE}* **Latency P95:** 900 ms\n* **Benchmarks:** MMLU 86.2\n") == []


def test_benchmarks_that_are_none_are_no_public_evidence() -> None:
    """Then there is no evidence at all."""
    assert codes(f"{EVIDENCE}* **Benchmarks:** none\n") == ["no_evidence"]
