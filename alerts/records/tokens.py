"""A sentence cut into words, numbers and signs, each with its place.

The forms of the grammar are matched on the *plain* text of tokens: lower case, one space between any two. So `P95
latency>1.2s` and `p95 latency > 1.2 s` are one.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from alerts.records.passages import Passage
from alerts.records.problem import Misunderstood

# Longer ones are no sentence; what is matched on them stays quick.
LONGEST_SENTENCE = 4000
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    # Signs that look like words: of money, and the full stop of "vs." that ends no sentence.
    r"|(?P<short>[uU][sS](?=\$)|[vV][sS]\.(?!\w))"
    r"|(?P<word>[pP][0-9]+(?:\.[0-9]+)?(?!\w)|[0-9]+(?i:st|nd|rd|th)(?!\w)|[^\W\d_](?:\w|['\u2019_\u2010\u2011-](?=\w))*)"
    r"|(?P<number>[0-9]+(?:[.,][0-9]+)*|\.[0-9]+)"
    r"|(?P<sign>->|=>|\u2192|>=|<=|[><\u2265\u2264\u2a7e\u2a7d\u00d7\u00a2,;.:()%$+/&\u2013\u2014-])"
)
_SIGNS = {
    "\u2265": ">=", "\u2a7e": ">=", "\u2264": "<=", "\u2a7d": "<=", "\u2192": "->", "\u2013": "-", "\u2014": "-",
    "\u00d7": "x", "\u00a2": "cents", "vs.": "vs",
}  # fmt: skip

# Apostrophes and hyphens as word processors write them.
_SAME = str.maketrans({"\u2019": "'", "\u2010": "-", "\u2011": "-"})


class Token(NamedTuple):
    """A word, number or sign as it is compared, and where it stands in its passage."""

    kind: str
    plain: str
    start: int
    end: int


@dataclass(frozen=True)
class Tokens:
    """Neighbouring tokens of one passage."""

    passage: Passage
    tokens: tuple[Token, ...]

    @cached_property
    def plain(self) -> str:
        """Lower case, one space between tokens."""
        return " ".join(token.plain for token in self.tokens)

    @cached_property
    def _offsets(self) -> list[int]:
        offsets, at = [], 0
        for token in self.tokens:
            offsets.append(at)
            at += len(token.plain) + 1
        return offsets

    def at(self, offset: int) -> int:
        """Where in the passage the token stands that is at this offset of `plain`; its end where none is."""
        if offset >= len(self.plain) or not self.tokens:
            return self.end
        return self.tokens[max(bisect_right(self._offsets, offset) - 1, 0)].start

    def indices(self, begin: int, end: int) -> range:
        """Of the tokens that begin between these offsets of `plain`: one is in or out as a whole."""
        return range(bisect_left(self._offsets, begin), bisect_left(self._offsets, end))

    def between(self, begin: int, end: int) -> "Tokens":
        """Those that begin between these offsets of `plain`."""
        inside = self.indices(begin, end)
        return Tokens(self.passage, self.tokens[inside.start : inside.stop])

    def written(self, begin: int, end: int) -> str:
        """What the architect wrote where `plain` has these offsets; for messages."""
        return self.between(begin, end).text

    def after(self, offset: int) -> "Tokens":
        """Those from this offset of `plain` on."""
        return self.between(offset, len(self.plain))

    def until(self, offset: int) -> "Tokens":
        """Those ahead of this offset of `plain`."""
        return self.between(0, offset)

    @property
    def start(self) -> int:
        """Of the first one, in the passage."""
        return self.tokens[0].start if self.tokens else 0

    @property
    def end(self) -> int:
        """Behind the last one, in the passage."""
        return self.tokens[-1].end if self.tokens else 0

    @property
    def text(self) -> str:
        """All of them as the architect wrote them, on one line."""
        return " ".join(self.passage.text[self.start : self.end].split())


def tokens_of(passage: Passage) -> Tokens:
    """The tokens of a passage without markup. Raises Misunderstood where a character begins none."""
    text = passage.text
    if len(text) > LONGEST_SENTENCE:
        raise Misunderstood(
            "not_understood", f"a sentence of {len(text):,} characters; {LONGEST_SENTENCE:,} at most", 0
        )
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Misunderstood("not_understood", f"{text[at]!r} has no meaning here", at, at + 1)
        if match.lastgroup != "space":
            plain = match[0].casefold().translate(_SAME)
            found.append(Token(match.lastgroup, _SIGNS.get(plain, plain), at, match.end()))
        at = match.end()
    return Tokens(passage, tuple(found))


def split(tokens: Tokens, at: Sequence[int]) -> list[Tokens]:
    """The runs of tokens between those with these indices; runs may be empty."""
    edges = [-1, *at, len(tokens.tokens)]
    return [Tokens(tokens.passage, tokens.tokens[before + 1 : after]) for before, after in pairwise(edges)]
