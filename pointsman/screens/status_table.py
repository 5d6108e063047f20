"""`pointsman status` on a terminal and for programs."""

import math
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pointsman.screens.figures import NO_DATA, digits, figure, interval
from pointsman.screens.status import RouteLine, State, Status, age
from pointsman.terminal import harmless
from pointsman_contract.measures import Unit

# In the order of the columns; the quantile of times is P95.
COLUMNS: tuple[tuple[str, str, Unit], ...] = (
    ("eventual_success_rate", "success", "1"),
    ("cost_per_success", "per success", "USD"),
    ("attempt_error_rate", "errors", "1"),
    ("escalation_rate", "escalated", "1"),
    ("duration", "P95", "s"),
)
_NARROW = {
    "req/min": "req/\nmin",
    "per success": "per\nsuccess",
    "escalated": "esca-\nlated",
    "last seen": "last\nseen",
}
_STYLES: dict[State, str] = {"calm": "bold green", "attention": "bold yellow", "blind": "bold red"}


def rendered(status: Status, window: str, *, narrow: bool = False) -> RenderableType:
    """The word, the reasons, the table; where it is `narrow`, titles take two lines and leave room for names."""
    head = Text.assemble(
        (status.state, _STYLES[status.state]),
        f"  {status.now:%Y-%m-%d %H:%M:%S} UTC, last {window}, {_counted(status)}",
    )
    reasons = [Text(f"  {harmless(sentence)}") for sentence in status.sentences]
    if not status.routes:
        return Group(head, *(reasons or [Text("  no route had requests in the last 24 hours")]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("route", overflow="fold")
    for title in ("req/min", *(title for _, title, _ in COLUMNS), "last seen", "dead"):
        table.add_column(_NARROW.get(title, title) if narrow else title, justify="right", no_wrap=True)
    for line in status.routes:
        table.add_row(
            Text(harmless(line.route), style="yellow" if line.troubles else ""),
            NO_DATA if math.isnan(line.per_minute) else digits(line.per_minute),
            *(_cell(line, name, unit, narrow=narrow) for name, _, unit in COLUMNS),
            age(status.now, line.last_seen),
            figure(line.dead_share, "1"),
        )
    return Group(head, *reasons, Text(), table)


def _cell(line: RouteLine, name: str, unit: Unit, *, narrow: bool) -> str:
    """The figure, or the bounds of the cost that stand for it, on two lines where it is narrow."""
    if name != "cost_per_success" or line.cost_bounds is None:
        return figure(line.figures.get(name, math.nan), unit)
    low, high = line.cost_bounds
    # Without a success neither end is known.
    shown = figure(low, unit) if low == high else interval(low, high, unit)
    return shown.replace(" to ", "…\n") if narrow else shown


def _counted(status: Status) -> str:
    """How fresh the measures are; where nothing came since, that is no fault of theirs."""
    if status.counted_until is None:
        return "nothing is counted yet"
    newest = age(status.now, status.counted_until)
    return f"counted up to {newest} ago" if status.behind else f"all counted, the newest {newest} ago"


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
        "requests_per_minute": _finite(line.per_minute),
        **{name: _finite(value) for name, value in figures.items()},
        "cost_per_success_bounds": None if line.cost_bounds is None else [*map(_finite, line.cost_bounds)],
        "last_seen": None if line.last_seen is None else line.last_seen.isoformat(),
        "dead_letters": line.dead_letters,
        "troubles": line.troubles,
    }


def _finite(value: float) -> float | None:
    """Without the noise of floating point, far below a nano-dollar and a microsecond."""
    return round(value, 12) if math.isfinite(value) else None
