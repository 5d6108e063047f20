"""The records of examples/records are clean, say what they mean, and together show what people use."""

import re
from functools import cache
from pathlib import Path

import pytest

from alerts.records.compiling import Compiled, compile_record
from alerts.records.lints import traffic as lint
from alerts.records.lints.registry import problems_of
from alerts.records.printing import print_record, with_plain_texts
from pointsman.records.power import SimulatedPower
from pointsman.wording import lasting
from pointsman_contract.record import CompiledRecord

DIRECTORY = Path(__file__).parents[2] / "examples" / "records"
NAMES = ("code", "extraction", "research-synthesis", "support-chat", "tool-assistant")
# What people have as triggers.
USED = {
    "attempt_error_rate", "request_error_rate", "timeout_rate", "retry_rate", "fallback_rate", "escalation_rate",
    "human_escalation_rate", "refusal_rate", "task_success_rate", "eventual_success_rate", "schema_adherence",
    "first_attempt_schema_adherence", "tool_success", "first_attempt_tool_success", "citation_grounding", "duration",
    "ttft", "user_ttft", "inter_token_latency", "cost_per_success", "cost_per_request", "tokenizer_compression",
    "injection_succeeded", "injection_detected",
}  # fmt: skip


@cache
def compiled(name: str) -> Compiled:
    """An example as it is read."""
    return compile_record((DIRECTORY / f"{name}.md").read_bytes())


def record(name: str) -> CompiledRecord:
    """An example's record."""
    found = compiled(name).record
    assert found is not None, compiled(name).problems
    return found


def test_the_examples_are_these() -> None:
    """A record that is added is tested, and in the list of the README."""
    assert {path.stem for path in DIRECTORY.glob("*.md")} == set(NAMES)
    listed = re.findall(r"\]\(records/(\S+)\.md\)", (DIRECTORY.parent / "README.md").read_text(encoding="utf-8"))
    assert sorted(name for name in listed if "/" not in name) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_lints_clean(name: str) -> None:
    """No error, no warning."""
    assert problems_of(compiled(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_traffic_of_an_example_is_enough(name: str) -> None:
    """With the requests a day of section 1 every trigger on a limit can be decided in the time of the stages."""
    found = re.search(r"([0-9,]+) (?:\w+ )?a day", compiled(name).text)
    assert found is not None
    traffic = lint.Traffic(float(found[1].replace(",", "")) / 86_400, found[0])
    tested = lint.testable(compiled(name), traffic, SimulatedPower(runs=20))
    assert tested
    assert list(lint.untestable(compiled(name), traffic, tested, lasting)) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_printed_as_a_record_that_means_the_same(name: str) -> None:
    """Every setting, stage, trigger and figure is still there, to the same number."""
    again = compile_record(print_record(record(name)).encode())
    assert again.record is not None, again.problems
    assert with_plain_texts(again.record) == with_plain_texts(record(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_cost_of_a_success_is_that_of_its_parts(name: str) -> None:
    """Prefill and generation of a query, by the share that succeeds, to two digits: architects copy examples."""
    figures = record(name).figures
    assert figures.prefill_cost_per_million_usd is not None
    assert figures.generation_cost_per_million_usd is not None
    assert figures.cost_per_success_usd is not None
    assert figures.golden_set_accuracy is not None
    query = float(figures.prefill_cost_per_million_usd + figures.generation_cost_per_million_usd) / 1e6
    assert float(figures.cost_per_success_usd) == pytest.approx(query / figures.golden_set_accuracy, rel=0.01)


def test_together_they_show_what_people_use() -> None:
    """Every usual measure, every kind of condition, and every setting that is not the default somewhere."""
    triggers = [trigger for name in NAMES for trigger in record(name).triggers]
    conditions = [condition for trigger in triggers for condition in trigger.conditions]
    assert {condition.measure for condition in conditions} >= USED
    assert {condition.against for condition in conditions} == {"limit", "baseline", "reference"}
    assert {condition.op for condition in conditions} >= {"any", ">", "<", ">="}
    assert {condition.quantile for condition in conditions} == {None, 0.5, 0.95, 0.99}
    assert {trigger.enforcement for trigger in triggers} == {"auto", "approve", "alert", "observe"}
    assert any(len(trigger.conditions) > 1 for trigger in triggers)
    assert any(trigger.incidents == "clip" for trigger in triggers)
    assert any(trigger.costs == "capped" for trigger in triggers)
    assert any(trigger.drift == "certify" for trigger in triggers)
    assert any(trigger.confirmation > 1 for trigger in triggers)
    assert any(trigger.margin is not None for trigger in triggers)


def test_they_are_written_in_different_ways() -> None:
    """With a block and without one, stages in the block, a table, other bullets, titles with and without numbers."""
    texts = {name: compiled(name).text for name in NAMES}
    assert {name for name in NAMES if "yaml pointsman" not in texts[name]} == {"support-chat"}
    assert {name for name in NAMES if "\nstages:\n" in texts[name]} == {"code"}
    assert {name for name in NAMES if "\n| ---" in texts[name]} == {"tool-assistant"}
    assert any("\n* " in text for text in texts.values())
    assert any("\n- " in text for text in texts.values())
    assert {bool(re.search(r"^## (?:Section )?1", text, re.MULTILINE)) for text in texts.values()} == {True, False}
    assert record("code").tau is not None
