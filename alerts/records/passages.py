"""Stretches of a record's text that know at which line and column each of their characters stands."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Self

# An escape, an entity, a link, a line break, marks of emphasis and code.
_MARKUP = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:[a-zA-Z]{2,8}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)"
    r"|\[(?P<link>[^\[\]]*)\]\([^()\s]*\)"
    r"|<br\s{0,3}/?>"
    r"|(?P<mark>\*+|`+|(?<!\w)_+(?=[^\s_])|(?<=[^\s_])_+(?!\w))"
)


class Place(NamedTuple):
    """A line and a column of a file, both from 1."""

    line: int
    column: int


class Passage(NamedTuple):
    """A text, and where its lines begin: `(offset in text, place)`, rising, the first at offset 0.

    Lines are joined by one character, so that a place within a line is its beginning and some columns. `is_plain`: its
    markup is gone, and what looks like some is meant.
    """

    text: str
    starts: tuple[tuple[int, Place], ...]
    is_plain: bool = False

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
        text = by.join(passage.text for passage in passages)
        return cls(text, tuple(starts) or ((0, Place(1, 1)),), all(passage.is_plain for passage in passages))

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
        return type(self)(part, ((0, self.place(begin)), *later), self.is_plain)


def without_markup(passage: Passage) -> Passage:
    """The same passage with spaces in place of what only says how it looks; every character keeps its place.

    Marks of emphasis and of code without a partner stay: people see them, as the star of a footnote (`5%*`).
    """
    if passage.is_plain:
        return passage
    return Passage(_blanked(passage.text), passage.starts, is_plain=True)


def _blanked(text: str) -> str:
    found = list(_MARKUP.finditer(text))
    alone = _without_partner([one for one in found if one["mark"]], text)
    parts, at = [], 0
    for one in found:
        parts += [text[at : one.start()], one[0] if one.start() in alone else _blank(one)]
        at = one.end()
    return "".join([*parts, text[at:]])


def _without_partner(marks: Sequence[re.Match[str]], text: str) -> set[int]:
    """Where the marks begin that neither open nor close anything."""
    opened: list[re.Match[str]] = []
    alone: set[int] = set()
    waiting = Counter[str]()
    for mark in marks:
        if waiting[mark[0]] and not text[mark.start() - 1].isspace():
            # What was opened inside and is open still has no partner.
            while (last := opened.pop())[0] != mark[0]:
                waiting[last[0]] -= 1
                alone.add(last.start())
            waiting[mark[0]] -= 1
        elif text[mark.end() : mark.end() + 1].strip():
            opened.append(mark)
            waiting[mark[0]] += 1
        else:
            alone.add(mark.start())
    return alone | {mark.start() for mark in opened}


def _blank(found: re.Match[str]) -> str:
    kept, text = "", found.string
    if found["escaped"]:
        # Editors write error\_rate, which people see as one word.
        is_inside = found["escaped"] == "_" and text[found.start() - 1 : found.start()].isalnum()
        kept = "" if is_inside and text[found.end() : found.end() + 1].isalnum() else " " + found["escaped"]
    elif found["entity"]:
        meant = html.unescape(found["entity"])
        is_seen = len(meant) == 1 and (meant.isprintable() or unicodedata.category(meant) == "Zs")
        kept = meant if is_seen else found["entity"]
    elif found["link"] is not None:
        # The brackets are blanks, so that what is left reads as if there were no link.
        kept = f" {_blanked(found['link'])}"
    return kept.ljust(len(found[0]))
