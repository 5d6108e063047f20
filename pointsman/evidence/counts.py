"""Counts of a rate from a CSV file: one look a line, how many requests it had and how many of them were bad."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from pointsman.exits import UsageError
from pointsman.wording import counted

COLUMNS = ("n", "bad")
# A look of one second for more than five days; longer ones are summed first.
MOST_LOOKS = 500_000
_TOLD = 5
_LONGEST_LINE = 10_000

Look = tuple[int, int]


def read_counts(path: Path) -> list[Look]:
    """Every look `(n, bad)` of a file (`-`: standard input), oldest first.

    The header names the columns n and bad, among others if need be; without one there are these two. Raises UsageError
    with the first problems and their lines, and for more than 500,000 looks: nothing is read in part.
    """
    if str(path) == "-":
        return _looks(sys.stdin, "standard input")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _looks(file, str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _looks(file: TextIO, name: str) -> list[Look]:
    looks: list[Look] = []
    problems: list[str] = []
    wrong = 0
    for found in _rows(file, name):
        if isinstance(found, str):
            wrong += 1
            problems += [found] if len(problems) < _TOLD else []
        else:
            looks.append(found)
        if len(looks) > MOST_LOOKS:
            raise UsageError(f"{name} has more than {MOST_LOOKS:,} looks: sum neighbours first, which changes little")
    if wrong:
        more = f" … and {wrong - len(problems)} more" if wrong > len(problems) else ""
        raise UsageError(f"{name}: {counted(wrong, 'problem')}: {'; '.join(problems)}{more}")
    if not looks:
        raise UsageError(f"{name} holds no looks: one line for each is expected, with its n and bad")
    return looks


def _rows(file: TextIO, name: str) -> Iterator[Look | str]:
    """Each look, or in its place what is wrong with the line."""
    # A line that never ends is cut, and is then wrong.
    reader = csv.reader(iter(lambda: file.readline(_LONGEST_LINE), ""))
    places: tuple[int, int] | None = None
    columns = 0
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if places is None:
                places, is_header = _places(cells, name)
                columns = len(cells)
                if is_header:
                    continue
            if len(cells) == columns:
                yield _look(cells, places, reader.line_num)
            else:
                yield f"line {reader.line_num}: {counted(len(cells), 'field')} where the first line has {columns}"
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8 text (line {reader.line_num + 1} or later)") from error
    except csv.Error as error:
        raise UsageError(f"{name}: line {reader.line_num}: {error}") from error


def _places(cells: list[str], name: str) -> tuple[tuple[int, int], bool]:
    """Where n and bad stand, and whether this line is the header that says so."""
    if len(cells) == len(COLUMNS) and all(_is_number(cell) for cell in cells):
        return (0, 1), False
    lowered = [cell.lower() for cell in cells]
    missing = [column for column in COLUMNS if lowered.count(column) != 1]
    if missing and len(cells) == 1 and any(mark in cells[0] for mark in ";\t|"):
        raise UsageError(
            f"{name}: fields must be separated by commas, as in n,bad: the first line is {cells[0][:40]!r}"
        )
    if missing:
        raise UsageError(f"{name}: the first line must name the columns n and bad once each, or be two numbers")
    return (lowered.index("n"), lowered.index("bad")), True


def _look(cells: list[str], places: tuple[int, int], line: int) -> Look | str:
    n, bad = (cells[place] for place in places)
    for column, text in zip(COLUMNS, (n, bad), strict=True):
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            return f"line {line}: {column} must be a whole number from 0 on, not {text[:20]!r}"
    if int(bad) > int(n):
        return f"line {line}: {bad} bad of {n}"
    return int(n), int(bad)


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()
