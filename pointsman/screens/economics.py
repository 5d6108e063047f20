"""`pointsman measures --as economics`: what the cascade costs and achieves beside sending all to the premium route."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import typer
from rich.table import Table

from pointsman.screens.figures import NO_DATA, figure
from pointsman.terminal import harmless, print_table

_FIGURES = (
    ("escalation_rate", "escalated", "1"),
    ("first_cost", "first attempt", "USD"),
    ("escalated_extra_cost", "escalation", "USD"),
    ("observed_cost", "per request", "USD"),
    ("premium_cost", "premium cost", "USD"),
    ("saving", "saving", "USD"),
    ("quality", "success", "1"),
    ("quality_escalated", "escalated ones", "1"),
    ("premium_quality", "premium success", "1"),
)


def print_economics(rows: pd.DataFrame, by: Sequence[str]) -> None:
    """A line for each group, the largest first; costs are means for one request."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    keys = [*by, "task_class", "protocol"]
    for name in keys:
        table.add_column(name, overflow="fold")
    table.add_column("requests", justify="right", no_wrap=True)
    for _, title, _ in _FIGURES:
        table.add_column(title, justify="right")
    table.add_column("pays below", justify="right")
    for row in rows.sort_values("requests", ascending=False).itertuples():
        cells = [_money_or_share(getattr(row, name), unit) for name, _, unit in _FIGURES]
        cells.append(_break_even(float(str(row.break_even))))
        table.add_row(*(harmless(str(getattr(row, name))) or NO_DATA for name in keys), f"{row.requests:,.0f}", *cells)
    print_table(table)
    for note in sorted(set(rows["note"]) - {""}):
        typer.echo(harmless(note))


def _money_or_share(value: float, unit: Any) -> str:
    return figure(value, unit)


def _break_even(rate: float) -> str:
    """The escalation rate up to which the cascade is cheaper than the premium route."""
    if rate < 0:
        return "never"
    return "always" if rate > 1 else figure(rate, "1")
