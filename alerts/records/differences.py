"""What changed from one revision of a record to another, and what that means for the evidence."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from alerts.records.sentences import as_percent, plain, span_sentence, stage_sentence, trigger_sentence
from pointsman_contract.record import CompiledRecord, ThresholdBounds
from pointsman_contract.stage import Stage

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
            follows = "all evidence begins anew" if name == "candidate" else ""
            yield _changed(_name(name), _text(name, before), _text(name, after), follows)


def _triggers(old: CompiledRecord, new: CompiledRecord) -> Iterator[Difference]:
    before = {trigger.name: trigger for trigger in old.triggers}
    after = {trigger.name: trigger for trigger in new.triggers}
    for name, trigger in before.items():
        if name not in after:
            yield Difference("removed", "trigger", trigger_sentence(trigger), "")
    for name, trigger in after.items():
        if name not in before:
            yield Difference("added", "trigger", "", trigger_sentence(trigger), "its evidence begins anew")
            continue
        one, other = trigger_sentence(before[name]), trigger_sentence(trigger)
        kept = one == other and old.candidate == new.candidate
        if one != other:
            yield Difference("changed", "trigger", one, other, "its evidence begins anew")
        for setting in _SETTINGS:
            values = getattr(before[name], setting), getattr(trigger, setting)
            if values[0] != values[1]:
                follows = "its evidence goes on" if kept else ""
                yield Difference(
                    "changed",
                    f"{_name(setting)} of {other}",
                    _text(setting, values[0]),
                    _text(setting, values[1]),
                    follows,
                )


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
    """A deadline that is spelled out is no other one."""
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
        return f"{value.low:g} to {value.high:g}, {value.enforcement}"
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
