"""Price files as lines of text fields: CSV with a header, or a JSON array of objects with the same names.

Nothing is believed yet; what the fields say is read in `lines`. Every problem of a file is told at once, with its line.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.prices.lines import COLUMNS
from pointsman_contract.errors import PointsmanError

MAX_BYTES = 16 * 1024 * 1024
REQUIRED = ("model", "unit")


class FileUnreadable(PointsmanError):
    """The file cannot be read at all; the sentence says why."""


class RawLine(NamedTuple):
    """The fields of one price, by column, as text ('': not given), and where it stands."""

    place: str
    fields: Mapping[str, str]


def read_file(path: Path) -> Iterator[RawLine | str]:
    """The lines of a CSV or JSON file, or in place of one what is wrong with it. Raises FileUnreadable.

    YAML is not read: an amount without quotes would be a binary fraction there before anybody saw it.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        # Read as CSV it would be a list of unknown columns.
        raise FileUnreadable(f"{path} is YAML, which is not read: write it as CSV or JSON (docs/prices.md)")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise FileUnreadable(f"{path} has more than {MAX_BYTES // 2**20} MiB: that is no price file")
    try:
        # Spreadsheets put a byte order mark in front.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{path} is not UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise FileUnreadable(f"{path} holds NUL characters: that is no price file")
    if not text.strip():
        raise FileUnreadable(f"{path} is empty")
    is_json = path.suffix.lower() == ".json" or text.lstrip().startswith(("[", "{"))
    return _json_lines(path, text) if is_json else _csv_lines(path, text)


def _csv_lines(path: Path, text: str) -> Iterator[RawLine | str]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise FileUnreadable(f"{path}: line 1: {error}") from error
    _refuse_columns(path, header)
    return _csv_rows(reader, header)


def _csv_rows(reader: Any, header: list[str]) -> Iterator[RawLine | str]:
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            # Where one line ends is not known any more.
            yield f"line {begins}: {error}"
            return
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            yield f"line {begins}: {len(row)} fields, the header has {len(header)}"
            continue
        yield RawLine(f"line {begins}", {name: cell.strip() for name, cell in zip(header, row, strict=True)})


def _refuse_columns(path: Path, header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    told = [
        f"unknown columns: {', '.join(repr(name) for name in unknown)}" if unknown else "",
        f"missing columns: {', '.join(missing)}" if missing else "",
        f"columns that come twice: {', '.join(twice)}" if twice else "",
    ]
    if any(told):
        raise FileUnreadable(f"{path}: {'; '.join(filter(None, told))}; there are: {', '.join(COLUMNS)}")


def _json_lines(path: Path, text: str) -> Iterator[RawLine | str]:
    try:
        # Amounts exactly as they are written, and words that are no JSON numbers as themselves, to be refused later.
        items = json.loads(
            text, parse_float=Decimal, parse_int=Decimal, parse_constant=str, object_pairs_hook=_once_each
        )
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(f"{path}: {error}") from error
    if not isinstance(items, list):
        raise FileUnreadable(f"{path}: expected an array of objects, one for each price")
    return (_item(f"item {number}", item) for number, item in enumerate(items, 1))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} comes twice in one object")
    return fields


def _item(place: str, item: Any) -> RawLine | str:
    if not isinstance(item, dict):
        return f"{place}: expected an object"
    unknown = [name for name in item if name not in COLUMNS]
    if unknown:
        return f"{place}: unknown names: {', '.join(map(repr, unknown))}; there are: {', '.join(COLUMNS)}"
    wrong = [name for name, value in item.items() if not (value is None or isinstance(value, (str, Decimal)))]
    if wrong:
        return f"{place}: {', '.join(wrong)}: expected text or a number"
    return RawLine(place, {name: _as_text(value).strip() for name, value in item.items()})


def _as_text(value: str | Decimal | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    # 1e300 spelled out would be long, and is refused in either spelling.
    return f"{value:f}" if abs(value.adjusted()) < 40 else str(value)
