"""The bytes of a file as the text of a record."""

import hashlib
import re
import unicodedata

from alerts.records.document import MAX_BYTES
from alerts.records.passages import Place
from alerts.records.problem import Problem, problem

_SEEN = "\n\t"
_UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def read_text(raw: bytes) -> tuple[str, list[Problem]]:
    """The text with line feeds at the ends of its lines; or '' and why it is none.

    Characters that nobody sees (zero width, turning around what follows, controls) are refused: a person must have read
    what a machine holds a router to.
    """
    if len(raw) > MAX_BYTES:
        return "", [problem("too_large", Place(1, 1), f"more than {MAX_BYTES:,} bytes: no record is so long")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = re.split(r"\r\n?|\n", raw[: error.start].decode("utf-8-sig", "replace"))
        return "", [problem("unreadable_text", Place(len(before), len(before[-1]) + 1), "no UTF-8 text")]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for at, char in enumerate(text):
        if not char.isprintable() and char not in _SEEN and unicodedata.category(char) in _UNSEEN:
            line = text.count("\n", 0, at) + 1
            told = f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()
            return "", [
                problem("unreadable_text", Place(line, at - text.rfind("\n", 0, at)), f"{told}: nobody sees it")
            ]
    return text, []


def stored_text(text: str) -> str:
    """The text as it is kept: without blanks at its end, and with one line feed."""
    return f"{text.rstrip()}\n"


def revision_of(text: str) -> str:
    """What a text is known by: the SHA-256 of the UTF-8 of what is kept, as 64 hex digits.

    Lines end with line feeds in it: a checkout with other ends of lines is the same revision.
    """
    return hashlib.sha256(stored_text(text).encode()).hexdigest()
