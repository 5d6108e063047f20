"""Whether a record is filled in, and all of it stands where it is read."""

import re
from collections.abc import Iterator

from alerts.records.compiling import Compiled
from alerts.records.labels import FIELDS, TITLES, FieldName
from alerts.records.passages import Passage, Place
from alerts.records.placeholders import left_over, placeholders_in
from alerts.records.problem import Problem, problem

# Section 4, 6 and 7 have lints of their own.
_ELSEWHERE = {4, 6, 7}
# "Was rolled back" tells of the past, and acts on nothing.
_LIKE_A_TRIGGER = re.compile(
    r"\b(?:roll(?:s|ing)?[ -]?back|(?:is|are|be|gets?)(?: \w+ly)? rolled[ -]?back|revert(?:s|ing)?)\b", re.IGNORECASE
)
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
# Of names: "Qwen 3.5 72B" is qwen-3.5-72b.
_BETWEEN = re.compile(r"[\s_-]+")
_NOTHING = re.compile(r"[\s.\u2013\u2014-]*")


def placeholders(compiled: Compiled) -> Iterator[Problem]:
    """What the template left, and fields without anything in them."""
    sections = [*compiled.document.sections.values(), *compiled.document.others]
    for section in sections:
        title = Passage.of([(section.title, section.place)])
        for passage in (title, *(entry.whole for entry in section.all_entries)):
            for offset, text in placeholders_in(passage):
                yield left_over(passage.place(offset), text)
    for fields in compiled.prose.fields.values():
        for one in fields:
            if _NOTHING.fullmatch(one.text) and one.name != "risk":
                told = f'{_label(one.name)} is empty: write what it is, or "not measured"'
                yield problem("placeholder", one.place, told)


def missing_sections(compiled: Compiled) -> Iterator[Problem]:
    """Sections that are not there, or have nothing in them. An empty one is told by its own lint where it has one."""
    for number, titles in TITLES.items():
        section = compiled.document.sections.get(number)
        if number in _ELSEWHERE and section is not None:
            continue
        if section is None or not section.entries:
            place = Place(1, 1) if section is None else section.place
            state = "is missing: add its title" if section is None else "is empty: write under it"
            yield problem("missing_section", place, f"section {number}, {titles[0]}, {state}, if only why it is short")


def unlabelled(compiled: Compiled) -> Iterator[Problem]:
    """Texts of the plan, or of no section at all, that read as if a machine would act on them. One with a label that is
    almost a known one has been told.
    """
    told_already = {(told.line, told.column) for told in compiled.document.problems if told.code == "field"}
    plan = [entry.whole for entry in compiled.prose.texts.get(_PLAN, ())]
    for passage in plan:
        if (found := _LIKE_AN_EXCEPTION.search(passage.text)) is not None:
            told = f'"{found[0]}" reads as if it narrowed the plan, and nobody acts on it: triggers have no exceptions'
            yield problem("unlabelled", passage.place(found.start()), told)
    others = [entry.whole for section in compiled.document.others for entry in section.all_entries]
    thoughts = [passage for one in compiled.prose.named("reconsideration") for passage in one.sentences]
    for passage in (*plan, *others, *thoughts):
        if passage.place(0) in told_already:
            continue
        for pattern, label in ((_LIKE_A_TRIGGER, "Rollback Trigger"), (_LIKE_A_ROLLOUT, "Rollout Strategy")):
            if pattern.search(passage.text):
                told = (
                    f"this reads as if it would be acted on, and is not: put what shall be under {label} in section 7,"
                    " and say the rest in other words"
                )
                yield problem("unlabelled", passage.place(0), told)
                break


def candidate_differs(compiled: Compiled) -> Iterator[Problem]:
    """Section 2 speaks of the model that the front matter names."""
    for one in compiled.prose.named("model_identifier"):
        candidate = compiled.front.candidate
        if candidate and one.text and not _names(one.text, candidate):
            told = f"the front matter names the candidate {candidate}, this does not: write it here as it stands there"
            yield problem("candidate_differs", one.place, told)


def _names(text: str, model: str) -> bool:
    """Whether a text names this model, and no longer name that begins or ends as it does: gpt-5 is not gpt-5.4."""
    plain = re.escape(_BETWEEN.sub("-", model.casefold()))
    return re.search(rf"(?<![\w.]){plain}(?!\w|\.\w)", _BETWEEN.sub("-", text.casefold())) is not None


def _label(name: FieldName) -> str:
    return FIELDS[name].labels[0]
