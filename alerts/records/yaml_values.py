"""YAML as plain texts, lists and mappings that know where they stand.

A text stays the text that was written: `no` is not false and `012` is not ten, so that each key alone says what its
value is. Tags, anchors and aliases are refused, and so is what is nested deeply or repeated: a record needs none of it.
"""

from typing import NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from alerts.records.passages import Place
from alerts.records.problem import Problem, problem

MAX_BYTES = 32 * 1024
_DEEPEST = 6
_NOTHING = ("", "~", "null", "Null", "NULL")


class YamlText(NamedTuple):
    """Lines of YAML, and where each of them begins in its file."""

    text: str
    lines: tuple[Place, ...]

    def place(self, line: int, column: int) -> Place:
        """The place in the file of a line and column here, both from 0."""
        begin = self.lines[min(line, len(self.lines) - 1)]
        return Place(begin.line, begin.column + column)


class Value(NamedTuple):
    """A text (None: nothing), a list, or a mapping; with the places of its keys."""

    data: "str | list[Value] | dict[str, Value] | None"
    place: Place
    keys: dict[str, Place]


def read_yaml(source: YamlText) -> tuple[Value | None, list[Problem]]:
    """The mapping that the text holds (None: nothing, or nothing that could be read)."""
    if len(source.text.encode()) > MAX_BYTES:
        return None, [problem("too_large", source.lines[0], f"more than {MAX_BYTES:,} bytes of YAML")]
    reader = _Reader(source)
    try:
        for event in yaml.parse(source.text, Loader=yaml.SafeLoader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = source.lines[0] if mark is None else source.place(mark.line, mark.column)
        return None, [*reader.problems, problem("yaml", place, f"no YAML: {error.problem or error.context}")]
    except yaml.YAMLError as error:
        return None, [*reader.problems, problem("yaml", source.lines[0], f"no YAML: {error}")]
    except _Refused as refused:
        return None, [*reader.problems, refused.problem]
    found = reader.found
    if found is not None and found.data is not None and not isinstance(found.data, dict):
        told = "expected keys with values, such as route: invoices"
        return None, [*reader.problems, problem("yaml", found.place, told)]
    return (None if found is None or found.data is None else found), reader.problems


class _Refused(Exception):
    def __init__(self, told: Problem) -> None:
        super().__init__(told.message)
        self.problem = told


class _Reader:
    """Builds the value from the parser's events, without recursion."""

    def __init__(self, source: YamlText) -> None:
        self._source = source
        self._stack: list[Value] = []
        self._key: list[str | None] = []
        self._documents = 0
        self.found: Value | None = None
        self.problems: list[Problem] = []

    def take(self, event: yaml.Event) -> None:
        """The next event. Raises _Refused for what records do not use."""
        mark = event.start_mark
        place = self._source.lines[0] if mark is None else self._source.place(mark.line, mark.column)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Refused(problem("yaml", place, "a second document begins here"))
        elif isinstance(event, NodeEvent):
            self._refuse_unneeded(event, place)
            if isinstance(event, ScalarEvent):
                is_nothing = event.style is None and event.value in _NOTHING
                self._add(Value(None if is_nothing else event.value, place, {}))
            else:
                self._begin(Value([] if isinstance(event, SequenceStartEvent) else {}, place, {}))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = self._stack.pop()
            self._key.pop()
            self._add(done)

    def _refuse_unneeded(self, event: NodeEvent, place: Place) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise _Refused(problem("yaml", place, "anchors and aliases (& and *) are not read: quote the value"))
        if getattr(event, "tag", None) is not None:
            raise _Refused(problem("yaml", place, "tags (!) are not read: quote the value"))
        is_key = self._stack and isinstance(self._stack[-1].data, dict) and self._key[-1] is None
        if is_key and not isinstance(event, ScalarEvent):
            raise _Refused(problem("yaml", place, "a key must be a word"))

    def _begin(self, value: Value) -> None:
        if len(self._stack) >= _DEEPEST:
            raise _Refused(problem("yaml", value.place, f"nested more than {_DEEPEST} deep"))
        self._stack.append(value)
        self._key.append(None)

    def _add(self, value: Value) -> None:
        if not self._stack:
            self.found = value
            return
        parent = self._stack[-1]
        if isinstance(parent.data, list):
            parent.data.append(value)
        elif isinstance(parent.data, dict):
            key = self._key[-1]
            if key is None:
                self._key[-1] = self._new_key(parent, value)
            else:
                parent.data[key] = value
                self._key[-1] = None

    def _new_key(self, parent: Value, value: Value) -> str:
        key = value.data if isinstance(value.data, str) else ""
        if key in parent.keys:
            self.problems.append(problem("invalid_value", value.place, f"{key} comes twice"))
        parent.keys[key] = value.place
        return key
