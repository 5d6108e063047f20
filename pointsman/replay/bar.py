"""The progress bar of a replay: on a terminal only, so that a log holds no control characters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _CountAndRate(ProgressColumn):
    """`12,000 of 28,185 · 9,800/s`."""

    def render(self, task: Task) -> Text:
        total = "?" if task.total is None else f"{task.total:,.0f}"
        rate = "" if task.speed is None else f" · {task.speed:,.0f}/s"
        return Text(f"{task.completed:,.0f} of {total}{rate}")


@contextmanager
def checking_bar(total_bytes: int, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Shows how much of the file is validated: feed it the bytes read so far."""
    columns = [TextColumn("checking  "), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    with _bar(columns, total_bytes, console) as advance:
        yield advance


@contextmanager
def publishing_bar(total: int, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Shows count, rate and time left: feed it the number published so far."""
    columns = [TextColumn("publishing"), BarColumn(), _CountAndRate(), TimeRemainingColumn()]
    with _bar(columns, total, console) as advance:
        yield advance


@contextmanager
def days_bar(label: str, total: int, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Shows how many days of the store are done: feed it their number so far."""
    columns = [
        TextColumn(label),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} days"),
        TimeRemainingColumn(),
    ]
    with _bar(columns, total, console) as advance:
        yield advance


@contextmanager
def counting_bar(label: str, total: int, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Shows how many of something are done: feed it their number so far."""
    columns = [TextColumn(label), BarColumn(), _CountAndRate(), TimeRemainingColumn()]
    with _bar(columns, total, console) as advance:
        yield advance


@contextmanager
def _bar(columns: list[ProgressColumn], total: int, console: Console | None) -> Iterator[Callable[[int], None]]:
    console = console or Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)
