"""What is left of a template: `[e.g., 84.2%]`, `TODO`, `<model>`."""

import re
from collections.abc import Iterator

from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem, problem

# A bracket that says it is an example; any with words in it that is no link, no footnote, no box of a list, no number,
# no index and no list of values.
_LEFT = re.compile(
    r"\[(?:e\.? ?g\b|i\.? ?e\b)[^\[\]]{0,300}\]"
    r"|(?<![\w\])=])\[(?![\^!])(?=[^\[\]]*[^\W\d_]{2})(?![^\[\]]*[\"{}])[^\[\]]{2,200}\](?![(\[:])"
    r"|\b(?:TODO|TBD|FIXME|XXX)\b"
    r"|<(?:your|the|insert|name|model|route|owner|team|value|figure|date|placeholder|e\.g\.)\b[^<>\n]{0,60}>"
)


def placeholders_in(passage: Passage) -> Iterator[tuple[int, str]]:
    """Each with its offset."""
    for found in _LEFT.finditer(passage.text):
        yield found.start(), found[0]


def left_over(place: Place, text: str) -> Problem:
    """The problem that one is."""
    told = f"{text} is still a placeholder: write what it stands for; what is meant to stay goes into parentheses"
    return problem("placeholder", place, told)


def without_placeholders(text: str) -> str:
    """The text as if they were not there: a figure that is an example is none."""
    return _LEFT.sub(" ", text)
