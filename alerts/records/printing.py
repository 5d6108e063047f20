"""A compiled record as Markdown that compiles to the same record."""

import json
from collections.abc import Iterator
from decimal import Decimal

from alerts.records.labels import TITLES
from alerts.records.sentences import (
    as_percent,
    condition_sentence,
    plain,
    span_sentence,
    stage_sentence,
    trigger_sentence,
)
from pointsman_contract.record import CompiledRecord
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger


def print_record(record: CompiledRecord) -> str:
    """The record in its own words: every sentence in the form of the grammar, every setting written out.

    `compile_record` makes the same record of it, but for the `text` of conditions, which is what the architect wrote
    (`with_plain_texts`).
    """
    return "\n".join([*_front_matter(record), "", *_sections(record), "", *_block(record), ""])


def with_plain_texts(record: CompiledRecord) -> CompiledRecord:
    """The record with the sentences of the grammar as its texts: two records that mean the same are equal."""
    return record.model_copy(
        update={
            "triggers": tuple(
                trigger.model_copy(
                    update={
                        "conditions": tuple(
                            condition.model_copy(update={"text": condition_sentence(condition)})
                            for condition in trigger.conditions
                        )
                    }
                )
                for trigger in record.triggers
            )
        }
    )


def _front_matter(record: CompiledRecord) -> Iterator[str]:
    yield "---"
    for key in ("id", "route", "environment", "candidate", "baseline", "fallback", "owner"):
        value = getattr(record, key)
        if value is not None:
            yield f"{key}: {_quoted(value)}"
    yield "---"


def _quoted(text: str) -> str:
    # A string of JSON is one of YAML.
    return json.dumps(text, ensure_ascii=False)


def _sections(record: CompiledRecord) -> Iterator[str]:
    yield f"# Model Decision Record {record.id}"
    figures = record.figures
    lines: dict[int, list[str]] = {number: [] for number in TITLES}
    for label, value in (
        ("Golden-Set Accuracy", figures.golden_set_accuracy),
        ("Structured-Output Validity", figures.structured_output_validity),
    ):
        if value is not None:
            lines[3].append(f"* **{label}:** {as_percent(Decimal(repr(value)))}")
    if figures.latency_p95_s is not None:
        lines[3].append(f"* **Latency P95:** {plain(Decimal(repr(figures.latency_p95_s)))} s")
    for label, amount in (
        ("Prefill Cost per million queries", figures.prefill_cost_per_million_usd),
        ("Generation Cost per million queries", figures.generation_cost_per_million_usd),
        ("Total Cost per Successful Outcome", figures.cost_per_success_usd),
    ):
        if amount is not None:
            lines[6].append(f"* **{label}:** ${plain(amount)}")
    lines[7] += [f"* **Rollout Strategy:** {', then '.join(map(stage_sentence, record.stages))}."]
    lines[7] += ["* **Rollback Trigger:**", *(f"  * {trigger_sentence(trigger)}" for trigger in record.triggers)]
    for number, titles in TITLES.items():
        yield from ("", f"## {number}. {titles[0]}", "", *lines[number])


def _block(record: CompiledRecord) -> Iterator[str]:
    yield "```yaml pointsman"
    yield f"false_rollback_budget: {as_percent(Decimal(repr(record.false_rollback_budget)))}"
    yield f"holdback: {as_percent(Decimal(record.holdback_bp) / 10_000)}"
    if record.tau is not None:
        low, high = (plain(Decimal(repr(value))) for value in (record.tau.low, record.tau.high))
        yield f"tau: {{min: {low}, max: {high}, enforcement: {record.tau.enforcement}}}"
    yield "stages:"
    for stage in record.stages:
        yield from _stage(stage)
    yield "triggers:"
    for trigger in record.triggers:
        yield from _trigger(trigger)
    yield "```"


def _stage(stage: Stage) -> Iterator[str]:
    yield f"  - step: {stage_sentence(stage)}"
    if stage.assumed and stage.samples is not None:
        yield f"    samples: {stage.samples}"
    yield f"    deadline: {_time(stage.deadline_s)}"
    yield f"    at_deadline: {stage.at_deadline}"


def _trigger(trigger: Trigger) -> Iterator[str]:
    yield f"  - when: {_quoted(trigger_sentence(trigger))}"
    yield f"    enforcement: {trigger.enforcement}"
    yield f"    no_data: {trigger.no_data}"
    yield f"    cooldown: {_time(trigger.cooldown_s)}"
    yield f"    verify_within: {_time(trigger.verify_within_s)}"
    if trigger.margin is not None:
        yield f"    margin: {as_percent(Decimal(repr(trigger.margin)))}"
    # The rest is written where it differs: most triggers do not take it.
    for name, usual in (("incidents", "count"), ("costs", "raw"), ("drift", "notice"), ("confirmation", 1)):
        value = getattr(trigger, name)
        if value != usual:
            yield f"    {name}: {value}"


def _time(seconds: float) -> str:
    return span_sentence(seconds) if seconds else "0 s"
