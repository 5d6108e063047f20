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

    def write(self, text: str) -> int:
        """As every file."""
        with _told():
            return super().write(text)

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
    sys.stdout = Output(before.buffer, before.encoding, before.errors, line_buffering=before.line_buffering)
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
