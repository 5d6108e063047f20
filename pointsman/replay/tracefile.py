"""Files of traces: JSONL, one `pointsman.trace/1` a line.

Read line by line with a bound on the line, so that neither a long file nor a file without line ends fills the memory.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pointsman_contract.decode import Decoded, decode, encode
from pointsman_contract.errors import ContractError, DeadLetterReason, PointsmanError
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.trace import Trace

SHOWN_PROBLEMS = 5
_LINE_END = b"\r\n"
_READ_BYTES = MAX_MESSAGE_BYTES + len(_LINE_END)


class ReplayRefused(PointsmanError):
    """The file cannot be replayed as asked; nothing of it was sent unless the sentence says so."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end. `beyond` counts the bytes that follow `content` and were not kept.

    `read` counts the bytes of the file up to here.
    """

    number: int
    content: bytes
    beyond: int
    read: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole valid file holds. `unknown` counts the traces with fields or values that this version ignores."""

    traces: int
    first: datetime | None
    last: datetime | None
    unknown: int = 0

    @property
    def span(self) -> timedelta:
        """From the earliest start to the latest."""
        return self.last - self.first if self.first and self.last else timedelta(0)


def survey(path: Path, progress: Callable[[int], None] | None = None) -> Survey:
    """Validate every line. `progress` is told the bytes read so far.

    Raises ReplayRefused with the first problems, their lines, and how many there are.
    """
    traces = unknown = problems = 0
    first: datetime | None = None
    last: datetime | None = None
    shown: list[str] = []
    for line in lines_of(path):
        try:
            decoded = trace_of(line)
        except ContractError as error:
            problems += 1
            if len(shown) < SHOWN_PROBLEMS:
                shown.append(f"line {line.number:,}: {error}")
        else:
            started_at = decoded.message.started_at
            first = started_at if first is None else min(first, started_at)
            last = started_at if last is None else max(last, started_at)
            traces += 1
            unknown += decoded.unknowns is not None
        if progress is not None:
            progress(line.read)
    if problems:
        raise _refusal(path, traces, problems, shown)
    return Survey(traces, first, last, unknown)


def lines_of(path: Path) -> Iterator[Line]:
    """The lines that are not blank, numbered from 1 as an editor does."""
    try:
        with path.open("rb") as stream:
            yield from (line for line in _numbered(stream) if line.beyond or line.content.strip())
    except OSError as error:
        raise ReplayRefused(f"{path} cannot be read: {error.strerror or error}") from error


def trace_of(line: Line) -> Decoded[Trace]:
    """The trace on a line. Raises ContractError."""
    if line.beyond:
        length = len(line.content) + line.beyond
        raise ContractError(DeadLetterReason.TOO_LARGE, f"{length:,} bytes, the limit is {MAX_MESSAGE_BYTES:,}")
    return decode(Trace, line.content)


def write_traces(path: Path, traces: Iterable[Trace]) -> int:
    """Write a file of traces and count them. Under another name first: a file that is there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    count = 0
    try:
        with unfinished.open("wb") as stream:
            for trace in traces:
                stream.write(encode(trace) + b"\n")
                count += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _numbered(stream: BinaryIO) -> Iterator[Line]:
    number = read = 0
    while chunk := stream.readline(_READ_BYTES):
        number += 1
        read += len(chunk)
        beyond = 0
        tail = chunk
        while not tail.endswith(b"\n") and (tail := stream.readline(_READ_BYTES)):
            read += len(tail)
            beyond += len(tail.rstrip(_LINE_END))
        content = chunk if beyond else chunk.rstrip(_LINE_END)
        # Editors on Windows begin a file with a byte order mark, which is no JSON.
        yield Line(number, content.removeprefix(BOM_UTF8) if number == 1 else content, beyond, read)


def _refusal(path: Path, traces: int, problems: int, shown: list[str]) -> ReplayRefused:
    more = [f"and {problems - len(shown):,} more"] if problems > len(shown) else []
    verb = "breaks" if problems == 1 else "break"
    headline = f"{path}: {problems:,} of {traces + problems:,} lines {verb} the contract, nothing was sent"
    hint = [] if traces else ["a file for replay holds one JSON object a line, in UTF-8"]
    return ReplayRefused("\n  ".join([headline, *shown, *more, *hint]))
