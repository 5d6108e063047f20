"""`pointsman measures --by hour` on a terminal: a small plot for each group and measure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analytics.report import STEPS, Asked, buckets_of
from pointsman.screens.figures import NO_DATA, figure, sparkline, thinned
from pointsman.screens.rows import Figures
from pointsman.terminal import harmless, print_table, print_words

_QUANTILE_SHOWN = 0.95
_WIDEST_PLOT, _NARROWEST_PLOT = 64, 12
# Values that grow with the time in which they are counted, and rates, of which a short time says little: requests of
# the last seconds are not finished, or not counted.
_TOTALS = ("spend", "attempt_spend")
_RATES = ("requests_per_second", "tokens_per_second")
_RATE_TAKES_S = 300.0

Group = tuple[str, ...]
Courses = Mapping[tuple[Group, str], Mapping[datetime | None, Figures]]


class Axis(NamedTuple):
    """The beginnings of all buckets, which are minutes, hours or days, and how many seconds of each are counted."""

    buckets: Sequence[datetime]
    counted: Mapping[datetime, float]
    step: str

    @classmethod
    def of(cls, asked: Asked) -> "Axis":
        """Of what was asked with a step."""
        return cls(buckets_of(asked), asked.bucket_seconds, asked.step or "day")

    def is_whole(self, bucket: datetime | None) -> bool:
        """Whether all of it is counted."""
        return bucket is not None and self.counted.get(bucket, 0.0) >= STEPS[self.step].total_seconds()


def print_over_time(rows: Sequence[Figures], by: Sequence[str], axis: Axis, *, is_chosen: bool = False) -> None:
    """A line for each group and measure: a small plot over the buckets, the ends of its range, and the last value.

    Buckets without data are gaps in the plot. Of times P95 alone, or all, where the measures were chosen. A bucket that
    is not counted to its end has less of all that adds up: it is left out of totals and rates, and named.
    """
    known = [
        row for row in rows if not math.isnan(row.value) and (is_chosen or row.quantile in (None, _QUANTILE_SHOWN))
    ]
    shown = _without_parts(known, axis)
    courses: dict[tuple[Group, str], dict[datetime | None, Figures]] = defaultdict(dict)
    for row in shown:
        courses[row.group, row.title][row.bucket] = row
    if by and _taken(courses, by) + _NARROWEST_PLOT > Console().width and Console().is_terminal:
        _print_by_group(courses, axis)
    else:
        _print_table(courses, by, axis)
    if cut := sorted({row.measure for row in known} & {row.measure for row in known if row not in shown}):
        print_words(f"\n{', '.join(cut)}: without {axis.step}s that are counted only in part; --json has all")


def _without_parts(rows: Sequence[Figures], axis: Axis) -> list[Figures]:
    """Without values that are small because their bucket is short; all of a measure that has no others."""
    whole = {(row.group, row.title) for row in rows if _is_comparable(row, axis)}
    return [row for row in rows if _is_comparable(row, axis) or (row.group, row.title) not in whole]


def _is_comparable(row: Figures, axis: Axis) -> bool:
    if row.measure not in (*_TOTALS, *_RATES) or axis.is_whole(row.bucket):
        return True
    seconds = 0.0 if row.bucket is None else axis.counted.get(row.bucket, 0.0)
    return row.measure in _RATES and seconds >= _RATE_TAKES_S


def _ends(at: Mapping[datetime | None, Figures], axis: Axis) -> tuple[list[float], list[str]]:
    """The course over all buckets, and its lowest, highest and last value."""
    # Where nothing came in a bucket that was counted, nothing was spent and nothing asked a second: that is known.
    adds_up = next(iter(at.values())).measure in (*_TOTALS, *_RATES)
    silent = {bucket: 0.0 for bucket in axis.buckets if adds_up and axis.is_whole(bucket)}
    values = [at[bucket].value if bucket in at else silent.get(bucket, math.nan) for bucket in axis.buckets]
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return values, [NO_DATA] * 3
    unit = next(iter(at.values())).unit
    ends = (figure(value, unit) for value in (min(known), max(known), known[-1]))
    # A unit that is a word is in the measure's name.
    return values, [end if unit == "s" else end.removesuffix(f" {unit}") for end in ends]


def _names(group: Group, title: str) -> list[str]:
    return [*(harmless(value) or NO_DATA for value in group), harmless(title)]


def _taken(courses: Courses, by: Sequence[str]) -> int:
    """What names and figures take of a line."""
    heads = ["measure", "lowest", "highest", "last"]
    columns = zip([*by, *heads], *([*_names(*key), "$0.000000000", "", ""] for key in courses), strict=True)
    return sum(2 + max(map(len, column)) for column in columns)


def _print_by_group(courses: Courses, axis: Axis) -> None:
    """A table for each group below its name: there is no room for names and plots in one line."""
    groups = dict.fromkeys(group for group, _ in courses)
    for number, group in enumerate(groups):
        print_words(f"{chr(10) if number else ''}{', '.join(harmless(value) or NO_DATA for value in group)}")
        _print_table({((), title): at for (of, title), at in courses.items() if of == group}, (), axis)


def _print_table(courses: Courses, by: Sequence[str], axis: Axis) -> None:
    texts = [(_names(*key), *_ends(at, axis)) for key, at in courses.items()]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (*by, "measure"):
        table.add_column(name, no_wrap=True)
    taken = sum(
        2 + max(map(len, column))
        for column in zip((*by, "measure", "lowest", "highest", "last"), *(n + e for n, _, e in texts), strict=True)
    )
    room = max(_NARROWEST_PLOT, min(_WIDEST_PLOT, Console().width - taken))
    span = f"{axis.buckets[0]:%m-%d %H:%M} to {axis.buckets[-1]:%m-%d %H:%M}" if axis.buckets else ""
    table.add_column(span if len(span) <= room else "over time", no_wrap=True)
    for name in ("lowest", "highest", "last"):
        table.add_column(name, justify="right", no_wrap=True)
    for names, values, ends in texts:
        table.add_row(*names, Text(sparkline(thinned(values, room)), style="cyan"), *ends)
    print_table(table)
