"""What was understood of a record, and its problems, as the JSON that `pointsman mdr lint --json` prints."""

from collections.abc import Sequence
from typing import Any

from alerts.records.compiling import Compiled
from alerts.records.problem import Problem
from alerts.records.wording import not_compiled
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger


def as_json(compiled: Compiled, problems: Sequence[Problem]) -> dict[str, Any]:
    """`{"record", "triggers", "stages", "problems", "not_compiled"}`; `record` is null where one cannot be made."""
    return {
        "record": None if compiled.record is None else compiled.record.model_dump(mode="json"),
        "triggers": triggers_json([one.trigger for one in compiled.triggers]),
        "stages": stages_json([one.stage for one in compiled.stages]),
        "problems": [told._asdict() for told in problems],
        "not_compiled": [{"line": line, "text": text} for line, text in not_compiled(compiled)],
    }


def triggers_json(triggers: Sequence[Trigger]) -> list[dict[str, Any]]:
    """One object for each condition; those that must be met together have the same number under `all_of`."""
    found = []
    for number, trigger in enumerate(triggers, 1):
        together = {"all_of": number} if len(trigger.conditions) > 1 else {}
        found += [condition.model_dump(mode="json") | together for condition in trigger.conditions]
    return found


def stages_json(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    """One object for each stage."""
    return [_stage(stage) for stage in stages]


def _stage(stage: Stage) -> dict[str, Any]:
    """Kind, share and time; what is not stated is left out, what is assumed is named."""
    found: dict[str, Any] = {
        "kind": stage.kind,
        "weight_bp": stage.weight_bp,
        "duration_s": None if stage.duration_s is None else _whole(stage.duration_s),
    }
    if stage.samples is not None:
        found["samples"] = stage.samples
    if stage.assumed:
        found["assumed"] = list(stage.assumed)
    return found


def _whole(value: float) -> float:
    """Seconds are whole ones nearly always, and are shown so."""
    return int(value) if value.is_integer() else value
