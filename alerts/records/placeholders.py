"""What is left of a template: `[e.g., 84.2%]`, `TODO`, `<model>`."""

import re
from collections.abc import Iterator

from alerts.records.parts import Section
from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem, problem

# A bracket that says it is an example; any with plain words in it, such as [short reason]. No links, footnotes, boxes,
# numbers, indexes, lists of values, and no names: [RFC 118], [Smith 2024].
_LEFT = re.compile(
    r"\[(?:e\.? ?g\b|i\.? ?e\b)[^\[\]]{0,300}\]"
    r"|(?<![\w\])=])\[(?![\^!])(?=[^\[\]]*(?:(?<!\w)[a-z]{3,}(?!\w)|\b(?i:name|model|insert|date|owner|team|link)\b))"
    r"(?![^\[\]]*[\"{}])[^\[\]]{2,200}\](?![(\[:])"
    r"|\b(?:TODO|TBD|FIXME|XXX)\b"
    r"|<(?:your|the|insert|name|model|route|owner|team|value|figure|date|placeholder|e\.g\.)\b[^<>\n]{0,60}>"
)

_EXAMPLE = re.compile(r"\[e\.? ?g\b", re.IGNORECASE)
_SHOWN = 40


def placeholders_in(passage: Passage) -> Iterator[tuple[int, str]]:
    """Each with its offset."""
    for found in _LEFT.finditer(passage.text):
        yield found.start(), found[0]


def left_over(place: Place, text: str) -> Problem:
    """The problem that one is."""
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...{text[-1]}"
    stays = "" if _EXAMPLE.match(text) else "; what is meant to stay goes into parentheses"
    return problem("placeholder", place, f"{short} is a placeholder: fill it in{stays}")


def has_placeholders(section: Section) -> bool:
    """Whether it is still to be filled in, so that what is missing there is no news."""
    return any(True for entry in section.all_entries for _ in placeholders_in(entry.whole))


def without_placeholders(text: str) -> str:
    """The text as if they were not there: a figure that is an example is none."""
    return _LEFT.sub(" ", text)
