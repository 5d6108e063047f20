"""The few Markdown forms that the pages use."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Made by scripts/generate from the code. Change the code, not this file. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line breaks in a cell would end it, so they are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """A name or a value."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Several of them in a row."""
    return ", ".join(code(text) for text in texts)


def block(language: str, text: str) -> str:
    """A fenced block."""
    return f"```{language}\n{text}\n```"


def page(*paragraphs: str) -> str:
    """Paragraphs, tables and blocks, an empty line between them."""
    return "\n\n".join((GENERATED, *(paragraph.strip("\n") for paragraph in paragraphs))) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
