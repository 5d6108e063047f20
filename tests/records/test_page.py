"""Every sentence of docs/model-records.md is compiled to what stands beside it; its tables are those of the code."""

import re
import typing
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from alerts.records.block import Block, StageEntry, Tau, TriggerEntry
from alerts.records.compiling import compile_record
from alerts.records.front_matter import KEYS
from alerts.records.labels import FIELDS, TITLES
from alerts.records.measure_words import is_tested
from alerts.records.operators import WORDS
from alerts.records.passages import Passage, Place
from alerts.records.printing import with_plain_texts
from alerts.records.problem import Problem
from alerts.records.quantities import SPANS, UNITS
from alerts.records.rollouts import read_stages
from alerts.records.sentences import condition_sentence, stage_sentence
from alerts.records.triggers import read_field
from pointsman_contract.measures import MEASURES
from pointsman_contract.record import CompiledRecord
from tests.records.page import PAGE, Example, code_in, paragraph, record_with, smallest, table

TRIGGERS = table("you write", "is compiled to")
STAGES = table("you write", "stages")
NO_TRIGGERS = table("you write", "is refused as", "write instead")
NO_STAGES = table("step", "refused as", "instead")
KEY_TABLE = ("key", "takes", "left out")


def triggers(text: str) -> tuple[str, list[Problem]]:
    """A rollback sentence in the words of the grammar, and what is wrong with it."""
    read = read_field([Passage.of([(text, Place(1, 1))])])
    conditions = (" and ".join(condition_sentence(one.condition) for one in trigger) for trigger in read.triggers)
    return "; ".join(conditions), list(read.problems)


def stages(text: str) -> tuple[str, list[Problem]]:
    """A rollout sentence in the words of the grammar, and what is wrong with it."""
    read = read_stages(Passage.of([(text, Place(1, 1))]))
    return ", then ".join(stage_sentence(one.stage) for one in read.stages), list(read.problems)


def test_the_page_has_examples() -> None:
    """A table whose titles are changed would be tested no more."""
    assert [
        len(rows) >= least
        for rows, least in zip((TRIGGERS, STAGES, NO_TRIGGERS, NO_STAGES), (25, 6, 12, 6), strict=True)
    ]
    assert all((TRIGGERS, STAGES, NO_TRIGGERS, NO_STAGES))


@pytest.mark.parametrize(("written", "compiled"), TRIGGERS)
def test_a_trigger_is_compiled_to_what_stands_beside_it(written: str, compiled: str) -> None:
    """And the sentence beside it is compiled to itself."""
    assert triggers(code_in(written)) == (code_in(compiled), [])
    assert triggers(code_in(compiled)) == (code_in(compiled), [])


@pytest.mark.parametrize(("written", "compiled"), STAGES)
def test_a_rollout_is_compiled_to_what_stands_beside_it(written: str, compiled: str) -> None:
    """And the sentence beside it is compiled to itself."""
    assert stages(code_in(written)) == (code_in(compiled), [])
    assert stages(code_in(compiled)) == (code_in(compiled), [])


@pytest.mark.parametrize(("written", "code", "instead"), NO_TRIGGERS)
def test_a_refused_trigger_has_its_code_and_something_to_write_instead(written: str, code: str, instead: str) -> None:
    """The sentence is refused as the page says, and what it offers is taken."""
    assert [told.code for told in triggers(code_in(written))[1]] == [code_in(code)]
    understood, refused = triggers(code_in(instead))
    assert understood
    assert refused == []


@pytest.mark.parametrize(("written", "code", "instead"), NO_STAGES)
def test_a_refused_step_has_its_code_and_something_to_write_instead(written: str, code: str, instead: str) -> None:
    """The step is refused as the page says, and what it offers is taken."""
    assert [told.code for told in stages(code_in(written))[1]] == [code_in(code)]
    understood, refused = stages(code_in(instead))
    assert understood
    assert refused == []


def test_titles_are_those_that_are_read() -> None:
    """Every title of a section, and no other."""
    assert table("section", "title", "also") == [
        [str(number), titles[0], ", ".join(titles[1:])] for number, titles in TITLES.items()
    ]


def test_labels_are_those_that_are_read() -> None:
    """Every label of a field with its section, and no other."""
    assert [row[:3] for row in table("section", "label", "also", "read as")] == [
        [str(field.section or "any"), field.labels[0], ", ".join(field.labels[1:])] for field in FIELDS.values()
    ]


def test_measures_are_those_that_a_test_decides() -> None:
    """With their direction and every name that people use."""
    expected = []
    for measure in MEASURES.values():
        quantile = 0.95 if measure.has_quantiles else None
        if any(is_tested(measure.name, against, quantile=quantile) for against in ("limit", "baseline", "reference")):
            percentiles = " (P50, P90, P95, P99)" if measure.has_quantiles else ""
            expected.append([f"`{measure.name}`{percentiles}", measure.better, ", ".join(measure.synonyms)])
    assert table("measure", "better", "people also write") == expected


def test_operators_are_those_that_are_read() -> None:
    """Every word for each of them, and no other."""
    assert table("operator", "in words") == [
        [f"`{operator}`", ", ".join(word for word in words if word != operator)] for operator, words in WORDS.items()
    ]


def test_units_are_those_that_are_read() -> None:
    """Every unit of what triggers are on, and no other."""
    longer = [unit for unit in SPANS if unit not in UNITS["s"]]
    units = [*(", ".join(UNITS[unit]) for unit in ("1", "s", "USD")), f"those of times, {', '.join(longer)}"]
    assert [unit for _, unit in table("number of", "its unit")] == units


def test_keys_of_the_front_matter_are_those_that_are_read() -> None:
    """Every key, and no other."""
    assert {code_in(key) for key, _ in table("key", "meaning")} == set(KEYS)


def keys_of(title: str) -> dict[str, list[str]]:
    """The rows of the table below a heading, by key."""
    rows = [line.strip("|").split(" | ") for line in paragraph(title).splitlines() if line.startswith("| `")]
    return {code_in(row[0]): row for row in rows}


MODELS: list[tuple[type[BaseModel], tuple[str, ...], str]] = [
    (Block, ("Of the record", "Of a trigger", "Of a stage"), ""),
    (TriggerEntry, ("Of a trigger",), "when"),
    (StageEntry, ("Of a stage",), "step"),
    (Tau, ("Of tau",), ""),
]


@pytest.mark.parametrize(("model", "titles", "own"), MODELS)
def test_keys_of_the_block_are_those_that_are_read(model: type[BaseModel], titles: tuple[str, ...], own: str) -> None:
    """Every key, and no other; and where a key takes one of several words, each of them."""
    rows = {key: row for title in titles for key, row in keys_of(title).items()}
    if own:
        rows[own] = keys_of("Entries")[own]
    assert set(rows) == set(model.model_fields)
    for key, field in model.model_fields.items():
        words = {word for word in _words(field.annotation) if isinstance(word, str)}
        assert words <= set(re.findall(r"`([^`]+)`", rows[key][1])), key


def _words(annotation: Any) -> list[Any]:
    """The words of a Literal, wherever it stands in an annotation."""
    if typing.get_origin(annotation) is Literal:
        return list(typing.get_args(annotation))
    return [word for inner in typing.get_args(annotation) for word in _words(inner)]


WITH_ALL = "cost per success > $0.02, P95 latency drifts by more than 10%, any injection succeeded, or error rate > 1%"


def compiled(block: str) -> CompiledRecord:
    """The smallest record with a trigger of each kind, and this block."""
    text = record_with(Example("markdown", f"* **Rollback Trigger:** {WITH_ALL}\n"))
    found = compile_record(f"{text}\n```yaml pointsman\n{block}\n```\n".encode())
    assert found.record is not None, found.problems
    # A deadline that is left out is one that hangs on the stage's time.
    record = with_plain_texts(found.record)
    ending = [stage.model_copy(update={"deadline_s": stage.deadline_s}) for stage in record.stages]
    return record.model_copy(update={"stages": tuple(ending)})


DEFAULTS = {
    key: row[2]
    for title in ("Of the record", "Of a trigger", "Of a stage")
    for key, row in keys_of(title).items()
    if "`" in row[2]
}


def test_most_keys_have_a_default() -> None:
    """Those without one are none, and say so."""
    without = {"tau", "stages", "triggers", "margin", "samples"}
    assert set(Block.model_fields) - set(DEFAULTS) == without


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_default_that_is_written_changes_nothing(key: str) -> None:
    """What the page calls a key's default is what a record without the key has."""
    assert compiled(f"{key}: {code_in(DEFAULTS[key])}") == compiled("")


def test_the_default_of_tau_changes_nothing() -> None:
    """A better threshold is asked about."""
    default = code_in(keys_of("Of tau")["enforcement"][2])
    assert compiled(f"tau: {{min: 0.5, max: 0.8, enforcement: {default}}}") == compiled("tau: {min: 0.5, max: 0.8}")


def test_the_block_of_the_page_is_taken() -> None:
    """The example of a block, in the smallest record."""
    found = re.search(r"```(yaml pointsman)\n(.*?)```", paragraph("The block"), re.DOTALL)
    assert found is not None
    result = compile_record(record_with(Example(found[1], found[2])).encode())
    assert result.record is not None
    assert result.problems == ()


def test_a_record_without_the_other_sections_is_compiled() -> None:
    """Front matter and section 7 are enough, as the page says."""
    front, rest = smallest().split("---\n", 2)[1:]
    text = f"---\n{front}---\n\n## 7{rest.split('## 7')[1]}"
    assert compile_record(text.encode()).record is not None


def test_lines_are_as_long_as_everywhere() -> None:
    """120 characters, but for tables."""
    assert [line for line in PAGE.splitlines() if len(line) > 120 and not line.startswith("|")] == []
