"""Triggers and stages of the prose with what the block says of them."""

from typing import Any, NamedTuple

from alerts.records.block import Block, StageEntry, TriggerEntry, TriggerSettings, place_in
from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem, problem
from alerts.records.rollouts import ReadStage, read_stages
from alerts.records.triggers import ReadCondition, read_triggers
from alerts.records.yaml_values import Value
from pointsman_contract.measures import MeasureMeant, measure_named
from pointsman_contract.record import MOST_CLIPPED, Condition, Trigger

_COSTS = ("cost_per_success", "cost_per_request")
_SETTINGS = tuple(TriggerSettings.model_fields)
_IN_SECONDS = {"cooldown": "cooldown_s", "verify_within": "verify_within_s"}


class SettledTrigger(NamedTuple):
    """A trigger with its settings, and where it stands."""

    trigger: Trigger
    place: Place


class _Draft(NamedTuple):
    conditions: tuple[ReadCondition, ...]
    entry: TriggerEntry | None
    at: tuple[str | int, ...]


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
        settings, wrong = _settings(draft, block, source)
        problems += wrong
        conditions = tuple(one.condition for one in draft.conditions)
        settled.append(SettledTrigger(Trigger(conditions=conditions, **settings), draft.conditions[0].place))
    return settled, problems


def _take(entry: TriggerEntry, at: tuple[str | int, ...], drafts: list[_Draft], source: Value | None) -> list[Problem]:
    """Change the triggers that the entry means, or add its own."""
    place = _value_place(source, *at, "when")
    meant = measure_named(entry.when)
    if meant is not None:
        found = [number for number, draft in enumerate(drafts) if _is_on(draft, meant)]
        for number in found:
            drafts[number] = drafts[number]._replace(entry=entry, at=at)
        if found:
            return []
    read = read_triggers(Passage.of([(entry.when, place)]))
    if meant is not None and read.problems:
        told = f'no trigger of the record is on "{entry.when}" alone: write the whole condition to add one'
        return [problem("invalid_value", place, told)]
    for conditions in read.triggers:
        same = [number for number, draft in enumerate(drafts) if _names(draft.conditions) == _names(conditions)]
        if same:
            drafts[same[0]] = _Draft(conditions, entry, at)
        else:
            drafts.append(_Draft(conditions, entry, at))
    return list(read.problems)


def _is_on(draft: _Draft, meant: MeasureMeant) -> bool:
    """Whether a trigger has one condition, on this measure (and its quantile, where one is meant)."""
    condition = draft.conditions[0].condition
    return (
        len(draft.conditions) == 1
        and condition.measure == meant.measure.name
        and meant.quantile in (None, condition.quantile)
    )


def _names(conditions: tuple[ReadCondition, ...]) -> list[str]:
    return sorted(one.condition.name for one in conditions)


def _twice(drafts: list[_Draft]) -> list[Problem]:
    problems = []
    for draft in drafts:
        first = next(one for one in drafts if _names(one.conditions) == _names(draft.conditions))
        if first is not draft:
            place = draft.conditions[0].place
            told = (
                f"a second trigger on the same, beside that of line {first.conditions[0].place.line}: keep one of them"
            )
            problems.append(problem("duplicate_trigger", place, told))
    return problems


def _settings(draft: _Draft, block: Block, source: Value | None) -> tuple[dict[str, Any], list[Problem]]:
    """What is said of the trigger itself, else of all; each only where it has a meaning."""
    conditions = [one.condition for one in draft.conditions]
    settings: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in _SETTINGS:
        own = None if draft.entry is None else getattr(draft.entry, name)
        value = getattr(block, name) if own is None else own
        if value is None:
            continue
        why = _meaningless(name, value, conditions)
        if why is None:
            settings[_IN_SECONDS.get(name, name)] = value
        elif own is not None:
            problems.append(problem("invalid_value", place_in(source, *draft.at, name), f"{name}: {why}"))
    return settings, problems


def _meaningless(name: str, value: object, conditions: list[Condition]) -> str | None:
    """Why a setting says nothing of these conditions."""
    if name == "costs" and not any(one.measure in _COSTS for one in conditions):
        return "the trigger is on no cost"
    if name == "drift" and not any(one.against == "reference" for one in conditions):
        return "the trigger is on no drift"
    if name == "confirmation" and not any(one.op == "any" for one in conditions):
        return 'the trigger tolerates some: it needs no confirmation, which is for "any"'
    if name == "margin" and all(one.op == "any" or one.against == "reference" for one in conditions):
        return "the trigger does not decide about an advance"
    if name == "incidents":
        limits = [one.bad_limit for one in conditions if one.bad_limit is not None]
        if not limits:
            return "only rates and latencies against a limit can be clipped"
        if value == "clip" and max(limits) > MOST_CLIPPED:
            return f"clip takes limits of at most {MOST_CLIPPED:.0%} bad requests"
    return None


def settle_stages(
    read: tuple[ReadStage, ...], block: Block, source: Value | None
) -> tuple[list[ReadStage], list[Problem]]:
    """The stages of the block where it has some, else those of the prose; with what is said of all of them."""
    if block.stages is None:
        return [_with(stage, None, block) for stage in read], []
    found: list[ReadStage] = []
    problems: list[Problem] = []
    for number, entry in enumerate(block.stages):
        place = _value_place(source, "stages", number, "step")
        steps = read_stages(Passage.of([(entry.step, place)]))
        problems += steps.problems
        if len(steps.stages) > 1:
            problems.append(problem("invalid_value", place, "step: one step in each entry"))
        found += [_with(stage, entry, block) for stage in steps.stages]
    return found, problems


def _with(read: ReadStage, entry: StageEntry | None, block: Block) -> ReadStage:
    stage = read.stage
    samples = stage.samples or (entry and entry.samples) or block.samples
    changes = {
        "samples": samples,
        "deadline_s": (entry and entry.deadline) or block.deadline,
        "at_deadline": (entry and entry.at_deadline) or block.at_deadline or "ask",
    }
    return ReadStage(stage.model_copy(update=changes), read.place)


def _value_place(source: Value | None, *path: str | int) -> Place:
    """Where the value of a key stands, not the key."""
    value = source
    for step in path:
        if value is not None and isinstance(value.data, dict):
            value = value.data.get(str(step))
        elif value is not None and isinstance(value.data, list) and isinstance(step, int):
            value = value.data[step]
    return Place(1, 1) if value is None else value.place
