"""Whether what a person would believe in stands where it is read."""

import re
from collections.abc import Iterator
from itertools import groupby

from alerts.records.compiling import Compiled
from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem, problem
from alerts.records.strays import Strays, TooMany, sentences_of

# "Was rolled back" tells of the past, and acts on nothing.
_LIKE_A_TRIGGER = re.compile(
    r"\b(?:roll(?:s|ing)?[ -]?back|(?:is|are|be|gets?)(?: \w+ly)? rolled[ -]?back|revert(?:s|ing)?)\b", re.IGNORECASE
)
# Beside a condition these too, outside of the seven sections.
_ACTS = re.compile(
    r"\b(?:abort|stop|halt|kill|pause|disable|promote|promotion|advance|guardrail)(?:s|ing)?\b"
    r"|\b(?:switch|go|fall)(?:es|s|ing)? back\b|\btriggers?\b",
    re.IGNORECASE,
)
_EVERYTHING = re.compile("")
# Of one sentence; without an end to it a long text would be searched again from each word.
_LIKE_A_ROLLOUT = re.compile(
    r"\b(?:shadow|canary)\b.{0,120}?[0-9] ?%|[0-9] ?%.{0,120}?\b(?:shadow|canary)\b", re.IGNORECASE
)
# Beside a plan, what narrows it: nobody would.
_LIKE_AN_EXCEPTION = re.compile(
    r"\bonly (?:if|when|on|during|for|in|after|at)\b|\b(?:except|unless)\b|\bdo(?:es)? not (?:apply|count|hold)\b",
    re.IGNORECASE,
)
_PLAN = 7
_TOLD = ("field", "unlabelled")


def unlabelled(compiled: Compiled) -> Iterator[Problem]:
    """Texts that read as if a machine would act on them, and belong to no field of section 7. One with a label that is
    almost a known one has been told.
    """
    told_already = {(told.line, told.column) for told in compiled.document.problems if told.code in _TOLD}
    strays = Strays()
    for passage in _texts_of_plan(compiled):
        if (found := _LIKE_AN_EXCEPTION.search(passage.text)) is not None:
            told = f'"{found[0]}" reads as if it narrowed the plan, and nobody acts on it: triggers have no exceptions'
            yield problem("unlabelled", passage.place(found.start()), told)
    read = [*compiled.prose.named("rollback_trigger"), *compiled.prose.named("rollout_strategy")]
    lines = {sentence.place(0).line for one in read for sentence in one.sentences}
    for passage in _texts_of_plan(compiled):
        if passage.place(0).line in lines and passage.text.strip():
            told = f'"{_short(passage)}" stands beside what is read, and is not: what is done is set in the block'
            yield problem("unlabelled", passage.place(0), told)
    for place, lookings in _looked_at(compiled, strays):
        if place in told_already:
            continue
        try:
            found_one = next(lookings, None)
        except TooMany:
            told = (
                "too many sentences with measures and numbers outside of the fields: whether one is a trigger is open"
            )
            yield problem("unlabelled", place, told)
            return
        if found_one is not None:
            yield found_one


def _looked_at(compiled: Compiled, strays: Strays) -> Iterator[tuple[Place, Iterator[Problem]]]:
    """Each text with what is wrong with it; the first problem is enough."""
    for passage in _texts_of_plan(compiled):
        yield passage.place(0), _in_plan(passage, strays)
    for row in _rows(_texts_of_plan(compiled)):
        yield row.place(0), _in_plan(row, strays)
    for section in compiled.document.others:
        for entry in section.all_entries:
            yield entry.whole.place(0), _elsewhere(section.title, entry.whole, strays)
    for one in compiled.prose.named("reconsideration"):
        for passage in one.sentences:
            yield passage.place(0), _acting(passage)
    for number, section in compiled.document.sections.items():
        texts = [entry.whole for entry in section.all_entries if number != _PLAN]
        for passage in (*texts, *_rows(texts)):
            yield passage.place(0), _acting_on_a_condition(passage, strays, _LIKE_A_TRIGGER)


def _texts_of_plan(compiled: Compiled) -> list[Passage]:
    return [entry.whole for entry in compiled.prose.texts.get(_PLAN, ())]


def _rows(texts: list[Passage]) -> Iterator[Passage]:
    """What stands in one line in several texts, the cells of a table, as one."""
    for _, same in groupby(texts, key=lambda passage: passage.place(0).line):
        cells = list(same)
        if len(cells) > 1:
            yield Passage.joined(cells, " ")


def _in_plan(passage: Passage, strays: Strays) -> Iterator[Problem]:
    yield from _acting(passage)
    for part, label in (
        (strays.trigger_in(passage), "Rollback Trigger"),
        (strays.step_in(passage), "Rollout Strategy"),
    ):
        if part is not None:
            told = (
                f'"{_short(part)}" belongs to no field, so nobody acts on it: put it under {label}, or say it in other'
                " words"
            )
            yield problem("unlabelled", part.place(0), told)


def _elsewhere(title: str, passage: Passage, strays: Strays) -> Iterator[Problem]:
    yield from _acting(passage)
    # Below "Kill switch" a condition needs no such word of its own.
    is_about_it = _LIKE_A_TRIGGER.search(title) or _ACTS.search(title)
    yield from _acting_on_a_condition(passage, strays, _EVERYTHING if is_about_it else _ACTS)


def _acting(passage: Passage) -> Iterator[Problem]:
    """Words of the plan."""
    for pattern, label in ((_LIKE_A_TRIGGER, "Rollback Trigger"), (_LIKE_A_ROLLOUT, "Rollout Strategy")):
        if pattern.search(passage.text):
            told = (
                f"this reads as if it would be acted on, and is not: put what shall be under {label} in section 7,"
                " and say the rest in other words"
            )
            yield problem("unlabelled", passage.place(0), told)


def _acting_on_a_condition(passage: Passage, strays: Strays, acts: re.Pattern[str]) -> Iterator[Problem]:
    """Such words in one sentence with a condition that compiles."""
    if acts.search(passage.text) is None:
        return
    for sentence in sentences_of(passage):
        if acts.search(sentence.text) and (part := strays.trigger_in(sentence)) is not None:
            told = (
                f'"{_short(part)}" reads as if it would be acted on, and only section 7 is: put it under Rollback'
                " Trigger there, or say what is done in other words"
            )
            yield problem("unlabelled", part.place(0), told)


def _short(part: Passage) -> str:
    return " ".join(part.text.split())[:80]
