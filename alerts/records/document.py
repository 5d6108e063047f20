"""A record's Markdown as seven sections with labelled fields, its front matter and its block: found, not understood."""

import re
from itertools import groupby

from alerts.records.comments import without_comments
from alerts.records.labelling import is_bold_title, labelled, split_at_labels
from alerts.records.labels import (
    FIELDS,
    TITLES,
    FieldName,
    almost_field,
    field_of,
    own_field_of,
    section_of,
    setting_of,
)
from alerts.records.markdown import Piece, pieces_of
from alerts.records.parts import Document, Entry, Section
from alerts.records.passages import Passage, Place, without_markup
from alerts.records.problem import problem
from alerts.records.tables import Models, entries_of_row, labels_in_rows, rows_of_others, table_of, unread_columns
from alerts.records.yaml_values import YamlText, read_yaml

MAX_BYTES = 256 * 1024
# Of a paragraph: what is matched on it stays quick.
LONGEST_TEXT = 10_000
_FENCE_LINE = re.compile(r"-{3,}\s*")
_BLOCK = re.compile(r"ya?ml\s+pointsman")
_PLAN = 7
_PLANNED = {name for name, known in FIELDS.items() if known.section == _PLAN}
_DEFINITION = re.compile(r"\s*\[[^\[\]]*\]:")
_TAG = re.compile(r"<(?!br\s{0,3}/?>)[/!?]?[a-zA-Z\[][^<>]{0,200}>?", re.IGNORECASE)
# Above a column of a table in the plan.
_COLUMNS = {"trigger", "triggers", "condition", "conditions", "step", "steps", "stage", "stages"}


def read_document(content: str) -> Document:
    """The parts of a record. `content` has no characters that nobody sees (`reading.py` refuses them)."""
    document = Document()
    body = _front_matter(content, document)
    body, wrong = without_comments(body)
    for at, told in wrong:
        place = Place(body.count("\n", 0, at) + 1, at - body.rfind("\n", 0, at))
        document.problems.append(problem("unclosed_comment", place, told))
    _Builder(document, _models(document)).build(pieces_of(body))
    return document


def _models(document: Document) -> Models:
    """Whose values stand in a table is said by these names."""
    value = read_yaml(document.front_matter)[0] if document.front_matter is not None else None
    keys = value.data if value is not None and isinstance(value.data, dict) else {}
    named = {key: one.data.strip() for key, one in keys.items() if isinstance(one.data, str)}
    return Models(named.get("candidate", ""), named.get("baseline", ""))


def _front_matter(content: str, document: Document) -> str:
    """Take the YAML between two lines of dashes off the beginning; its lines stay, empty: the others keep theirs."""
    lines = content.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None or not _FENCE_LINE.fullmatch(lines[first]):
        told = (
            "no front matter: a record begins with a line ---, then id, route, candidate, baseline and owner, then ---"
        )
        document.problems.append(problem("front_matter", Place((first or 0) + 1, 1), told))
        return content
    last = next((at for at in range(first + 1, len(lines)) if _FENCE_LINE.fullmatch(lines[at])), None)
    if last is None:
        told = "the front matter that begins here has no end: a line ---"
        document.problems.append(problem("front_matter", Place(first + 1, 1), told))
        return ""
    inside = lines[first + 1 : last]
    document.front_matter = YamlText(
        "\n".join(inside), tuple(Place(first + 2 + at, 1) for at in range(len(inside) or 1))
    )
    return "\n".join([*([""] * (last + 1)), *lines[last + 1 :]])


class _Builder:
    """Puts pieces into sections, and below the entries that they belong to."""

    def __init__(self, document: Document, models: Models) -> None:
        self._document = document
        self._models = models
        self._section: Section | None = None
        self._level = 6
        # Entries that may get children, each with its depth; a heading inside of a section has depth -1.
        self._open: list[tuple[int, Entry]] = []

    def build(self, pieces: list[Piece]) -> None:
        for table, group in groupby(pieces, key=lambda piece: piece.table):
            short = [piece for piece in group if self._is_short(piece)]
            if table and short:
                self._table(short)
                continue
            for piece in short:
                self._piece(piece)

    def _is_short(self, piece: Piece) -> bool:
        if piece.kind != "text" or len(piece.passage.text) <= LONGEST_TEXT:
            return True
        told = f"a text of more than {LONGEST_TEXT:,} characters without an empty line"
        self._document.problems.append(problem("too_large", piece.lines[0][1], told))
        return False

    def _piece(self, piece: Piece) -> None:
        if piece.kind == "heading":
            self._heading(piece.passage, piece.level)
        elif piece.kind == "fence":
            self._fence(piece)
        elif piece.kind == "lost":
            told = "a list this far inside of others is not read: write it further out"
            self._document.problems.append(problem("too_large", piece.lines[0][1], told))
        elif piece.depth == 0 and is_bold_title(piece):
            self._heading(piece.passage, self._level)
        else:
            for part in split_at_labels(piece):
                self._text(part)

    def _heading(self, passage: Passage, level: int) -> None:
        plain = without_markup(passage).text
        read = section_of(plain)
        inside = self._section is not None and self._section.number and level > self._level
        # "Problem Statement" inside of section 1 is a part of it.
        is_part = self._section is not None and read.number in (None, self._section.number)
        if inside and is_part and self._section is not None:
            # A heading inside of a section is a label for what follows.
            label, text = labelled(without_markup(passage))
            name = self._field(plain.strip() if field_of(plain) else label or plain.strip(), passage)
            entry = Entry(name, Passage.of([("", passage.place(0))]) if field_of(plain) else text, passage)
            self._section.entries.append(entry)
            self._open = [(-1, entry)]
            return
        if read.almost is not None:
            told = f'"{plain.strip()}" is almost "{read.almost}": write that, or something that is less like it'
            self._document.problems.append(problem("section", passage.place(0), told))
        elif read.number is None:
            self._check_title(plain, passage)
        self._section = Section(read.number or 0, plain.strip(), passage.place(0))
        self._open = []
        if read.number is None:
            self._document.others.append(self._section)
            return
        self._level = level
        if read.number in self._document.sections:
            told = f"section {read.number}, {TITLES[read.number][0]}, comes twice"
            self._document.problems.append(problem("section", passage.place(0), told))
            self._section = self._document.sections[read.number]
            return
        self._document.sections[read.number] = self._section

    def _check_title(self, plain: str, passage: Passage) -> None:
        """A label of the plan as a title of its own would take what stands below it out of the plan."""
        label = labelled(without_markup(passage))[0] or plain.strip()
        name = field_of(label)
        if name in _PLANNED or (name is None and almost_field(label, _PLAN) is not None):
            told = f'"{label}" is read in section 7, below its heading, as a label or a smaller heading'
            self._document.problems.append(problem("section", passage.place(0), told))

    def _fence(self, piece: Piece) -> None:
        info = piece.info.casefold()
        place = piece.lines[0][1]
        opening = Place(max(place.line - 1, 1), 1)
        if _BLOCK.fullmatch(info):
            if self._document.block is not None:
                told = "a second block: one `yaml pointsman` block holds all that prose cannot say"
                self._document.problems.append(problem("block", opening, told))
                return
            text = "\n".join(line for line, _ in piece.lines)
            self._document.block = YamlText(text, tuple(place for _, place in piece.lines))
        elif "pointsman" in info:
            told = f'"{piece.info}": a block that is to be read begins with ```yaml pointsman'
            self._document.problems.append(problem("block", opening, told))
        elif self._section is not None and self._section.number == _PLAN:
            told = "a block of code in the plan is read by nobody: write sentences, or ```yaml pointsman"
            self._document.problems.append(problem("block", opening, told))

    def _in_section(self) -> Section:
        if self._section is None:
            self._section = Section(0, "", Place(1, 1))
            self._document.others.append(self._section)
        return self._section

    def _text(self, piece: Piece) -> None:
        section = self._in_section()
        if section.number == _PLAN:
            self._check_plan(piece)
        if piece.is_header and (section.number != _PLAN or _leads_column(piece.passage)):
            return
        self._append(piece.depth, self._entry(piece))

    def _append(self, depth: int, entry: Entry) -> None:
        while self._open and self._open[-1][0] >= depth:
            self._open.pop()
        siblings = self._open[-1][1].children if self._open else self._in_section().entries
        siblings.append(entry)
        self._open.append((depth, entry))

    def _table(self, pieces: list[Piece]) -> None:
        section, table, depth = self._in_section(), table_of(pieces), pieces[0].depth
        field = next((entry for at, entry in self._open[::-1] if at < depth and entry.label is not None), None)
        unread = unread_columns(table, section.number, below=field.label if field is not None else None)
        if unread is not None:
            self._document.problems.append(unread)
            if field is not None:
                field.is_told = True
            return
        labelled = labels_in_rows(table, section.number)
        others = rows_of_others(table, section.number, self._models)
        rows = {row.line: row for row in table.rows}
        for piece in pieces:
            line = piece.lines[0][1].line
            if piece.is_header or (line not in labelled and line not in others):
                self._text(piece)
                continue
            if section.number == _PLAN:
                self._check_plan(piece)
            if line in others:
                plain = without_markup(piece.passage)
                self._append(depth, Entry(None, plain, plain))
            elif piece.cell == 0:
                entries, wrong = entries_of_row(rows[line], table, labelled[line], self._models)
                self._document.problems += wrong
                for entry in entries:
                    self._append(depth, entry)

    def _check_plan(self, piece: Piece) -> None:
        """What shows on some pages and not on others, or reads otherwise than it is written."""
        for line, place in piece.lines:
            if piece.is_quoted:
                told = 'a line that begins with ">" is a quotation: write "above", or keep it in the line before'
            elif _DEFINITION.match(line):
                told = "a definition of a link, which no page shows"
            elif (tag := _TAG.search(line)) is not None:
                told = f"{tag[0]}: HTML in the plan, which pages may hide or show: write it without"
            else:
                continue
            self._document.problems.append(problem("not_understood", place, told))
            return

    def _entry(self, piece: Piece) -> Entry:
        passage = without_markup(piece.passage)
        if piece.column_header is not None:
            name = self._field(piece.column_header.text.strip(), piece.column_header)
            return Entry(name, passage, passage)
        label, text = labelled(passage)
        name = self._field(label, passage)
        return Entry(name, text, passage) if name is not None else Entry(None, passage, passage)

    def _field(self, label: str, passage: Passage) -> FieldName | None:
        """The field of a label that stands here. One of the plan counts elsewhere too, where it is told to be wrong."""
        name = field_of(label) if label else None
        number = self._section.number if self._section is not None else 0
        if name is None and number == _PLAN and (key := setting_of(label)) is not None:
            told = (
                f'"{label}" is a setting, which counts in the block alone: ```yaml pointsman, then {key}: and its value'
            )
            self._document.problems.append(problem("unlabelled", passage.place(0), told))
            return None
        if name is None:
            close = almost_field(label, number) if label and number else None
            if close is not None:
                told = f'"{label}" is almost "{close}": write that, or something that is less like it'
                if "(" in label:
                    told = f'"{label}": what stands in parentheses might say when it holds; say that in the block'
                self._document.problems.append(problem("field", passage.place(0), told))
            return None
        if FIELDS[name].section == _PLAN and number != _PLAN:
            told = f'"{label}" is read in section 7, {TITLES[_PLAN][0]}, alone'
            self._document.problems.append(problem("field", passage.place(0), told))
            return name
        return own_field_of(label, number)


def _leads_column(header: Passage) -> bool:
    """Whether it says what the cells below it are, and nothing else."""
    plain = without_markup(header).text.strip()
    return own_field_of(plain, _PLAN) is not None or plain.casefold() in _COLUMNS
