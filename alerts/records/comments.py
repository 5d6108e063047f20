"""HTML comments, taken out where a page does not show them, and nowhere else.

What a record says must not depend on who renders it, so a comment is one line, or begins its lines; in code it is text.
"""

import re
from bisect import bisect_right

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NOT_NEWLINE = re.compile(r"[^\n]")
_TICKS = re.compile(r"`+")
_ENDLESS = "the comment that begins here has no end: -->"
_UNSURE = (
    "not every page hides this comment, or not all of it: write it in one line, or in lines of its own that begin with"
    " <!-- and end with -->"
)


def without_comments(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with blanks in place of comments, and the offsets of those that are none, with the reason."""
    if "<!--" not in text:
        return text, []
    blocks = _Blocks(text)
    parts: list[str] = []
    told: list[tuple[int, str]] = []
    at = search_from = 0
    while (begin := text.find("<!--", search_from)) >= 0:
        search_from = begin + len("<!--")
        if blocks.is_code(begin):
            continue
        end = text.find("-->", search_from)
        inside = text[search_from:] if end < 0 else text[search_from:end]
        end = len(text) if end < 0 else end + len("-->")
        if not text.endswith("-->", begin, end):
            told.append((begin, _ENDLESS))
        elif not blocks.hides(begin, end) or text.startswith((">", "->"), search_from) or "--!>" in inside:
            told.append((begin, _UNSURE))
        parts += [text[at:begin], _NOT_NEWLINE.sub(" ", text[begin:end])]
        at = search_from = end
    return "".join([*parts, text[at:]]), told


class _Blocks:
    """The blocks of a text as pages show them: with HTML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        parser = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").disable(["inline"])
        self._leaves: dict[int, Token] = {}
        self._code: dict[int, list[tuple[int, int]]] = {}
        for token in parser.parse(text):
            if token.map is not None and token.type in ("fence", "code_block", "html_block", "inline"):
                self._leaves.update(dict.fromkeys(range(*token.map), token))

    def is_code(self, offset: int) -> bool:
        """Whether a page shows what stands there as it is."""
        line = self._line(offset)
        leaf = self._leaves.get(line)
        if leaf is None or leaf.type != "inline" or leaf.map is None:
            return leaf is not None and leaf.type in ("fence", "code_block")
        begin, end = leaf.map
        if begin not in self._code:
            # Of the paragraph in the text itself: its offsets are ours.
            first, last = self._starts[begin], self._starts[end] if end < len(self._starts) else len(self._text)
            self._code[begin] = _code_spans(self._text, first, last)
        spans = self._code[begin]
        near = bisect_right(spans, (offset, len(self._text))) - 1
        return self._text[offset - 1 : offset] == "\\" or (near >= 0 and offset < spans[near][1])

    def hides(self, begin: int, end: int) -> bool:
        """Whether no page shows anything of this comment."""
        first, last = self._line(begin), self._line(end - 1)
        leaf = self._leaves.get(first)
        return first == last or (leaf is not None and leaf.type == "html_block" and self._leaves.get(last) is leaf)

    def _line(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1


def _code_spans(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """From marks of code to the next ones of the same length; those without any are text."""
    marks = [found.span() for found in _TICKS.finditer(text, begin, end)]
    waiting: dict[int, list[int]] = {}
    for number in range(len(marks) - 1, -1, -1):
        first, last = marks[number]
        waiting.setdefault(last - first, []).append(number)
    spans, number = [], 0
    while number < len(marks):
        first, last = marks[number]
        same = waiting[last - first]
        while same and same[-1] <= number:
            same.pop()
        if same:
            spans.append((first, marks[same[-1]][1]))
            number = same[-1]
        number += 1
    return spans
