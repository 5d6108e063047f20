"""Conditions and steps that stand where nobody follows them are told, wherever a person might believe in them."""

import pytest

from alerts.records.block import Block
from alerts.records.compiling import compile_record
from alerts.records.labels import SETTINGS
from alerts.records.lints.registry import problems_of
from alerts.records.problem import Problem
from alerts.records.strays import MOST_TRIES
from tests.records.page import smallest


def problems(below: str) -> list[Problem]:
    """Of the smallest record with this at its end, in section 7."""
    return problems_of(compile_record(f"{smallest()}{below}\n".encode()))


def in_section(number: int, text: str) -> list[str]:
    """The codes of the smallest record with this paragraph at the end of a section."""
    head, rest = smallest().split(f"\n## {number + 1}.")
    record = f"{head}\n{text}\n\n## {number + 1}.{rest}"
    return [told.code for told in problems_of(compile_record(record.encode()))]


@pytest.mark.parametrize(
    "text",
    ["* **Kill switch:** refusals > 3%", "* **Triggers:** refusals > 3%", "* **Abort criteria:** P95 latency above 2 s",
     "* **Guardrails:** retries > 5%", "* **Promotion Criteria:** error rate below 1%", "\nrefusals > 3%",
     "\nAlso: refusals > 3%", "\nWe also watch refusals > 3% there.", "\n### Additional triggers\n\n* refusals > 3%",
     "\nAnd go to the vendor when refusals exceed 3%.", "\nUnless user error rate > 2%, all is well.",
     "\nKill switch - more than 2% timeouts", "* **Kill Switch:** refusals > 3% and customers complain",
     "\nWatch: error rate worse than baseline by 20%", "* **Kill Switch:** any successful prompt injection"],
)  # fmt: skip
def test_a_trigger_outside_of_the_field_is_told(text: str) -> None:
    """Any text of section 7 without a field of which a part compiles, whatever stands ahead of it."""
    assert {told.code for told in problems(text)} == {"unlabelled"}


@pytest.mark.parametrize(
    "text",
    ["* **Stages:** 5% for 1 day, 25% for 2 days", "* **Guardrails:** canary 50% for 1 day", "* **Share:** 5%",
     "\nThen 50% of the traffic for 3 days."],
)  # fmt: skip
def test_a_step_outside_of_the_field_is_told(text: str) -> None:
    """The same for the steps of a rollout."""
    assert [told.code for told in problems(text)] == ["unlabelled"]


def test_the_place_is_that_of_the_condition() -> None:
    """Line and column of what compiles, not of the label ahead of it."""
    told = problems("* **Kill switch:** refusals > 3%")[0]
    line = f"{smallest()}* **Kill switch:** refusals > 3%".splitlines()[told.line - 1]
    assert line[told.column - 1 :] == "refusals > 3%"
    assert '"refusals > 3%" belongs to no field' in told.message


@pytest.mark.parametrize(
    "text",
    ["The owner looks at latency or injection each day.", "Reviewed by the risk board on 3 May.", "See the baseline.",
     "In May refusals exceeded 3%, so the prompt was changed.", "The price falls by 20% in March."],
)  # fmt: skip
def test_prose_of_the_plan_is_prose(text: str) -> None:
    """A measure without a limit, a number without a measure, and what happened."""
    assert problems(f"\n{text}") == []


@pytest.mark.parametrize("label", ["Rollback Criteria", "Rollback Criterion"])
def test_criteria_of_a_rollback_are_its_triggers(label: str) -> None:
    """They have one meaning, so they are labels."""
    compiled = compile_record(smallest().replace("Rollback Trigger", label).encode())
    assert problems_of(compiled) == []
    assert len(compiled.triggers) == 3


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize(
    "text",
    ["If refusals exceed 3% we roll back.", "We revert to gpt-5.4 once P95 latency is above 2 s.",
     "Rolls back by itself: more than 2% timeouts."],
)  # fmt: skip
def test_a_rollback_of_another_section_is_told(number: int, text: str) -> None:
    """A sentence that goes back on a condition, where no sentence is acted on."""
    assert in_section(number, text) == ["unlabelled"]


@pytest.mark.parametrize(
    "text",
    ["Roll back to the baseline by hand.", "The try of May was rolled back as refusals exceeded 3%.",
     "Refusals > 3% were seen. The owner can roll back by hand.", "Beyond refusals > 3% customers complain."],
)  # fmt: skip
def test_a_rollback_by_hand_may_be_told(text: str) -> None:
    """Without a condition in its sentence, or of the past, or a condition without a rollback."""
    assert in_section(5, text) == []


def test_a_mitigation_that_rolls_back_on_a_condition_is_told() -> None:
    """What stands behind a label of another section counts as well."""
    text = "* **Anticipated Failure:** refusals\n* **Mitigation:** fails closed; if refusals > 3% it is rolled back"
    assert in_section(5, text) == ["unlabelled"]


def test_a_row_is_one_sentence() -> None:
    """A failure that is a condition, and in the next cell a rollback that nobody would do."""
    table = "| Failure | Mitigation |\n| --- | --- |\n| refusals > 3% | {}, and it fails closed |"
    assert in_section(5, f"\n{table.format('we roll back')}") == ["unlabelled"]
    assert in_section(5, f"\n{table.format('a clerk looks')}") == []


@pytest.mark.parametrize("text", ["Stop when refusals > 3%.", "Refusals above 3% abort the rollout."])
def test_a_condition_beside_an_action_in_a_further_section_is_told(text: str) -> None:
    """In a section that is none of the seven; a condition alone may stand there."""
    assert [told.code for told in problems(f"\n## Further plans\n\n{text}")] == ["unlabelled"]
    assert problems("\n## Service levels\n\nThe contract allows P95 latency > 1.2 s.") == []


@pytest.mark.parametrize(
    "title", ["Kill switch", "Abort criteria", "Further triggers", "Guardrails", "Promotion criteria"]
)
def test_a_title_may_say_what_is_done(title: str) -> None:
    """Below a further section with such a title a condition alone is told."""
    assert [told.code for told in problems(f"\n## {title}\n\n* refusals > 3%")] == ["unlabelled"]


def test_looking_ends() -> None:
    """Where more sentences name measures and numbers than in any record, that is told, and not passed over."""
    lines = "\n\n".join(f"errors foo{number} > 5%" for number in range(2 * MOST_TRIES))
    assert ["too many sentences" in told.message for told in problems(f"\n{lines}")] == [True]


@pytest.mark.parametrize(
    "label",
    ["Enforcement", "Cooldown", "Cool-down period", "Minimum samples", "Deadline", "Holdback", "False rollback budget"],
)
def test_a_setting_counts_in_the_block_alone(label: str) -> None:
    """A label of the plan that is a key of the block reads like a rule, and is none."""
    assert [told.code for told in problems(f"* **{label}:** as agreed")] == ["unlabelled"]


def test_settings_are_keys_of_the_block() -> None:
    """Each of them is one that the message may send people to."""
    assert set(SETTINGS) <= set(Block.model_fields)


def test_a_share_alone_is_no_step() -> None:
    """Without shadow, canary, traffic or a time a share may be anything."""
    assert problems("* **Confidence:** 95%") == []


def test_what_stands_beside_a_trigger_is_no_prose() -> None:
    """A second column that says what is done is believed by who reads the table."""
    table = "\n| Rollback Trigger | Action |\n| --- | --- |\n| refusals > 3% | page the on-call, nothing else |\n"
    (told,) = problems(table)
    assert (told.code, "page the on-call" in told.message) == ("unlabelled", True)
    assert problems("\n| Rollback Trigger |\n| --- |\n| refusals > 3% |\n") == []
