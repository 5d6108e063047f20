"""`pointsman measures` on a terminal.

One group: a line for each measure. Several: a line for each group, with the measures that matter most.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pointsman.screens.figures import NO_DATA, figure, interval
from pointsman.screens.notes import print_contradictions, print_notes, print_unpriced
from pointsman.screens.rows import Figures, cell_of
from pointsman.terminal import harmless, is_narrow, print_table, print_words
from pointsman.wording import counted


class Column(NamedTuple):
    """A measure as a column, or its coverage."""

    measure: str
    title: str
    quantile: float | None = None
    is_coverage: bool = False


# What a line for each group shows: on a narrow terminal the first of them.
HEADLINES = (
    Column("eventual_success_rate", "success"),
    Column("eventual_success_rate", "known", is_coverage=True),
    Column("cost_per_success", "per success"),
    Column("escalation_rate", "escalated"),
    Column("attempt_error_rate", "errors"),
    Column("duration", "P95", 0.95),
    Column("ttft", "TTFT P95", 0.95),
    Column("first_attempt_schema_adherence", "schema"),
    Column("tokenizer_compression", "chars/token"),
    Column("spend", "spend"),
    Column("attempt_spend", "model spend"),
)
# A figure's usual width; how many columns a narrow terminal gets, and when a name gives way to them.
_FIGURE = 7
_AT_LEAST = 3
_LONG_NAME = 30
# Its count is all requests of the group.
_OF_REQUESTS = "escalation_rate"


def print_one_group(rows: Sequence[Figures]) -> None:
    """A line for each measure that has data: value, interval, count, coverage; the others are named below."""
    table = _table()
    table.add_column("measure", overflow="fold")
    for name in ("value", "95 % interval", "of", "known"):
        table.add_column(name, justify="right", no_wrap=True)
    narrow = is_narrow()
    for row in rows:
        if row.has_data:
            table.add_row(
                harmless(row.title),
                Text(_value_of(row, narrow=narrow), style="bold"),
                _interval_of(row),
                f"{row.count:,.0f}",
                figure(row.coverage, "1", no_data=""),
            )
    print_table(table)
    print_notes(rows, most=len(rows), has_bounds=False)
    known = {row.measure for row in rows if row.has_data}
    without = dict.fromkeys(row.title if row.measure in known else row.measure for row in rows if not row.has_data)
    if without:
        print_words(f"\nno data: {', '.join(without)}")
    print_contradictions(rows)


def print_groups(rows: Sequence[Figures], by: Sequence[str]) -> None:
    """A line for each group, the largest first, with the headlines for which there is room."""
    found: dict[tuple[str, ...], dict[tuple[str, float | None], Figures]] = defaultdict(dict)
    for row in rows:
        found[row.group][row.measure, row.quantile] = row
    columns = _columns(rows)
    shown = _fitting(columns, room=_room_beside(list(found), by))
    table = _table()
    for name in by:
        table.add_column(name, overflow="fold")
    size_of = "requests" if any(row.measure == _OF_REQUESTS for row in rows) else "attempts"
    for title in [size_of, *(column.title for column in shown)]:
        table.add_column(title, justify="right", no_wrap=True)
    sizes = {group: _size(of.values()) for group, of in found.items()}
    for group, size in sorted(sizes.items(), key=lambda one: -one[1]):
        cells = [found[group].get((column.measure, column.quantile)) for column in shown]
        names = [harmless(value) or NO_DATA for value in group]
        figures = [
            _coverage_of(row) if column.is_coverage else cell_of(row) for column, row in zip(shown, cells, strict=True)
        ]
        table.add_row(*names, f"{size:,.0f}", *figures)
    print_table(table)
    if left := [column.title for column in columns[len(shown) :] if not column.is_coverage]:
        more = counted(len(left), "more measure")
        print_words(f"… {more} {'fits' if len(left) == 1 else 'fit'} a wider terminal: --json has all")
    print_unpriced(rows)
    print_contradictions(rows)


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _room_beside(groups: Sequence[Sequence[str]], by: Sequence[str]) -> float:
    """How many characters a terminal has for measures, beside names that are not too long, and the size."""
    console = Console()
    if not console.is_terminal:
        return math.inf
    widths = [max(map(len, [name, *(harmless(group[place]) for group in groups)])) for place, name in enumerate(by)]
    return console.width - sum(min(width, _LONG_NAME) + 2 for width in widths) - len("requests")


def _columns(rows: Sequence[Figures]) -> list[Column]:
    """The headlines of which there is data."""
    known = {row.measure for row in rows if row.has_data}
    covered = {row.measure for row in rows if not math.isnan(row.coverage)}
    return [column for column in HEADLINES if column.measure in (covered if column.is_coverage else known)]


def _fitting(columns: Sequence[Column], room: float) -> list[Column]:
    """The first of them, as many as there is room for."""
    fitting: list[Column] = []
    for column in columns:
        room -= 2 + max(len(column.title), 5 if column.is_coverage else _FIGURE)
        if room < 0 and len(fitting) >= _AT_LEAST:
            break
        fitting.append(column)
    return fitting


def _size(rows: Collection[Figures]) -> float:
    """Requests of a group where one of its measures counts all of them, else attempts."""
    counts = [row for row in rows if not math.isnan(row.count)]
    requests = [row.count for row in counts if row.measure == _OF_REQUESTS]
    return max(requests or [row.count for row in counts], default=0.0)


def _coverage_of(row: Figures | None) -> str:
    return NO_DATA if row is None else figure(row.coverage, "1")


def _value_of(row: Figures, *, narrow: bool) -> str:
    """Without a unit that is a word where names need the room: they say it."""
    shown = figure(row.value, row.unit)
    return shown.removesuffix(f" {row.unit}") if narrow and row.unit != "s" else shown


def _interval_of(row: Figures) -> str:
    """Without a unit that is a word: the value beside it has it."""
    shown = interval(row.low, row.high, row.unit)
    return shown if row.unit == "s" else shown.removesuffix(f" {row.unit}")
