"""`pointsman measures -m …` of several groups: a table for each measure, with all that stands beside a value."""

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from pointsman.screens.figures import NO_DATA, figure, interval
from pointsman.screens.notes import print_contradictions, print_notes
from pointsman.screens.rows import Figures, cell_of, counts_what
from pointsman.terminal import harmless, print_table, print_words

_MOST_NOTES = 10


def print_chosen(rows: Sequence[Figures], by: Sequence[str]) -> None:
    """A line for each group and part, the largest group first; of times one with all quantiles."""
    for number, measure in enumerate(dict.fromkeys(row.measure for row in rows)):
        of_it = [row for row in rows if row.measure == measure]
        print_words(f"{chr(10) if number else ''}{of_it[0].measure}")
        print_table(_table(_by_size(of_it), by))
    print_notes(rows, most=_MOST_NOTES, has_bounds=True)
    print_contradictions(rows)


def _by_size(rows: Sequence[Figures]) -> list[Figures]:
    """Groups as wholes, the largest first; within one as they came."""
    sizes: dict[tuple[str, ...], float] = {}
    for row in rows:
        sizes[row.group] = max(sizes.get(row.group, 0.0), 0.0 if math.isnan(row.count) else row.count)
    order = {group: place for place, group in enumerate(sorted(sizes, key=lambda group: -sizes[group]))}
    return sorted(rows, key=lambda row: order[row.group])


def _table(rows: Sequence[Figures], by: Sequence[str]) -> Table:
    lines: dict[tuple[tuple[str, ...], str], list[Figures]] = {}
    for row in rows:
        lines.setdefault((row.group, row.part), []).append(row)
    quantiles = sorted({row.quantile for row in rows if row.quantile is not None})
    at_quantiles: Sequence[float | None] = quantiles or [None]
    values = [f"P{100 * quantile:.0f}" for quantile in quantiles] or ["value"]
    has_parts = any(row.part for row in rows)
    is_known = any(not math.isnan(row.coverage) for row in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in [*by, *(["part"] if has_parts else [])]:
        table.add_column(name, overflow="fold")
    intervals = ["95 % interval"] if len(values) == 1 and any(_interval(row) for row in rows) else []
    for title in [counts_what(rows[0].measure), *values, *intervals, *(["known"] if is_known else [])]:
        table.add_column(title, justify="right", no_wrap=True)
    for (group, part), cells in lines.items():
        first = cells[0]
        at = {row.quantile: row for row in cells}
        table.add_row(
            *(harmless(value) or NO_DATA for value in group),
            *([harmless(part)] if has_parts else []),
            NO_DATA if math.isnan(first.count) else f"{first.count:,.0f}",
            *(Text(cell_of(at.get(quantile)), style="bold") for quantile in at_quantiles),
            *([_interval(first)] if intervals else []),
            *([figure(first.coverage, "1")] if is_known else []),
        )
    return table


def _interval(row: Figures) -> str:
    return interval(row.low, row.high, row.unit).removesuffix(f" {row.unit}" if row.unit not in ("s", "1") else "")
