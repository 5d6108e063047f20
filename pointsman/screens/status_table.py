"""`pointsman status` on a terminal and for programs."""

import math
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pointsman.screens.figures import digits, figure
from pointsman.screens.status import RouteLine, State, Status, age
from pointsman.terminal import harmless, print_table
from pointsman_contract.measures import Unit

# In the order of the columns; the quantile of times is P95.
COLUMNS: tuple[tuple[str, str, Unit], ...] = (
    ("eventual_success_rate", "success", "1"),
    ("cost_per_success", "per success", "USD"),
    ("attempt_error_rate", "errors", "1"),
    ("escalation_rate", "escalated", "1"),
    ("duration", "P95", "s"),
)
# Narrower terminals show no age and no share of dead letters; what is wrong with them is a sentence above.
_ROOMY = 96
_STYLES: dict[State, str] = {"calm": "bold green", "attention": "bold yellow", "blind": "bold red"}


def rendered(status: Status, window: str, width: int) -> RenderableType:
    """The word, the reasons, the table, for a terminal of this width."""
    return Group(*_head(status, window), Text(), _table(status, is_narrow=width < _ROOMY))


def print_status(status: Status, window: str) -> None:
    """The same once; to a pipe or a file in whole lines."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(*_head(status, window), sep="\n")
    if status.routes:
        console.print()
        print_table(_table(status, is_narrow=console.is_terminal and console.width < _ROOMY))


def _head(status: Status, window: str) -> list[Text]:
    counted = "nothing is counted yet"
    if status.counted_until is not None:
        counted = f"counted up to {age(status.now, status.counted_until)} ago"
    head = Text.assemble(
        (status.state, _STYLES[status.state]), f"  {status.now:%Y-%m-%d %H:%M:%S} UTC, last {window}, {counted}"
    )
    reasons = [Text(f"  {harmless(sentence)}") for sentence in status.sentences]
    if not status.routes:
        hint = f"; other environments: --environment {', '.join(map(harmless, status.others))}" if status.others else ""
        reasons.append(Text(f"  no route had requests in the last 24 hours{hint}"))
    return [head, *reasons]


def _table(status: Status, *, is_narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("route", overflow="fold")
    for title in ("req/min", *(title for _, title, _ in COLUMNS)):
        table.add_column(title, justify="right", no_wrap=True)
    for title in () if is_narrow else ("last seen", "dead letters"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in status.routes:
        more = () if is_narrow else (age(status.now, line.last_seen), figure(line.dead_share, "1"))
        table.add_row(
            Text(harmless(line.route), style="yellow" if line.troubles else ""),
            digits(line.per_minute),
            *(figure(line.figures.get(name, math.nan), unit) for name, _, unit in COLUMNS),
            *more,
        )
    return table


def plain(status: Status) -> dict[str, Any]:
    """For programs: what is not known is null."""
    return {
        "state": status.state,
        "sentences": list(status.sentences),
        "at": status.now.isoformat(),
        "counted_until": None if status.counted_until is None else status.counted_until.isoformat(),
        "routes": [_plain(line) for line in status.routes],
    }


def _plain(line: RouteLine) -> dict[str, Any]:
    figures = {name: line.figures.get(name, math.nan) for name, _, _ in COLUMNS}
    return {
        "route": line.route,
        "requests": line.requests,
        "requests_per_minute": line.per_minute,
        **{name: value if math.isfinite(value) else None for name, value in figures.items()},
        "last_seen": None if line.last_seen is None else line.last_seen.isoformat(),
        "dead_letters": line.dead_letters,
        "troubles": line.troubles,
    }
