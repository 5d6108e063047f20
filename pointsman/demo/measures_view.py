"""Measures as the demo shows them: a line for each route with its models below, while they grow and at the end."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pointsman.demo.measured import Group, Line, Measured
from pointsman.screens.figures import NO_DATA, figure
from pointsman.screens.rows import cell_of
from pointsman.screens.status import age
from pointsman.terminal import harmless, print_table

# Measures that stand for themselves, and their titles; two lines each, to leave room for names.
_COLUMNS = (
    ("cost_per_success", "cost per\nsuccess"),
    ("", "outcome\nknown"),
    ("escalation_rate", "esca-\nlated"),
    ("tokenizer_compression", "chars/\ntoken"),
    ("ttft", "TTFT\nP95"),
)
_MOST_TASK_CLASSES = 5


def measures_table(title: str, groups: Sequence[Group], *, most_lines: int | None = None) -> Table:
    """A line for each group, and for each model below it; only the groups where all of it has more than `most_lines`.

    A group of one model stands in one line with it. What is not known is a dash.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", expand=most_lines is not None)
    # A line that breaks would move all below it while they are watched.
    how: dict[str, Any] = {"overflow": "fold"} if most_lines is None else {
        "no_wrap": True, "overflow": "ellipsis", "ratio": 1,
    }  # fmt: skip
    table.add_column(f"{title},\n  model", **how)
    table.add_column("\nrequests", justify="right", no_wrap=True)
    for _, name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, line in _fitting(groups, most_lines):
        cells = [cell_of(line.figures.get(measure)) if measure else _known(line) for measure, _ in _COLUMNS]
        table.add_row(Text(name), f"{line.requests:,.0f}", *cells)
    return table


def _fitting(groups: Sequence[Group], most: int | None) -> Sequence[tuple[str, Line]]:
    lines = [line for group in groups for line in _lines(group)]
    if most is not None and len(lines) > most:
        return [(_name(group), group.whole) for group in groups][:most]
    return lines


def _lines(group: Group) -> Iterator[tuple[str, Line]]:
    yield _name(group), group.whole
    if len(group.models) > 1:
        yield from ((f"  {harmless(line.name)}", line) for line in group.models)


def _name(group: Group) -> str:
    alone = f": {group.models[0].name}" if len(group.models) == 1 else ""
    return harmless(f"{group.whole.name}{alone}")


def _known(line: Line) -> str:
    """The coverage of the cost per success; where nothing has a price, the share of outcomes that are known."""
    of = [line.figures.get(name) for name in ("cost_per_success", "eventual_success_rate")]
    return next((shown for row in of if row and (shown := figure(row.coverage, "1", no_data=""))), NO_DATA)


def how_far(measured: Measured, stored: int) -> str:
    """How far the rollups are, behind what is stored."""
    if measured.now is None or measured.until is None:
        return "nothing is counted yet"
    if measured.counted == stored:
        return f"all {stored:,} stored requests are counted"
    return f"{measured.counted:,} of {stored:,} stored requests counted, up to {age(measured.now, measured.until)} ago"


def measures_line(measured: Measured) -> str:
    """For a log: how much is counted, and what a success costs where that is known."""
    told = [f"{measured.counted:,} counted"]
    for group in measured.routes:
        cost = cell_of(group.whole.figures.get("cost_per_success"))
        if cost != NO_DATA:
            escalated = cell_of(group.whole.figures.get("escalation_rate"))
            told.append(
                f"{harmless(group.whole.name)}: {cost} per success ({_known(group.whole)} known), {escalated} escalated"
            )
    return "; ".join(told)


def print_measures(console: Console, routes: Sequence[Group], task_classes: Sequence[Group]) -> None:
    """The final tables: by route, and by task class where a route has several."""
    console.print("\n[bold]The measures[/], from the rollups alone")
    print_table(measures_table("route", routes))
    if len(task_classes) > len(routes):
        shown = [group for group in task_classes if len(group.models) > 1][:_MOST_TASK_CLASSES]
        console.print(f"\nof {len(task_classes)} task classes, the {len(shown)} busiest with several models:")
        print_table(measures_table("task class", shown))
