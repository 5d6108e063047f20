"""Tables: what of their rows and columns is a field, and whose figures stand there. Never the baseline's."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from alerts.records.labels import FIELDS, FieldName, own_field_of
from alerts.records.markdown import Piece
from alerts.records.models import names
from alerts.records.parts import Entry
from alerts.records.passages import Passage, Place, without_markup
from alerts.records.problem import Problem, problem

_PLAN = 7
_FIGURES = (3, 6)
_CANDIDATE = re.compile(r"\bcandidate\b", re.IGNORECASE)
_BASELINE = re.compile(r"\b(?:baseline|control)\b", re.IGNORECASE)
# Above columns of the plan that are parts of a step or a trigger each.
_OF_A_STEP = {"stage", "step", "phase", "share", "traffic", "weight", "time", "duration", "kind"}
_OF_A_TRIGGER = {"trigger", "measure", "metric", "condition", "limit", "threshold", "operator", "signal", "value"}


class Models(NamedTuple):
    """The names of the front matter; empty where they could not be read."""

    candidate: str = ""
    baseline: str = ""

    def is_candidate(self, text: str) -> bool:
        """Whether a header or the beginning of a row says so."""
        return not self.is_baseline(text) and (_CANDIDATE.search(text) is not None or names(text, self.candidate))

    def is_baseline(self, text: str) -> bool:
        """The same for the other one."""
        return _BASELINE.search(text) is not None or names(text, self.baseline)


class Row(NamedTuple):
    """Its cells by column; empty ones are not there."""

    line: int
    cells: dict[int, Passage]


class Table(NamedTuple):
    """A table as rows."""

    headers: dict[int, Passage]
    rows: list[Row]
    columns: int

    @property
    def place(self) -> Place:
        """Where it begins."""
        first = min(self.headers) if self.headers else None
        if first is not None:
            return self.headers[first].place(0)
        return min(cell.place(0) for row in self.rows for cell in row.cells.values())


def table_of(pieces: Iterable[Piece]) -> Table:
    """The rows of one table."""
    headers: dict[int, Passage] = {}
    rows: dict[int, dict[int, Passage]] = {}
    for piece in pieces:
        cells = headers if piece.is_header else rows.setdefault(piece.lines[0][1].line, {})
        cells[piece.cell] = without_markup(piece.passage)
    columns = max((column for cells in (headers, *rows.values()) for column in cells), default=-1) + 1
    return Table(headers, [Row(line, cells) for line, cells in rows.items()], columns)


def labels_in_rows(table: Table, section: int) -> dict[int, FieldName]:
    """The rows, by line, that begin with a label of this section; none where a column has one."""
    if any(own_field_of(header.text, section) for header in table.headers.values()):
        return {}
    found = {row.line: own_field_of(row.cells[0].text, section) for row in table.rows if 0 in row.cells}
    return {line: name for line, name in found.items() if name is not None}


def entries_of_row(row: Row, table: Table, name: FieldName, models: Models) -> tuple[list[Entry], list[Problem]]:
    """The field of a row that begins with its label, and texts for what else stands there."""
    label, *_ = FIELDS[name].labels
    whole = row.cells[0]
    column = _own_column(table, models)
    if column is None:
        told = f'{label}: which of these columns is the candidate\'s? Head it "Candidate"; no other one is read'
        code = "figure_not_read" if FIELDS[name].section in _FIGURES else "field"
        texts = [Entry(None, cell, cell) for cell in row.cells.values()]
        return texts, [problem(code, whole.place(0), told)]
    text = row.cells.get(column, Passage.of([("", whole.place(0))]))
    others = [Entry(None, cell, cell) for at, cell in row.cells.items() if at not in (0, column)]
    return [Entry(name, text, Passage.joined([whole, text], ": ")), *others], []


def _own_column(table: Table, models: Models) -> int | None:
    """Where the candidate's own values stand: the one column of two, or the one that says so."""
    headed = {at: table.headers[at].text for at in range(1, table.columns) if at in table.headers}
    own = [at for at, text in headed.items() if models.is_candidate(text)]
    if len(own) == 1:
        return own[0]
    return 1 if table.columns <= 2 and not models.is_baseline(headed.get(1, "")) else None


def rows_of_others(table: Table, section: int, models: Models) -> set[int]:
    """The lines of rows of figures that are another model's, in a table with a field in each column."""
    if section not in _FIGURES or (0 in table.headers and own_field_of(table.headers[0].text, section)):
        return set()
    first = {row.line: row.cells[0].text for row in table.rows if 0 in row.cells}
    own = {line for line, text in first.items() if models.is_candidate(text)}
    if len(own) == 1:
        return {row.line for row in table.rows} - own
    return {line for line, text in first.items() if models.is_baseline(text)}


def unread_columns(table: Table, section: int, *, below: FieldName | None) -> Problem | None:
    """Of a table in the plan with parts of a step or a trigger in each column: none of it is read, which is told once.

    `below` is the field that it stands below.
    """
    headers = [header.text.strip().casefold().rstrip("s") for header in table.headers.values()]
    if section != _PLAN or table.columns < 2 or any(own_field_of(text, section) for text in headers):
        return None
    is_step = below == "rollout_strategy" or (below is None and sum(text in _OF_A_STEP for text in headers) > 1)
    is_trigger = below == "rollback_trigger" or (below is None and sum(text in _OF_A_TRIGGER for text in headers) > 1)
    if not is_step and not is_trigger:
        return None
    what, such_as = ("steps", "canary 10% for 3 days") if is_step else ("triggers", "error rate > 1%")
    told = f"{what} are not read from several columns: write a sentence for each, such as {such_as}"
    return problem("not_understood", table.place, told)
