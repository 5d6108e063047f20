"""From the text of a record to the compiled record: what was understood, and every problem at its place."""

from typing import NamedTuple

from alerts.records.block import Block, place_in, read_block
from alerts.records.document import read_document
from alerts.records.empty import empty_fields
from alerts.records.fields import fields_of
from alerts.records.figures import read_figures
from alerts.records.front_matter import FrontMatter, read_front_matter
from alerts.records.labels import FieldName
from alerts.records.parts import Document, Entry, Labelled
from alerts.records.passages import Passage, Place
from alerts.records.placeholders import left_over, placeholders_in
from alerts.records.problem import Problem, problem
from alerts.records.reading import read_text, revision_of
from alerts.records.rollouts import ReadStage, contradictions, read_stages
from alerts.records.settling import SettledTrigger, settle_stages, settle_triggers
from alerts.records.triggers import read_field
from alerts.records.yaml_values import Value, read_yaml
from pointsman_contract.record import (
    DEFAULT_BUDGET,
    DEFAULT_HOLDBACK_BP,
    MAX_STAGES,
    MAX_TRIGGERS,
    CompiledRecord,
    Figures,
    ThresholdBounds,
)

_PLAN = 7


class Prose(NamedTuple):
    """What stands in the sections: their labelled fields, and the texts that belong to none, by section."""

    fields: dict[int, list[Labelled]]
    texts: dict[int, list[Entry]]
    place_of_plan: Place = Place(1, 1)

    def named(self, name: FieldName) -> list[Labelled]:
        """Every field of this name."""
        return [one for fields in self.fields.values() for one in fields if one.name == name]

    def empty(self, name: FieldName) -> list[Problem]:
        """Fields of this name of the plan without anything in them."""
        fields = self.fields.get(_PLAN, [])
        places = {one.place for one in fields if one.name == name}
        empty = empty_fields(fields, self.texts.get(_PLAN, ()))
        return [told for told in empty if Place(told.line, told.column) in places]


class Compiled(NamedTuple):
    """What was understood of a text. `record` is None where a part that a record needs was not understood."""

    record: CompiledRecord | None
    triggers: tuple[SettledTrigger, ...]
    stages: tuple[ReadStage, ...]
    figures: Figures
    front: FrontMatter
    document: Document
    prose: Prose
    problems: tuple[Problem, ...]
    text: str
    revision: str


def compile_record(raw: bytes) -> Compiled:
    """Read and compile the bytes of a file. Never raises for what stands in it."""
    text, unread = read_text(raw)
    if unread:
        nothing = Prose({}, {})
        return Compiled(None, (), (), Figures(), FrontMatter(), Document(), nothing, tuple(unread), "", "")
    document = read_document(text)
    prose = _prose(document)
    front, front_problems = _front(document)
    block, source, block_problems = _block(document)
    triggers, trigger_problems = _triggers(prose, block, source)
    stages, stage_problems = _stages(prose, block, source)
    figures, figure_problems = read_figures([*prose.fields.get(3, ()), *prose.fields.get(6, ())], front.baseline)
    tau, tau_problems = _tau(block, source)
    needed = [*document.problems, *front_problems, *block_problems, *trigger_problems, *stage_problems, *tau_problems]
    record = None
    if front.is_complete and triggers and stages and not needed:
        record = _record(front, triggers, stages, block, tau, figures)
    return Compiled(
        record,
        tuple(triggers),
        tuple(stages),
        figures,
        front,
        document,
        prose,
        (*needed, *figure_problems),
        text,
        revision_of(text),
    )


def _prose(document: Document) -> Prose:
    read = {number: fields_of(section) for number, section in document.sections.items()}
    plan = document.sections.get(_PLAN)
    return Prose(
        {number: fields for number, (fields, _) in read.items()},
        {number: texts for number, (_, texts) in read.items()},
        Place(1, 1) if plan is None else plan.place,
    )


def _front(document: Document) -> tuple[FrontMatter, list[Problem]]:
    source = document.front_matter
    if source is None:
        return FrontMatter(), []
    value, problems = read_yaml(source)
    if problems and value is None:
        return FrontMatter(), problems
    begin = source.lines[0]
    front, wrong = read_front_matter(value, Place(max(begin.line - 1, 1), 1))
    return front, [*problems, *wrong]


def _block(document: Document) -> tuple[Block, Value | None, list[Problem]]:
    if document.block is None:
        return Block(), None, []
    value, problems = read_yaml(document.block)
    block, wrong = read_block(value)
    return block, value, [*problems, *wrong]


def _triggers(prose: Prose, block: Block, source: Value | None) -> tuple[list[SettledTrigger], list[Problem]]:
    fields = prose.named("rollback_trigger")
    problems = _left_of_template(fields)
    read = [] if problems else [read_field(one.sentences, one.depths) for one in fields[:MAX_TRIGGERS] if one.sentences]
    problems += [told for one in read for told in one.problems]
    if len(fields) > MAX_TRIGGERS:
        problems.append(problem("no_trigger", fields[MAX_TRIGGERS].place, f"more than {MAX_TRIGGERS} triggers"))
    conditions = tuple(trigger for one in read for trigger in one.triggers)
    triggers, wrong = settle_triggers(conditions, block, source)
    if not triggers and not problems and not wrong:
        problems += prose.empty("rollback_trigger")
    if not triggers and not problems and not wrong and not any(one.is_told for one in fields):
        told = "no rollback trigger: section 7 says under Rollback Trigger when the router is to go back"
        problems.append(problem("no_trigger", prose.place_of_plan, told))
    if len(triggers) > MAX_TRIGGERS:
        problems.append(problem("no_trigger", triggers[MAX_TRIGGERS].place, f"more than {MAX_TRIGGERS} triggers"))
    return triggers, [*problems, *wrong]


def _left_of_template(fields: list[Labelled]) -> list[Problem]:
    """Placeholders, told as such and not as sentences that nobody understands."""
    return [
        left_over(sentence.place(offset), text)
        for one in fields
        for sentence in one.sentences
        for offset, text in placeholders_in(sentence)
    ]


def _stages(prose: Prose, block: Block, source: Value | None) -> tuple[list[ReadStage], list[Problem]]:
    fields = prose.named("rollout_strategy")
    problems = [
        problem("field", one.place, "a second rollout strategy: there is one plan, in one place") for one in fields[1:]
    ]
    problems += _left_of_template(fields)
    sentences = [] if problems else [sentence for one in fields for sentence in one.sentences]
    read = read_stages(Passage.joined(sentences, "; ")) if sentences else None
    stages, wrong = settle_stages(read.stages if read else (), block, source)
    problems += [*(read.problems if read else ()), *wrong, *contradictions(stages)]
    if not stages and not problems:
        problems += prose.empty("rollout_strategy")
    if not stages and not problems and not any(one.is_told for one in fields):
        told = "no stage: section 7 says under Rollout Strategy how the candidate comes in"
        problems.append(problem("no_stage", prose.place_of_plan, told))
    if len(stages) > MAX_STAGES:
        problems.append(problem("contradictory_stages", stages[MAX_STAGES].place, f"more than {MAX_STAGES} stages"))
    return stages, problems


def _tau(block: Block, source: Value | None) -> tuple[ThresholdBounds | None, list[Problem]]:
    if block.tau is None:
        return None, []
    if block.tau.min > block.tau.max:
        return None, [problem("invalid_value", place_in(source, "tau", "min"), "tau: min is above max")]
    return ThresholdBounds(low=block.tau.min, high=block.tau.max, enforcement=block.tau.enforcement), []


def _record(
    front: FrontMatter,
    triggers: list[SettledTrigger],
    stages: list[ReadStage],
    block: Block,
    tau: ThresholdBounds | None,
    figures: Figures,
) -> CompiledRecord:
    return CompiledRecord(
        id=front.id,
        route=front.route,
        environment=front.environment,
        candidate=front.candidate,
        baseline=front.baseline,
        fallback=front.fallback or None,
        owner=front.owner,
        triggers=tuple(one.trigger for one in triggers),
        stages=tuple(one.stage for one in stages),
        false_rollback_budget=DEFAULT_BUDGET if block.false_rollback_budget is None else block.false_rollback_budget,
        holdback_bp=DEFAULT_HOLDBACK_BP if block.holdback is None else round(block.holdback * 10_000),
        tau=tau,
        figures=figures,
    )
