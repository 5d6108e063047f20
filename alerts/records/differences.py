"""What changed from one revision of a record to another, and what that means for the evidence."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from alerts.records.sentences import (
    as_percent,
    meaning_of,
    plain,
    span_sentence,
    stage_sentence,
    trigger_sentence,
)
from pointsman_contract.record import CompiledRecord, ThresholdBounds
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger

Change = Literal["added", "removed", "changed"]

_PARTS = (
    "route",
    "environment",
    "candidate",
    "baseline",
    "fallback",
    "owner",
    "false_rollback_budget",
    "holdback_bp",
    "tau",
)
_SETTINGS = (
    "enforcement", "no_data", "cooldown_s", "verify_within_s", "margin", "incidents", "costs", "drift", "confirmation",
)  # fmt: skip
_ANEW = "its evidence begins anew"
_FOLLOWS = {
    **dict.fromkeys(("environment", "route", "candidate"), "all evidence begins anew"),
    "baseline": "the evidence of comparisons begins anew",
}
_SHARES = ("false_rollback_budget", "margin", "golden_set_accuracy", "structured_output_validity")


class Difference(NamedTuple):
    """One thing that changed: `what` it is, its text before and after ('' where there is none), and what follows."""

    change: Change
    what: str
    before: str
    after: str
    follows: str = ""


def differences(old: CompiledRecord, new: CompiledRecord) -> list[Difference]:
    """In the order of a record: whom it is about, triggers, stages, figures. Empty where nothing but prose changed."""
    return [*_parts(old, new), *_triggers(old, new), *_stages(old, new), *_figures(old, new)]


def _parts(old: CompiledRecord, new: CompiledRecord) -> Iterator[Difference]:
    for name in _PARTS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            follows = _FOLLOWS.get(name, "")
            yield _changed(_name(name), _text(name, before), _text(name, after), follows)


def _triggers(old: CompiledRecord, new: CompiledRecord) -> Iterator[Difference]:
    before = {trigger.name: trigger for trigger in old.triggers}
    after = {trigger.name: trigger for trigger in new.triggers}
    for name, trigger in before.items():
        if name not in after:
            yield Difference("removed", "trigger", trigger_sentence(trigger), "")
    for name, trigger in after.items():
        if name not in before:
            yield Difference("added", "trigger", "", trigger_sentence(trigger), _ANEW)
            continue
        follows = "its evidence goes on" if _goes_on(old, before[name], new, trigger) else _ANEW
        if meaning_of(before[name].conditions) != meaning_of(trigger.conditions):
            yield Difference("changed", "trigger", trigger_sentence(before[name]), trigger_sentence(trigger), _ANEW)
        for setting in _SETTINGS:
            one, other = getattr(before[name], setting), getattr(trigger, setting)
            if one != other:
                what = f"{_name(setting)} of {trigger_sentence(trigger)}"
                yield Difference("changed", what, _text(setting, one), _text(setting, other), follows)


def _goes_on(old: CompiledRecord, before: Trigger, new: CompiledRecord, after: Trigger) -> bool:
    """Whether the evidence of a trigger is about the same question (statistics §5): the same requests, measure and
    limit, weighed in the same way; beside a baseline the same one.
    """
    same = all(getattr(old, name) == getattr(new, name) for name in ("environment", "route", "candidate"))
    weighed = all(getattr(before, name) == getattr(after, name) for name in ("incidents", "costs", "drift", "margin"))
    compared = any(condition.against == "baseline" for condition in after.conditions)
    beside = old.baseline == new.baseline or not compared
    return same and weighed and beside and meaning_of(before.conditions) == meaning_of(after.conditions)


def _stages(old: CompiledRecord, new: CompiledRecord) -> Iterator[Difference]:
    for number in range(max(len(old.stages), len(new.stages))):
        before = old.stages[number] if number < len(old.stages) else None
        after = new.stages[number] if number < len(new.stages) else None
        if before == after:
            continue
        sentences = tuple("" if one is None else stage_sentence(one) for one in (before, after))
        if before is None or after is None or sentences[0] != sentences[1]:
            change: Change = "added" if before is None else "removed" if after is None else "changed"
            yield Difference(change, f"stage {number + 1}", *sentences)
        if before is not None and after is not None:
            yield from _ends(before, after, f"stage {number + 1}")


def _ends(before: Stage, after: Stage, called: str) -> Iterator[Difference]:
    """What may differ behind two sentences that are the same, and when a stage has to have ended."""
    if stage_sentence(before) == stage_sentence(after):
        samples = ["" if stage.samples is None else f"{stage.samples:,}" for stage in (before, after)]
        times = ["assumed" if stage.assumed else "stated" for stage in (before, after)]
        for name, (one, other) in (("samples", samples), ("time", times)):
            if one != other:
                yield _changed(f"{name} of {called}", one, other)
    deadlines = before.deadline_s, after.deadline_s
    if deadlines[0] != deadlines[1]:
        yield _changed(f"deadline of {called}", *map(span_sentence, deadlines))
    if before.at_deadline != after.at_deadline:
        yield _changed(f"at deadline of {called}", before.at_deadline, after.at_deadline)


def _figures(old: CompiledRecord, new: CompiledRecord) -> Iterator[Difference]:
    for name in type(old.figures).model_fields:
        before, after = getattr(old.figures, name), getattr(new.figures, name)
        if before != after:
            yield _changed(_name(name), _text(name, before), _text(name, after))


def _changed(what: str, before: str, after: str, follows: str = "") -> Difference:
    change: Change = "added" if not before else "removed" if not after else "changed"
    return Difference(change, what, before, after, follows)


def _text(name: str, value: Any) -> str:
    """A value for people, by the unit in its name."""
    if value is None:
        return ""
    if isinstance(value, ThresholdBounds):
        return f"{value.low!r} to {value.high!r}, {value.enforcement}"
    if isinstance(value, int | float) and name.endswith("_s"):
        return span_sentence(value)
    if name == "holdback_bp":
        return as_percent(Decimal(value) / 10_000)
    if name in _SHARES:
        return as_percent(Decimal(repr(value)))
    return f"${plain(value)}" if isinstance(value, Decimal) else str(value)


def _name(name: str) -> str:
    """Without its unit, which its text has."""
    return name.removesuffix("_s").removesuffix("_bp").removesuffix("_usd").replace("_", " ")
