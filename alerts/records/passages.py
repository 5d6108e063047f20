"""Stretches of a record's text that know at which line and column each of their characters stands."""

import html
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple, Self

# An escape, an entity, a link, a line break, marks of emphasis and code.
_MARKUP = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:[a-zA-Z]{2,8}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)"
    r"|\[(?P<link>[^\[\]]*)\]\([^()\s]*\)"
    r"|<br\s{0,3}/?>"
    r"|\*+|`+|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])"
)


class Place(NamedTuple):
    """A line and a column of a file, both from 1."""

    line: int
    column: int


class Passage(NamedTuple):
    """A text, and where its lines begin: `(offset in text, place)`, rising, the first at offset 0.

    Lines are joined by one character, so that a place within a line is its beginning and some columns.
    """

    text: str
    starts: tuple[tuple[int, Place], ...]

    @classmethod
    def of(cls, lines: Sequence[tuple[str, Place]]) -> Self:
        """Lines with their places, joined by spaces."""
        starts, offset = [], 0
        for line, place in lines:
            starts.append((offset, place))
            offset += len(line) + 1
        return cls(" ".join(line for line, _ in lines), tuple(starts) or ((0, Place(1, 1)),))

    @classmethod
    def joined(cls, passages: "Sequence[Passage]", by: str) -> Self:
        """Passages one after the other, with `by` between them."""
        starts, offset = [], 0
        for passage in passages:
            starts += [(offset + at, place) for at, place in passage.starts]
            offset += len(passage.text) + len(by)
        return cls(by.join(passage.text for passage in passages), tuple(starts) or ((0, Place(1, 1)),))

    def place(self, offset: int) -> Place:
        """Where the character at this offset stands."""
        at, start = self.starts[max(bisect_right(self.starts, offset, key=lambda one: one[0]) - 1, 0)]
        return Place(start.line, start.column + offset - at)

    def cut(self, begin: int, end: int | None = None) -> Self:
        """The part between two offsets, without the spaces around it."""
        part = self.text[begin:end]
        begin += len(part) - len(part.lstrip())
        part = part.strip()
        later = [(at - begin, place) for at, place in self.starts if begin < at < begin + len(part)]
        return type(self)(part, ((0, self.place(begin)), *later))


def without_markup(passage: Passage) -> Passage:
    """The same passage with spaces in place of what only says how it looks; every character keeps its place."""
    return Passage(_MARKUP.sub(_blank, passage.text), passage.starts)


def _blank(found: re.Match[str]) -> str:
    kept = ""
    if found["escaped"]:
        kept = " " + found["escaped"]
    elif found["entity"]:
        meant = html.unescape(found["entity"])
        kept = meant if len(meant) == 1 and meant.isprintable() else found["entity"]
    elif found["link"] is not None:
        # The brackets are blanks, so that what is left reads as if there were no link.
        kept = f" {_MARKUP.sub(_blank, found['link'])}"
    return kept.ljust(len(found[0]))
