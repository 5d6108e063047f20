"""Figures for people: three significant digits, the unit that fits, and a dash where there is no data."""

import math
from collections.abc import Sequence

from pointsman_contract.measures import Unit

NO_DATA = "-"
_BARS = "▁▂▃▄▅▆▇█"
_THOUSAND = 1000
# Rounded, and not of 100.
_ALMOST_ALL = 0.9995


def figure(value: float, unit: Unit, *, no_data: str = NO_DATA) -> str:
    """`98.2 %`, `$0.00123`, `430 ms`, `3.91 chars/token`; a dash where it is no number, ∞ where it has no end."""
    if math.isnan(value):
        return no_data
    if math.isinf(value):
        return "∞"
    match unit:
        case "1":
            return f"{_share(value)} %"
        case "USD":
            return f"-${digits(-value)}" if value < 0 else f"${digits(value)}"
        case "s":
            return _time(value)
        case "ratio":
            return f"{digits(value)}x"
        case "chars/token":
            return f"{value:.2f} {unit}"
        case _:
            return f"{digits(value)} {unit}"


def interval(low: float, high: float, unit: Unit) -> str:
    """`97.9 to 98.4 %`: both ends as figures, the unit once where it is the same."""
    if math.isnan(low) or math.isnan(high):
        return ""
    lower, upper = figure(low, unit), figure(high, unit)
    for end in (" %", " ms", " s", " µs", "x", f" {unit}"):
        if lower.endswith(end) and upper.endswith(end):
            return f"{lower.removesuffix(end)} to {upper}"
    return f"{lower} to {upper}"


def digits(value: float) -> str:
    """Three significant digits, never as a power of ten, thousands apart: `0.00123`, `12.3`, `1,235`."""
    if value == 0:
        return "0"
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    places = min(12, max(0, 2 - math.floor(math.log10(abs(value)))))
    return f"{value:.{places}f}"


def _share(value: float) -> str:
    """More digits towards both ends, where they matter: 0.012 %, 1.23 %, 45.6 %, 99.95 %."""
    if value in (0, 1):
        return f"{100 * value:.0f}"
    if _ALMOST_ALL <= value < 1:
        return "> 99.95"
    percent = 100 * value
    return f"{percent:.3f}" if percent < 0.1 else f"{percent:.2f}" if percent < 10 or percent > 99 else f"{percent:.1f}"


def _time(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds:,.0f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    if seconds >= 0.001:
        return f"{1e3 * seconds:.0f} ms" if seconds >= 0.01 else f"{1e3 * seconds:.1f} ms"
    return f"{1e6 * seconds:.0f} µs" if seconds else "0 s"


def sparkline(values: Sequence[float]) -> str:
    """One block for each value, from the smallest to the largest; a space where there is none."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = high - low
    return "".join(
        (_BARS[min(7, int(8 * (value - low) / span))] if span else _BARS[3]) if math.isfinite(value) else " "
        for value in values
    )


def thinned(values: Sequence[float], room: int) -> list[float]:
    """At most `room` values: means of neighbours, without those that are no data."""
    if len(values) <= room:
        return list(values)
    runs: list[list[float]] = [[] for _ in range(room)]
    for number, value in enumerate(values):
        if math.isfinite(value):
            runs[number * room // len(values)].append(value)
    return [_mean(run) if run else math.nan for run in runs]


def _mean(run: Sequence[float]) -> float:
    """Never outside of its values: rounding would give a level course ups and downs as high as the plot."""
    return min(max(sum(run) / len(run), min(run)), max(run))
