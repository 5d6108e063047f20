"""What a text says about itself: its label, or that it is the title of a section."""

import re
from collections.abc import Iterator

from alerts.records.labels import field_of, section_of
from alerts.records.markdown import Piece
from alerts.records.passages import Passage, Place, without_markup

_LABEL = re.compile(r"\s*(?P<label>[^:]{1,60}?)\s*(?::|\s[\u2013\u2014-]\s)\s*")
_BOLD = re.compile(r"\s*(?:\*\*|__)(?P<text>[^*_]+)(?:\*\*|__)\s*")


def labelled(passage: Passage) -> tuple[str, Passage]:
    """The label that a text begins with, and the rest; no label where there is none."""
    found = _LABEL.match(passage.text)
    if found is not None:
        return found["label"], passage.cut(found.end())
    if field_of(passage.text) is not None:
        return passage.text.strip(), passage.cut(len(passage.text))
    return "", passage


def is_bold_title(piece: Piece) -> bool:
    """A paragraph that is nothing but the title of a section, in bold."""
    found = _BOLD.fullmatch(piece.passage.text) if len(piece.lines) == 1 else None
    return found is not None and section_of(found["text"]).number is not None


def split_at_labels(piece: Piece) -> Iterator[Piece]:
    """A paragraph whose lines begin with labels of fields is one text for each."""
    if len(piece.lines) == 1:
        yield piece
        return
    kept: list[tuple[str, Place]] = []
    for line in piece.lines:
        label, _ = labelled(without_markup(Passage.of([line])))
        if kept and label and field_of(label) is not None:
            yield piece._replace(lines=tuple(kept))
            kept = []
        kept.append(line)
    yield piece._replace(lines=tuple(kept))
