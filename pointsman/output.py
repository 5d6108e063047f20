"""Standard output that tells its own trouble from everybody else's.

An error of the system names no stream: a full disk under a database and one under `> file` look alike.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_DESCRIPTOR = 1


class OutputFails(Exception):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the output cannot be written: {error.strerror}")
        self.nobody_reads = error.errno == errno.EPIPE


class Output(io.TextIOWrapper):
    """In place of `sys.stdout`: raises OutputFails where that raises OSError."""

    is_unbuffered = False

    def write(self, text: str) -> int:
        """As every file."""
        with _told():
            written = super().write(text)
            if self.is_unbuffered:
                super().flush()
            return written

    def flush(self) -> None:
        """As every file."""
        with _told():
            super().flush()


@contextmanager
def telling_output() -> Iterator[None]:
    """Have standard output raise OutputFails; what could not be written is dropped at the end."""
    before = sys.stdout
    if type(before) is not io.TextIOWrapper:
        # Somebody in this process has put something else there.
        yield
        return
    # What a terminal cannot show (a plot on one of ASCII) is no reason to end; in a file it stays what it was, spelled.
    spelled = "replace" if before.isatty() else "backslashreplace"
    errors = spelled if before.errors == "strict" else before.errors
    # Unbuffered (PYTHONUNBUFFERED), a file may take a part of what it is given, and text files drop the rest.
    buffer = io.BufferedWriter(before.buffer) if isinstance(before.buffer, io.RawIOBase) else before.buffer
    output = Output(buffer, before.encoding, errors, line_buffering=before.line_buffering)
    output.is_unbuffered = buffer is not before.buffer
    sys.stdout = output
    try:
        yield
        sys.stdout.flush()
    except OutputFails:
        # Python writes what is left when it ends, and would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _DESCRIPTOR)
        raise


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputFails(error) from error
