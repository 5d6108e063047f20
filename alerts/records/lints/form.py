"""Whether a record is filled in."""

from collections.abc import Iterator

from alerts.records.compiling import Compiled
from alerts.records.empty import empty_fields
from alerts.records.labels import FIELDS, TITLES, FieldName
from alerts.records.models import names
from alerts.records.passages import Passage, Place
from alerts.records.placeholders import left_over, placeholders_in, without_placeholders
from alerts.records.problem import Problem, problem

# Section 4, 6 and 7 have lints of their own.
_ELSEWHERE = {4, 6, 7}


def placeholders(compiled: Compiled) -> Iterator[Problem]:
    """What the template left, and fields without anything in them."""
    sections = [*compiled.document.sections.values(), *compiled.document.others]
    for section in sections:
        title = Passage.of([(section.title, section.place)])
        for passage in (title, *(entry.whole for entry in section.all_entries)):
            for offset, text in placeholders_in(passage):
                yield left_over(passage.place(offset), text)
    for number, fields in compiled.prose.fields.items():
        yield from empty_fields(fields, compiled.prose.texts.get(number, ()))


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


def candidate_differs(compiled: Compiled) -> Iterator[Problem]:
    """Section 2 speaks of the model that the front matter names."""
    for one in compiled.prose.named("model_identifier"):
        candidate = compiled.front.candidate
        if candidate and without_placeholders(one.text).strip() and not names(one.text, candidate):
            told = f"the front matter names the candidate {candidate}, this does not: write it here as it stands there"
            yield problem("candidate_differs", one.place, told)


def _label(name: FieldName) -> str:
    return FIELDS[name].labels[0]
