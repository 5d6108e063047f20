"""Markdown as a flat list of headings, texts and fences that know their lines and columns.

Only the blocks are read by markdown-it; what is inside of a line is ours to read, with its columns. Rules that would
make a text vanish (HTML blocks, indented code, link definitions) are off: nothing is skipped in silence.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from alerts.records.passages import Passage, Place, without_markup

_ITEM = re.compile(r"\s*(?:[*+-]|[0-9]{1,3}[.)])\s+")
# Of lists and quotations in each other, two for each list. markdown-it leaves out what is deeper.
_DEEPEST = 20
_LEVELS = {f"h{level}": level for level in range(1, 7)}

Lines = tuple[tuple[str, Place], ...]


class Piece(NamedTuple):
    """A heading, a text or a fence.

    `depth` is in how many list items a text stands (one more where it is not the first of its item), `level` that of a
    heading. `column_header` is what stands above a cell of a table, `info` what behind the fence.
    `is_quoted`: it stands behind a `>`; `is_header`: it stands above a column. `table` is the number of its table, from
    1, and `cell` that of its column, from 0.
    """

    kind: Literal["heading", "text", "fence", "lost"]
    lines: Lines
    depth: int = 0
    level: int = 0
    info: str = ""
    column_header: Passage | None = None
    is_quoted: bool = False
    is_header: bool = False
    table: int = 0
    cell: int = 0

    @property
    def passage(self) -> Passage:
        """All lines as one text."""
        return Passage.of(self.lines)


def pieces_of(text: str) -> list[Piece]:
    """The pieces of a Markdown text, in their order. One of kind `lost` stands for what is too far in to be read."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable("table")
    parser.disable(["code", "reference", "html_block", "inline"])
    return list(_Walk(text.split("\n")).pieces(parser.parse(text)))


class _Walk:
    """Goes through the tokens of one text; remembers in which items and below which columns it is."""

    def __init__(self, source: list[str]) -> None:
        self._source = source
        self._first_of_item: list[bool] = []
        self._headers: list[Passage] = []
        self._table = 0
        self._cell = 0
        self._row = (0, 0)
        self._quotations = 0

    def pieces(self, tokens: list[Token]) -> Iterator[Piece]:
        for before, token in zip([None, *tokens], tokens, strict=False):
            self._enter(token)
            if token.nesting == 1 and token.level >= _DEEPEST - 1 and token.map is not None:
                yield Piece("lost", self._lines(self._source[token.map[0]], token.map[0]))
            elif token.type == "fence" and token.map is not None:
                lines = self._lines(token.content.removesuffix("\n"), token.map[0] + 1)
                yield Piece("fence", lines, info=token.info.strip(), depth=len(self._first_of_item))
            elif token.type == "inline" and before is not None:
                yield from self._inline(token, before)

    def _enter(self, token: Token) -> None:
        if token.type == "list_item_open":
            self._first_of_item.append(True)
        elif token.type == "list_item_close":
            self._first_of_item.pop()
        elif token.type in ("blockquote_open", "blockquote_close"):
            self._quotations += token.nesting
        elif token.type == "table_open":
            self._table += 1
            self._headers = []
        elif token.type == "tr_open":
            self._cell = 0
            self._row = (token.map[0] if token.map else 0, 0)

    def _inline(self, token: Token, opened: Token) -> Iterator[Piece]:
        if token.map is None or not token.content.strip():
            self._cell += opened.type == "td_open"
            if opened.type == "th_open":
                self._headers.append(Passage.of([("", Place(1, 1))]))
            return
        if opened.type in ("th_open", "td_open"):
            yield from self._table_cell(token, opened)
            return
        lines = self._lines(token.content, token.map[0])
        # In a list a line of dashes under an item makes a heading of it, which nobody means.
        if opened.type == "heading_open" and not self._first_of_item:
            yield Piece("heading", lines, level=_LEVELS.get(opened.tag, 6))
            return
        depth = len(self._first_of_item)
        if self._first_of_item:
            depth += not self._first_of_item[-1]
            self._first_of_item[-1] = False
        for piece in _items(lines, depth):
            yield piece._replace(is_quoted=self._quotations > 0)

    def _table_cell(self, token: Token, opened: Token) -> Iterator[Piece]:
        line, begin = self._row
        source = self._source[line] if line < len(self._source) else ""
        at = source.find(token.content, begin)
        if at >= 0:
            self._row = (line, at + len(token.content))
        lines = ((token.content, Place(line + 1, max(at, 0) + 1)),)
        depth = len(self._first_of_item) + 1
        if opened.type == "th_open":
            self._headers.append(without_markup(Passage.of(lines)))
            cell = len(self._headers) - 1
            yield Piece("text", lines, depth=depth, is_header=True, table=self._table, cell=cell)
            return
        header = self._headers[self._cell] if self._cell < len(self._headers) else None
        self._cell += 1
        yield Piece("text", lines, depth=depth, column_header=header, table=self._table, cell=self._cell - 1)

    def _lines(self, content: str, first: int) -> Lines:
        found = []
        for number, line in enumerate(content.split("\n"), first):
            source = self._source[number] if number < len(self._source) else ""
            at = source.find(line) if line else 0
            found.append((line, Place(number + 1, (at if at >= 0 else len(source) - len(source.lstrip())) + 1)))
        return tuple(found)


def _items(lines: Lines, depth: int) -> Iterator[Piece]:
    """A text; lines of it that look like items of a list (too far in to be ones) are texts below it."""
    kept: list[tuple[str, Place]] = []
    below = 0
    for line, place in lines:
        mark = _ITEM.match(line) if kept else None
        if mark is not None:
            yield Piece("text", tuple(kept), depth + below)
            kept, below = [], 1
        begin = mark.end() if mark else 0
        kept.append((line[begin:], Place(place.line, place.column + begin)))
    yield Piece("text", tuple(kept), depth + below)
