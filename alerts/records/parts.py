"""What a record is made of: sections with their texts, and labelled fields with their sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from alerts.records.labels import FieldName
from alerts.records.passages import Passage, Place
from alerts.records.problem import Problem
from alerts.records.yaml_values import YamlText


@dataclass
class Entry:
    """A text of a section. `label` is the field that it begins, `text` what stands behind it, `whole` all of it.

    `is_told`: it is said already that nothing can be read below it.
    """

    label: FieldName | None
    text: Passage
    whole: Passage
    children: "list[Entry]" = field(default_factory=list)
    is_told: bool = False


@dataclass
class Section:
    """One of the seven (0: any other), with what stands in it."""

    number: int
    title: str
    place: Place
    entries: list[Entry] = field(default_factory=list)

    @property
    def all_entries(self) -> Iterator[Entry]:
        """Every one, also those below others, in the order of the text."""
        waiting = self.entries[::-1]
        while waiting:
            entry = waiting.pop()
            yield entry
            waiting += entry.children[::-1]


@dataclass
class Labelled:
    """A field with its sentences: what stands behind its label, and the texts below it."""

    name: FieldName
    place: Place
    sentences: list[Passage] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    is_told: bool = False

    def add(self, sentence: Passage, depth: int) -> None:
        """One more text, and how far in it stands."""
        self.sentences.append(sentence)
        self.depths.append(depth)

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " ".join(" ".join(sentence.text.split()) for sentence in self.sentences)


@dataclass
class Document:
    """What was found, and what is wrong with how it is written."""

    front_matter: YamlText | None = None
    block: YamlText | None = None
    sections: dict[int, Section] = field(default_factory=dict)
    others: list[Section] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
