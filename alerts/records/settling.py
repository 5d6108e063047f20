"""Triggers and stages of the prose with what the block says of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from alerts.records.block import Block, StageEntry, TriggerEntry, TriggerSettings, place_in, value_place
from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem, problem
from alerts.records.rollouts import ReadStage, read_stages
from alerts.records.sentences import meaning_of
from alerts.records.triggers import ReadCondition, read_triggers
from alerts.records.yaml_values import Value
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MeasureMeant, measure_named
from pointsman_contract.trigger import Trigger, cannot_be_joined, meaningless, name_of, no_rollback

_SETTINGS = tuple(TriggerSettings.model_fields)
_IN_SECONDS = {"cooldown": "cooldown_s", "verify_within": "verify_within_s"}


class SettledTrigger(NamedTuple):
    """A trigger with its settings, and where it stands."""

    trigger: Trigger
    place: Place


class _Draft(NamedTuple):
    read: tuple[ReadCondition, ...]
    entry: TriggerEntry | None
    at: tuple[str | int, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(one.condition for one in self.read)

    @property
    def place(self) -> Place:
        return self.read[0].place


def settle_triggers(
    read: tuple[tuple[ReadCondition, ...], ...], block: Block, source: Value | None
) -> tuple[list[SettledTrigger], list[Problem]]:
    """The triggers of the prose, changed and joined by those of the block."""
    drafts = [_Draft(conditions, None, ()) for conditions in read]
    problems: list[Problem] = []
    for number, entry in enumerate(block.triggers or ()):
        problems += _take(entry, ("triggers", number), drafts, source)
    problems += _twice(drafts)
    settled = []
    for draft in drafts:
        if (why := cannot_be_joined(draft.conditions)) is not None:
            problems.append(problem("untested_measure", draft.place, f"conditions joined by and: {why}"))
            continue
        settings, wrong = _settings(draft, block, source)
        problems += wrong
        settled.append(SettledTrigger(Trigger(conditions=draft.conditions, **settings), draft.place))
    return settled, problems


def _take(entry: TriggerEntry, at: tuple[str | int, ...], drafts: list[_Draft], source: Value | None) -> list[Problem]:
    """Give the entry to the triggers that it means, or add its own."""
    place = value_place(source, *at, "when")
    meant = measure_named(entry.when)
    if meant is not None:
        found = [number for number, draft in enumerate(drafts) if _is_on(draft, meant)]
        if found:
            return [told for number in found for told in _give(entry, at, number, drafts, place)]
    read = read_triggers(Passage.of([(entry.when, place)]))
    if meant is not None and read.problems:
        told = f'no trigger of the record is on "{entry.when}" alone: write the whole condition to add one'
        return [problem("invalid_value", place, told)]
    problems = list(read.problems)
    for conditions in read.triggers:
        new = _Draft(conditions, entry, at)
        same = [number for number, draft in enumerate(drafts) if name_of(draft.conditions) == name_of(new.conditions)]
        if not same:
            drafts.append(new)
        elif meaning_of(drafts[same[0]].conditions) != meaning_of(new.conditions):
            # Who reads the sentence would not see that the block says something else.
            line = drafts[same[0]].place.line
            told = f'"{entry.when}" is not what line {line} says of the same: write one limit, in one place'
            problems.append(problem("duplicate_trigger", place, told))
        else:
            problems += _give(entry, at, same[0], drafts, place)
    return problems


def _give(
    entry: TriggerEntry, at: tuple[str | int, ...], number: int, drafts: list[_Draft], place: Place
) -> list[Problem]:
    if drafts[number].entry is not None:
        told = f'"{entry.when}": a second entry of the block for one trigger'
        return [problem("invalid_value", place, told)]
    drafts[number] = drafts[number]._replace(entry=entry, at=at)
    return []


def _is_on(draft: _Draft, meant: MeasureMeant) -> bool:
    """Whether a trigger has one condition, on this measure (and its quantile, where one is meant)."""
    condition = draft.conditions[0]
    return (
        len(draft.conditions) == 1
        and condition.measure == meant.measure.name
        and meant.quantile in (None, condition.quantile)
    )


def _twice(drafts: list[_Draft]) -> list[Problem]:
    problems = []
    lines: dict[str, int] = {}
    for draft in drafts:
        name, place = name_of(draft.conditions), draft.place
        if name in lines:
            told = f"a second trigger on the same, beside that of line {lines[name]}: keep one of them"
            problems.append(problem("duplicate_trigger", place, told))
        lines.setdefault(name, place.line)
    return problems


def _settings(draft: _Draft, block: Block, source: Value | None) -> tuple[dict[str, Any], list[Problem]]:
    """What is said of the trigger itself, else of all; each only where it has a meaning."""
    settings: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in _SETTINGS:
        own = None if draft.entry is None else getattr(draft.entry, name)
        value = getattr(block, name) if own is None else own
        if value is None:
            continue
        why = meaningless(name, value, draft.conditions)
        if name == "no_data" and value == "rollback":
            # The enforcement is settled first.
            why = no_rollback(settings.get("enforcement", "auto"), draft.conditions)
        if why is None:
            settings[_IN_SECONDS.get(name, name)] = value
        elif own is not None:
            problems.append(problem("invalid_value", place_in(source, *draft.at, name), f"{name}: {why}"))
    return settings, problems


def settle_stages(
    read: tuple[ReadStage, ...], block: Block, source: Value | None
) -> tuple[list[ReadStage], list[Problem]]:
    """The stages of the block where it has some, else those of the prose; with what is said of all of them."""
    if block.stages is None:
        return [_with(stage, None, block) for stage in read], _too_late(read, None, block)
    found: list[ReadStage] = []
    problems: list[Problem] = []
    for number, entry in enumerate(block.stages):
        place = value_place(source, "stages", number, "step")
        steps = read_stages(Passage.of([(entry.step, place)]))
        problems += steps.problems
        if len(steps.stages) > 1:
            problems.append(problem("invalid_value", place, "step: one step in each entry"))
        if entry.samples and any(one.stage.samples for one in steps.stages):
            problems.append(problem("invalid_value", place, "step: its requests are said twice, here and in samples"))
        problems += _too_late(steps.stages, entry, block)
        found += [_with(stage, entry, block) for stage in steps.stages]
    if read and found and not problems and not _agree(read, found):
        # Who reads the sentence would not see that the block says something else.
        told = "the stages of the block are not those of the rollout strategy: write the same, or leave one of them out"
        problems.append(problem("contradictory_stages", found[0].place, told))
    return found, problems


def _agree(prose: Sequence[ReadStage], block: Sequence[ReadStage]) -> bool:
    """Whether the block says all that the prose does; it may say more."""
    return len(prose) == len(block) and all(
        (said.kind, said.weight_bp) == (stage.kind, stage.weight_bp)
        and (said.assumed or said.duration_s == stage.duration_s)
        and said.samples in (None, stage.samples)
        for (said, _), (stage, _) in zip(prose, block, strict=True)
    )


def _too_late(stages: tuple[ReadStage, ...], entry: StageEntry | None, block: Block) -> list[Problem]:
    deadline = (entry and entry.deadline) or block.deadline
    return [
        problem("contradictory_stages", read.place, "the deadline is before the end of the stage's own time")
        for read in stages
        if deadline is not None and deadline < (read.stage.duration_s or 0.0)
    ]


def _with(read: ReadStage, entry: StageEntry | None, block: Block) -> ReadStage:
    stage = read.stage
    changes = {
        "samples": stage.samples or (entry and entry.samples) or block.samples,
        "deadline_s": (entry and entry.deadline) or block.deadline or stage.deadline_s,
        "at_deadline": (entry and entry.at_deadline) or block.at_deadline or stage.at_deadline,
    }
    return read._replace(stage=stage.model_copy(update=changes))
