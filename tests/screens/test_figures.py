"""Figures keep three digits that mean something, the unit that fits, and say where there is no data."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pointsman.screens.figures import digits, figure, interval, sparkline, thinned
from pointsman_contract.measures import Unit

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.5, "1", "50.0 %"),
        (0, "1", "0 %"),
        (1, "1", "100 %"),
        (0.99961, "1", "> 99.95 %"),
        (0.9985, "1", "99.85 %"),
        (0.00012, "1", "0.012 %"),
        (NAN, "1", "-"),
        (math.inf, "USD", "∞"),
        (0.0000123456, "USD", "$0.0000123"),
        (12.345, "USD", "$12.3"),
        (12345.6, "USD", "$12,346"),
        (0.43, "s", "430 ms"),
        (0.0043, "s", "4.3 ms"),
        (0.000043, "s", "43 µs"),
        (1.234, "s", "1.23 s"),
        (61.234, "s", "61.2 s"),
        (3.914, "chars/token", "3.91 chars/token"),
        (12.34, "requests/s", "12.3 requests/s"),
    ],
)
def test_figures(value: float, unit: Unit, shown: str) -> None:
    """As a person would write it."""
    assert figure(value, unit) == shown


def test_intervals() -> None:
    """The unit once where both ends have the same."""
    assert interval(0.979, 0.984, "1") == "97.9 to 98.4 %"
    assert interval(0.9, 1.2, "s") == "900 ms to 1.20 s"
    assert interval(0.01, math.inf, "USD") == "$0.0100 to ∞"
    assert interval(NAN, 1, "1") == ""


@given(st.floats(min_value=1e-9, max_value=1e15))
def test_digits_are_right(value: float) -> None:
    """Within half a unit of the third digit, and never a power of ten."""
    shown = digits(value)
    assert "e" not in shown
    assert float(shown.replace(",", "")) == pytest.approx(value, rel=0.006)


def test_a_level_course_stays_level() -> None:
    """Also where the mean of equal values is rounded to another one."""
    values = [*[0.478588661529077] * 3, *[0.478588661529077] * 4]
    assert set(sparkline(thinned(values, 2))) == {"▄"}


def test_small_plots() -> None:
    """From the smallest to the largest; a gap where there is nothing."""
    assert sparkline([1, 2, NAN, 3]) == "▁▅ █"
    assert sparkline([2, 2]) == "▄▄"
    assert sparkline([NAN]) == ""
    assert sparkline([]) == ""


@given(st.lists(st.floats(0, 1) | st.just(NAN), max_size=200), st.integers(1, 64))
@example([0.478588661529077] * 3, 1)
def test_long_rows_are_thinned(values: list[float], room: int) -> None:
    """Never longer than there is room, and within the range of what was there."""
    thin = thinned(values, room)
    assert len(thin) == min(len(values), room)
    known = [value for value in values if not math.isnan(value)]
    assert all(math.isnan(value) or min(known) <= value <= max(known) for value in thin)
