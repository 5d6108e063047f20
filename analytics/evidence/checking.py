"""What arguments of evidence have to be. Each raises ValueError with a sentence that says what is wrong."""

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np

# Up to here every whole number is a float of its own.
MOST = 2**53
# Squares of values up to here can be added.
_LARGEST = 1e100
_MOST_OF_ALL, _LARGEST_MARGIN = 1e18, 1e6
_NEAREST = 1e-15


def count(value: Any, name: str) -> int:
    """A whole number from 0 to 2^53."""
    try:
        whole = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        whole = None
    if whole is None:
        raise ValueError(f"{name} must be a whole number, not {value!r:.40}")
    if not 0 <= whole <= MOST:
        raise ValueError(f"{name} must be from 0 to 2^53, not {whole}")
    return whole


def trials(n: Any, bad: Any, what: str = "") -> tuple[int, int]:
    """Requests of a closed look and how many of them are bad; `what` names them where there are several."""
    total, failures = count(n, f"{what}n"), count(bad, f"{what}bad")
    if failures > total:
        raise ValueError(f"{what}bad must not be more than {what}n: {failures} of {total}")
    return total, failures


def pairs_of(looks: Any) -> list[tuple[Any, Any]]:
    """Open looks, each of them a pair of whatever."""
    try:
        return [(n, bad) for n, bad in looks]
    except (TypeError, ValueError):
        raise ValueError("open looks must be pairs (n, bad), oldest first") from None


def pairs(both_bad: Any, candidate_only: Any, baseline_only: Any, neither: Any) -> tuple[int, int, int, int]:
    """Pairs of a closed look, by which side was bad."""
    return (
        count(both_bad, "both_bad"),
        count(candidate_only, "candidate_only"),
        count(baseline_only, "baseline_only"),
        count(neither, "neither"),
    )


def by_name(value: Any, what: str) -> dict[str, Any]:
    """A mapping from names; `what` says of what to what."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"expected {what}, by name, not {value!r:.40}")
    return dict(value)


def number(value: SupportsFloat, name: str) -> float:
    """A finite number; text is none."""
    try:
        found = math.nan if isinstance(value, str | bytes | bool) else float(value)
    except (OverflowError, TypeError, ValueError):
        found = math.nan
    if math.isnan(found) and not isinstance(value, float):
        raise ValueError(f"{name} must be a number, not {value!r:.40}")
    if not math.isfinite(found):
        raise ValueError(f"{name} must be finite, not {found}")
    return found


def share(value: SupportsFloat, name: str) -> float:
    """A number between 0 and 1, and not so near to either that it is rounded there."""
    found = number(value, name)
    if not _NEAREST <= found <= 1 - _NEAREST:
        nearer = f", and {_NEAREST:g} or more away from both" if 0 < found < 1 else ""
        raise ValueError(f"{name} must be between 0 and 1 (0.5 % is 0.005){nearer}, not {found:g}")
    return found


def positive(value: SupportsFloat, name: str) -> float:
    """A number above 0, whose square is one too."""
    found = number(value, name)
    if found <= 0:
        raise ValueError(f"{name} must be above 0, not {found:g}")
    return _between(1 / _LARGEST, found, _LARGEST, name)


def at_least(least: float, value: SupportsFloat, name: str) -> float:
    """A number that is not below `least`, and not beyond all reason."""
    return _between(least, number(value, name), _MOST_OF_ALL, name)


def margin_to_stop(value: SupportsFloat) -> float:
    """A margin, 0 among them."""
    return _between(0, number(value, "margin"), _LARGEST_MARGIN, "margin")


def margin_to_advance(value: SupportsFloat) -> float:
    """A margin above 0: that two arms are exactly equal cannot be proven."""
    found = number(value, "margin")
    if found <= 0:
        raise ValueError(f"margin must be above 0 to advance, not {found:g}: equality cannot be proven")
    return margin_to_stop(found)


def _between(least: float, value: float, most: float, name: str) -> float:
    if value < least:
        raise ValueError(f"{name} must be at least {least:g}, not {value:g}")
    if value > most:
        raise ValueError(f"{name} must be at most {most:g}, not {value:g}")
    return value


def amounts(values: Any, name: str) -> list[float]:
    """A one-dimensional array of numbers from 0 on."""
    found = numbers(values, name)
    for at, value in enumerate(found):
        if value < 0:
            raise ValueError(f"{name} must not be negative: {value:g} at position {at}")
    return found


def numbers(values: Any, name: str) -> list[float]:
    """A one-dimensional array of numbers from -1e100 to 1e100."""
    try:
        given = np.asarray(values)
        # Text would be read as the numbers in it.
        array = given.astype(np.float64) if given.dtype.kind not in "SU" else None
    except (OverflowError, TypeError, ValueError):
        array = None
    if array is None:
        raise ValueError(f"{name} must be an array of numbers")
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {array.ndim}")
    usable = np.abs(array) <= _LARGEST
    if not usable.all():
        at = int(np.argmin(usable))
        expected = f"within +-{_LARGEST:g}" if math.isfinite(array[at]) else "finite"
        raise ValueError(f"{name} must be {expected}: {array[at]} at position {at}")
    found: list[float] = array.tolist()
    return found


def cost_and_success(pair: Any, name: str) -> tuple[list[float], list[float]]:
    """Two arrays of the same length: costs that are not negative, and successes that are 0 or 1."""
    if not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2:
        raise ValueError(f"{name} must be two arrays, costs and successes")
    costs, successes = amounts(pair[0], f"{name} costs"), numbers(pair[1], f"{name} successes")
    if len(costs) != len(successes):
        raise ValueError(f"{name} has {len(costs)} costs, but {len(successes)} successes")
    for at, success in enumerate(successes):
        if success not in (0.0, 1.0):
            raise ValueError(f"{name} successes must be 0 or 1: {success:g} at position {at}")
    return costs, successes
