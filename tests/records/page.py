"""What docs/model-records.md shows, taken out of it: tables, fenced blocks, examples of problems.

The convention of its problems: below a heading that is a code stand "Bad:" and "Good:", each with a fenced block. The
block is a part of a record and takes the place of the same part of the smallest record, by what it is:

- `yaml`: the front matter;
- `markdown` that begins with a heading: the section with this heading, or one more at the end;
- `markdown` that begins with an item of a list: its fields, each in place of that with the same label, or at the end of
  its section;
- `yaml pointsman`, or anything else with "pointsman" in it: a block at the end, fence and all.
"""

import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from alerts.records.compiling import compile_record
from alerts.records.labels import FIELDS, field_of
from alerts.records.lints.registry import problems_of

PAGE = (Path(__file__).parents[2] / "docs" / "model-records.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^(?:(?P<kind>Bad|Good):\n\n)?```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"\* \*\*([^:]+):")
_CODE = re.compile(r"`([^`]+)`")


class Example(NamedTuple):
    """A part of a record, and what is said of its fence."""

    info: str
    text: str


def examples(code: str) -> dict[str, Example]:
    """The examples of a problem by "Bad" and "Good"."""
    return {
        found["kind"]: Example(found["info"], found["text"])
        for found in _FENCE.finditer(paragraph(code))
        if found["kind"]
    }


def paragraph(title: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", _HIDDEN, _MODE)
    assert found is not None, title
    return PAGE[found.start(1) : found.end(1)]


_MODE = re.MULTILINE | re.DOTALL
# Headings inside of fenced blocks are none.
_HIDDEN = _FENCE.sub(lambda found: found[0].replace("#", " "), PAGE)


def smallest() -> str:
    """The smallest record of the page."""
    found = _FENCE.search(paragraph("The smallest record"))
    assert found is not None
    return found["text"]


def record_with(part: Example) -> str:
    """The smallest record with an example in place of the same part of it."""
    record = smallest()
    if part.info == "yaml":
        return part.text + record.split("---\n", 2)[2]
    if "pointsman" in part.info:
        return f"{record}\n```{part.info}\n{part.text}```\n"
    if part.text.startswith("#"):
        return _with_section(record, part.text)
    return _with_fields(record, part.text)


def _with_section(record: str, section: str) -> str:
    title = section.split("\n", 1)[0]
    pattern = re.compile(rf"^{re.escape(title)}\n.*?(?=^## |\Z)", _MODE)
    if pattern.search(record):
        return pattern.sub(lambda _: f"{section}\n", record)
    return f"{record}\n{section}"


def _with_fields(record: str, fields: str) -> str:
    items = re.split(r"^(?=\* )", fields, flags=re.MULTILINE)[1:]
    for label, same in groupby(items, key=_label_of):
        text = "".join(same)
        pattern = re.compile(rf"^\* \*\*{re.escape(label)}:.*?(?=^\* |^\n|\Z)", _MODE)
        if pattern.search(record):
            record = pattern.sub(text.replace("\\", r"\\"), record)
        else:
            record = _at_the_end(record, text, section_of_label(label))
    return record


def section_of_label(label: str) -> int:
    """The section in which a label is read; 7 for one that is none."""
    name = field_of(label)
    return 7 if name is None else FIELDS[name].section


def _at_the_end(record: str, text: str, section: int) -> str:
    sections = re.split(r"^(?=## )", record, flags=re.MULTILINE)
    sections[section] = f"{sections[section].rstrip()}\n{text}\n"
    return "".join(sections)


def _label_of(item: str) -> str:
    found = _LABEL.match(item)
    assert found is not None, item
    return found[1]


def table(*header: str) -> list[list[str]]:
    """The rows of every table with these column titles, a list of cells each."""
    begin = re.escape(f"| {' | '.join(header)} |")
    rows = []
    for found in re.finditer(rf"^{begin}\n\| [- |]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        rows += [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]
    return rows


def code_in(cell: str) -> str:
    """What stands between backticks; the first of several."""
    found = _CODE.search(cell)
    assert found is not None, cell
    return found[1]


def codes(part: str, info: str = "markdown") -> list[str]:
    """The problems of the smallest record with this part in it, by code."""
    return [told.code for told in problems_of(compile_record(record_with(Example(info, part)).encode()))]


def codes_with_block(part: str, block: str) -> list[str]:
    """The same, with a block as well."""
    text = record_with(Example("markdown", part))
    return [told.code for told in problems_of(compile_record(f"{text}\n```yaml pointsman\n{block}\n```\n".encode()))]
