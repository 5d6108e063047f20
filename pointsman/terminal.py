"""What commands print for people: words of strangers made harmless, tables as wide as their reader takes."""

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType

_WIDEST = 10_000
_ROOMY = 110
_USUAL = 80


def harmless(text: str) -> str:
    """The text with everything that could move a cursor, hide, or turn around what stands beside it spelled out."""
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def harmless_bytes(raw: bytes) -> str:
    """The same for bytes that may be no text; lines stay lines."""
    return "\n".join(map(harmless, raw.decode(errors="backslashreplace").split("\n")))


def is_narrow() -> bool:
    """Whether a table goes to a terminal that has no place for every column."""
    console = Console()
    return console.is_terminal and console.width < _ROOMY


def columns() -> int:
    """How wide the terminal is; 80 for a pipe or a file."""
    console = Console()
    return console.width if console.is_terminal else _USUAL


@contextmanager
def keys_unseen() -> Iterator[None]:
    """Show no key that is pressed: a ^C moves what is drawn over and over again."""
    keys = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    # In the background, a change of the terminal would stop the process.
    if keys is None or os.tcgetpgrp(keys) != os.getpgrp():
        yield
        return
    before = termios.tcgetattr(keys)
    unseen = [*before]
    unseen[3] &= ~termios.ECHO
    termios.tcsetattr(keys, termios.TCSADRAIN, unseen)
    try:
        yield
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)


def print_table(table: RenderableType) -> None:
    """To a terminal in its width; to a pipe or a file one line for each row, so that grep finds whole rows.

    Such a line ends with its last word: spaces behind it would wrap on the terminal at the pipe's other end.
    """
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    widest = console.measure(table, options=console.options.update(width=_WIDEST)).maximum
    console = Console(width=max(1, widest), highlight=False)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().removesuffix("\n").split("\n")))


def print_words(text: str) -> None:
    """To a terminal with breaks between words only; to a pipe or a file as it is."""
    console = Console(highlight=False)
    console.print(text, markup=False, soft_wrap=not console.is_terminal)


def _spelled(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
