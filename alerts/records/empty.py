"""Fields with nothing in them, and what is said of each."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from alerts.records.labels import FIELDS
from alerts.records.parts import Entry, Labelled
from alerts.records.passages import Place
from alerts.records.problem import Problem, problem

_PLAN = 7
_NOTHING = re.compile(r"[\s.\u2013\u2014-]*")


def empty_fields(fields: Sequence[Labelled], texts: Sequence[Entry]) -> Iterator[Problem]:
    """Those of one section, with the texts of it that belong to no field: one might be meant to."""
    prose = sorted(entry.whole.place(0) for entry in texts)
    places = sorted(one.place for one in fields)
    for one in fields:
        if _NOTHING.fullmatch(one.text) and one.name != "risk" and not one.is_told:
            yield problem("placeholder", one.place, _told(one, is_followed=_is_next(one.place, prose, places)))


def _is_next(field: Place, texts: list[Place], fields: list[Place]) -> bool:
    """Whether a text that belongs to no field comes next."""
    text = next(iter(texts[bisect_right(texts, field) :]), None)
    other = next(iter(fields[bisect_right(fields, field) :]), None)
    return text is not None and (other is None or text < other)


def _told(one: Labelled, *, is_followed: bool) -> str:
    label = FIELDS[one.name].labels[0]
    if FIELDS[one.name].section != _PLAN:
        return f'{label} is empty: write what it is, or "not measured"'
    if is_followed:
        return f"{label} is empty, and what stands below does not belong to it: indent that by two blanks"
    return f"{label} is empty: write it behind the colon, or below as an indented list"
