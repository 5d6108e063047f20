"""The bytes of a record's file, `-` for standard input, never more of them than a record may have."""

import sys
from pathlib import Path

from alerts.records.document import MAX_BYTES
from pointsman.exits import UsageError

STANDARD_INPUT = "-"


def read_record_file(path: Path) -> bytes:
    """At most one byte more than a record may have, which is then found to be too large. Raises UsageError."""
    try:
        if str(path) == STANDARD_INPUT:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        if path.is_dir():
            raise UsageError(f"{path} is a directory: name its files, as in {path}/*.md")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
