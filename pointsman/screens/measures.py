"""`pointsman measures` on a terminal.

One group: a line for each measure. Several: a line for each group, with the measures that matter most; time as an axis:
a line for each group and measure with a small plot.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pointsman.screens.figures import NO_DATA, figure, interval, sparkline, thinned
from pointsman.screens.rows import Figures
from pointsman.terminal import harmless, print_table, print_words
from pointsman_contract.measures import MEASURES


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
_QUANTILE_SHOWN = 0.95
_COVERED = 0.995
_WIDEST_PLOT, _NARROWEST_PLOT = 64, 12
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
    for row in rows:
        if row.has_data:
            table.add_row(
                harmless(row.title),
                Text(figure(row.value, row.unit), style="bold"),
                _interval_of(row),
                f"{row.count:,.0f}",
                figure(row.coverage, "1", no_data=""),
            )
    print_table(table)
    notes = [f"{row.title}: {_note(row)}" for row in rows if row.has_data and _note(row)]
    if notes:
        print_words("\n" + "\n".join(map(harmless, notes)))
    without = dict.fromkeys(row.measure for row in rows if not row.has_data)
    if without:
        print_words(f"\nno data: {', '.join(without)}")


def print_groups(rows: Sequence[Figures], by: Sequence[str], only: Sequence[str]) -> None:
    """A line for each group, the largest first. `only` are the measures that were asked for; else headlines."""
    found: dict[tuple[str, ...], dict[tuple[str, float | None], Figures]] = defaultdict(dict)
    for row in rows:
        if not row.part:
            found[row.group][row.measure, row.quantile] = row
    columns = _columns(rows, only, room=_room_beside(list(found), by))
    table = _table()
    for name in by:
        table.add_column(name, overflow="fold")
    size_of = "requests" if any(row.measure == _OF_REQUESTS for row in rows) else "attempts"
    titles = [
        size_of,
        *(column.title for column in columns),
        *(["95 % interval", "known"] if len(columns) == 1 else []),
    ]
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    sizes = {group: _size(of.values()) for group, of in found.items()}
    for group, size in sorted(sizes.items(), key=lambda one: -one[1]):
        cells = [found[group].get((column.measure, column.quantile)) for column in columns]
        names = [harmless(value) or NO_DATA for value in group]
        figures = [
            _coverage_of(row) if column.is_coverage else cell_of(row)
            for column, row in zip(columns, cells, strict=True)
        ]
        table.add_row(*names, f"{size:,.0f}", *figures, *(_extra(cells[0]) if len(columns) == 1 else ()))
    print_table(table)


def print_over_time(
    rows: Sequence[Figures], by: Sequence[str], buckets: Sequence[datetime], *, quantiles: Sequence[float] = ()
) -> None:
    """A line for each group and measure: a small plot over the buckets, the ends of its range, and the last value.

    Buckets without data are gaps in the plot. Of times P95 alone, or these `quantiles`.
    """
    lines: dict[tuple[tuple[str, ...], str], dict[datetime | None, Figures]] = defaultdict(dict)
    for row in rows:
        if not math.isnan(row.value) and row.quantile in (None, *(quantiles or (_QUANTILE_SHOWN,))):
            lines[row.group, row.title][row.bucket] = row
    texts = []
    for (group, title), at in lines.items():
        values = [at[bucket].value if bucket in at else math.nan for bucket in buckets]
        known = [value for value in values if math.isfinite(value)]
        unit = next(iter(at.values())).unit
        ends = [figure(value, unit).removesuffix(" chars/token") for value in (min(known), max(known), known[-1])]
        texts.append(([*(harmless(value) or NO_DATA for value in group), harmless(title)], values, ends))
    table = _table()
    for name in (*by, "measure"):
        table.add_column(name, no_wrap=True)
    taken = sum(
        2 + max(map(len, column))
        for column in zip((*by, "measure", "lowest", "highest", "last"), *(n + e for n, _, e in texts), strict=True)
    )
    room = max(_NARROWEST_PLOT, min(_WIDEST_PLOT, Console().width - taken))
    span = f"{buckets[0]:%m-%d %H:%M} to {buckets[-1]:%m-%d %H:%M}" if buckets else ""
    table.add_column(span if len(span) <= room else "over time", no_wrap=True)
    for name in ("lowest", "highest", "last"):
        table.add_column(name, justify="right", no_wrap=True)
    for names, values, ends in texts:
        table.add_row(*names, Text(sparkline(thinned(values, room)), style="cyan"), *ends)
    print_table(table)


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _room_beside(groups: Sequence[Sequence[str]], by: Sequence[str]) -> float:
    """How many characters a terminal has for measures, beside names that are not too long, and the size."""
    console = Console()
    if not console.is_terminal:
        return math.inf
    widths = [max(map(len, [name, *(harmless(group[place]) for group in groups)])) for place, name in enumerate(by)]
    return console.width - sum(min(width, _LONG_NAME) + 2 for width in widths) - len("requests")


def _columns(rows: Sequence[Figures], only: Sequence[str], room: float) -> list[Column]:
    if only:
        return [
            Column(name, f"{name} P95", _QUANTILE_SHOWN) if MEASURES[name].has_quantiles else Column(name, name)
            for name in only
            if any(row.measure == name for row in rows)
        ]
    known = {row.measure for row in rows if row.has_data}
    columns: list[Column] = []
    for column in HEADLINES:
        if column.measure in known or column.is_coverage:
            room -= 2 + max(len(column.title), 5 if column.is_coverage else _FIGURE)
            if room < 0 and len(columns) >= _AT_LEAST:
                break
            columns.append(column)
    return columns


def _size(rows: Collection[Figures]) -> float:
    """Requests of a group where one of its measures counts all of them, else attempts."""
    requests = [row.count for row in rows if row.measure == _OF_REQUESTS]
    return max(requests or [row.count for row in rows], default=0.0)


def cell_of(row: Figures | None) -> str:
    """The value, the bounds where they stand for it, or a dash; no unit where the title says it."""
    if row is None or not row.has_data:
        return NO_DATA
    if math.isnan(row.value) and row.bound_low != row.bound_high:
        return interval(row.bound_low, row.bound_high, row.unit)
    # Without a success both bounds have no end.
    return figure(row.bound_low if math.isnan(row.value) else row.value, row.unit).removesuffix(" chars/token")


def _coverage_of(row: Figures | None) -> str:
    return NO_DATA if row is None else figure(row.coverage, "1")


def _extra(row: Figures | None) -> tuple[str, str]:
    """The interval and the coverage."""
    return ("", "") if row is None else (interval(row.low, row.high, row.unit), figure(row.coverage, "1", no_data=""))


def _interval_of(row: Figures) -> str:
    """Without a unit that is a word: the value beside it has it."""
    shown = interval(row.low, row.high, row.unit)
    return shown if row.unit == "s" else shown.removesuffix(f" {row.unit}")


def _note(row: Figures) -> str:
    bounds = ""
    if not math.isnan(row.bound_low) and row.coverage < _COVERED:
        between = interval(row.bound_low, row.bound_high, row.unit).replace(" to ", " and ")
        bounds = f"between {between} once every outcome is known"
    return "; ".join(filter(None, (bounds, row.note)))
