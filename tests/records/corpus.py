"""The corpus of sentences: a file that people read, as values that tests compare."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem
from alerts.records.rollouts import read_stages
from alerts.records.triggers import read_triggers
from pointsman_contract.condition import Condition
from pointsman_contract.stage import Stage

_FILE = Path(__file__).with_name("corpus.yaml")


class Sentence(NamedTuple):
    """One sentence, and what it means in the notation of the file's head."""

    kind: str
    is_trigger: bool
    text: str
    expected: Any


class Said(NamedTuple):
    """What a sentence was read as, in the notation of the corpus, and its problems."""

    meaning: tuple[Any, ...]
    problems: tuple[Problem, ...]


def sentences() -> list[Sentence]:
    """All of them, in the order of the file."""
    groups: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return [
        Sentence(title.split()[0], title.endswith("triggers"), text, expected)
        for title, group in groups.items()
        for text, expected in group.items()
    ]


def good(*, are_triggers: bool) -> list[Sentence]:
    """Those that mean something."""
    return [one for one in sentences() if one.is_trigger == are_triggers and not str(one.expected).startswith("!")]


def passage(text: str) -> Passage:
    """As if it began the file."""
    return Passage.of([(line, Place(number, 1)) for number, line in enumerate(text.split("\n"), 1)])


def read(text: str, *, is_trigger: bool) -> Said:
    """What the code makes of a sentence."""
    if is_trigger:
        triggers = read_triggers(passage(text))
        return Said(
            tuple(tuple(told(one.condition) for one in group) for group in triggers.triggers), triggers.problems
        )
    stages = read_stages(passage(text))
    return Said(tuple(stage_told(one.stage) for one in stages.stages), stages.problems)


def meaning(sentence: Sentence) -> tuple[Any, ...]:
    """What is expected, in the form of `read`."""
    items = sentence.expected if isinstance(sentence.expected, list) else [sentence.expected]
    if not sentence.is_trigger:
        return tuple(items)
    return tuple(tuple(item) if isinstance(item, list) else (item,) for item in items)


def told(condition: Condition) -> str:
    """A condition in the notation of the corpus."""
    quantile = "" if condition.quantile is None else f" p{round(condition.quantile * 100)}"
    if condition.threshold is None:
        return f"{condition.measure}{quantile} any"
    unit = condition.unit if condition.against == "limit" else condition.against
    assert condition.against == "limit" or condition.unit == "1"
    return f"{condition.measure}{quantile} {condition.op} {condition.threshold!r} {unit}".replace(".0 ", " ")


def stage_told(stage: Stage) -> str:
    """A stage in the notation of the corpus."""
    parts = [f"{stage.kind} {stage.weight_bp} bp"]
    parts += [] if stage.duration_s is None else [f"{stage.duration_s:.12g} s"]
    parts += [] if stage.samples is None else [f"{stage.samples} requests"]
    return " ".join([*parts, *(["assumed"] if stage.assumed else [])])
