"""Numbers with their units, as people write them, in base units: seconds, USD, shares.

Numbers are read as decimals and divided before they become floats, so that 0.5 % is 0.005 and nothing near it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import NamedTuple

from alerts.records.operators import any_of
from pointsman_contract.writable import LARGEST, SMALLEST

_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_THOUSANDS = {"k": 1000, "m": 1_000_000}
_LARGEST_COUNT = 2**63 - 1
_IN_AN_EXAMPLE = re.compile(r"[0-9][0-9.]*")
# To some a thousand and a half, to others one and a half.
_PERHAPS_THOUSANDS = re.compile(r"(?P<whole>[0-9,]*[1-9][0-9,]*)\.(?P<part>[0-9]{2}0)")
# The digits of any float from SMALLEST on, written out.
_LONGEST = 40
_LARGEST, _SMALLEST = Decimal(repr(LARGEST)), Decimal(repr(SMALLEST))

PERCENT = {"%": Decimal("0.01"), "percent": Decimal("0.01"), "per cent": Decimal("0.01"), "pct": Decimal("0.01")}
_TIMES = {
    "ms": Decimal("0.001"), "msec": Decimal("0.001"), "millisecond": Decimal("0.001"),
    "milliseconds": Decimal("0.001"), "s": Decimal(1), "sec": Decimal(1), "secs": Decimal(1), "second": Decimal(1),
    "seconds": Decimal(1), "min": Decimal(60), "mins": Decimal(60), "minute": Decimal(60), "minutes": Decimal(60),
}  # fmt: skip
_SPANS = _TIMES | {
    "h": Decimal(3600), "hr": Decimal(3600), "hrs": Decimal(3600), "hour": Decimal(3600), "hours": Decimal(3600),
    "d": Decimal(86400), "day": Decimal(86400), "days": Decimal(86400),
    "week": Decimal(604800), "weeks": Decimal(604800),
}  # fmt: skip
_MONEY = {
    "$": Decimal(1), "usd": Decimal(1), "dollar": Decimal(1), "dollars": Decimal(1), "cent": Decimal("0.01"),
    "cents": Decimal("0.01"),
}  # fmt: skip
# What may stand behind a number, by the unit of the measure (pointsman_contract.measures), and how many of the unit
# that is.
UNITS: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        "1": PERCENT,
        "s": _TIMES,
        "USD": _MONEY,
        "ratio": {"x": Decimal(1), "times": Decimal(1), **PERCENT},
        "chars/token": dict.fromkeys(
            ("chars / token", "characters / token", "chars per token", "characters per token"), Decimal(1)
        ),
        "requests/s": dict.fromkeys(("requests / s", "requests per second", "requests a second", "rps"), Decimal(1)),
        "tokens/s": dict.fromkeys(("tokens / s", "tokens per second", "tokens a second", "tps"), Decimal(1)),
    }
)
# For messages: what a number with that unit looks like.
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "1": "0.5%",
        "s": "1.2 s or 800 ms",
        "USD": "$0.02",
        "ratio": "1.3x",
        "chars/token": "3.5 chars/token",
        "requests/s": "20 requests/s",
        "tokens/s": "50 tokens/s",
    }
)
SPANS: Mapping[str, Decimal] = MappingProxyType(_SPANS)
# For forms over plain text: what may be a number, and what stands behind a share and a time.
NUMBER = r"(?:[0-9][0-9.,]*|\.[0-9]+)"
ANY_PERCENT = any_of(tuple(PERCENT))
ANY_SPAN = any_of(tuple(SPANS))
_ALL_UNITS = {unit for units in (*UNITS.values(), SPANS) for unit in units}


class Measured(NamedTuple):
    """A number in base units, and the rest of the text behind its unit."""

    value: Decimal
    rest: str


class Unreadable(Exception):
    """A number or a unit that cannot be read; `code` is that of the problem."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def number_of(text: str) -> Decimal:
    """`0.5`, `10,000`, `.5`. Raises Unreadable for all else, `1,5` too, which is 1.5 to some and 15 to others."""
    if len(text) > _LONGEST:
        raise Unreadable("number", f"{text[:_LONGEST]}… is too long for a number")
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise Unreadable("number", f"{text!r} is no number: write 0.5 with a point, and 10,000 with or without commas")
    return Decimal(text.replace(",", ""))


def unmistakable(text: str) -> Decimal:
    """The number of a rule. Raises Unreadable, also for `1.500`, which is fifteen hundred to some.

    Figures are read with `number_of`: people write them with as many digits as they measured.
    """
    if (two_ways := _PERHAPS_THOUSANDS.fullmatch(text)) is not None:
        whole, part = two_ways["whole"], two_ways["part"]
        short = f"{whole}.{part}".rstrip("0").rstrip(".")
        raise Unreadable("number", f"{text} may be {short} or {whole},{part}: write the one that is meant")
    return number_of(text)


def count_of(number: str, times: str) -> int:
    """A number of requests: `10,000`, `20` with `k` behind it. Raises Unreadable where it is not whole.

    `10.000` is ten to some and ten thousand to others, so a point needs its `k`.
    """
    count = unmistakable(number) * _THOUSANDS.get(times, 1)
    if ("." in number and not times) or count % 1 or not 0 < count <= _LARGEST_COUNT:
        raise Unreadable("number", f"{number}{times} requests: write a whole number, such as 10,000")
    return int(count)


def quantity(number: str, behind: str, units: Mapping[str, Decimal], example: str) -> Measured:
    """`measured` of the number of a rule: `1.500 ms` is refused. Raises Unreadable."""
    unmistakable(number)
    return measured(number, behind, units, example)


def measured(number: str, behind: str, units: Mapping[str, Decimal], example: str) -> Measured:
    """The number in base units, by the longest unit that the text behind it begins with.

    Raises Unreadable where there is no such unit, with an example of one.
    """
    value = number_of(number)
    for unit in sorted(units, key=len, reverse=True):
        if behind == unit or behind.startswith(f"{unit} "):
            with localcontext(prec=60):
                return Measured(value * units[unit], behind[len(unit) :].strip())
    word = next((unit for unit in sorted(_ALL_UNITS, key=len, reverse=True) if f"{behind} ".startswith(f"{unit} ")), "")
    named = word or behind.split(" ", maxsplit=1)[0]
    if not behind:
        raise Unreadable("unit", f"{number} has no unit: write {_with_unit(number, value, units, example)}")
    raise Unreadable(
        "unit", f"{number}{'' if named == '%' else ' '}{named}: expected a number with its unit, such as {example}"
    )


def _with_unit(number: str, value: Decimal, units: Mapping[str, Decimal], example: str) -> str:
    """The number that was written, as the example is written: `1%`, `1.2 s or 1.2 ms`, `$2`."""
    if units is PERCENT and value < 1:
        return f"{(value * 100).normalize():f}%, or {number}% if that is meant"
    return _IN_AN_EXAMPLE.sub(number, example)


def amount(number: str, behind: str, before: str, unit: str) -> Measured:
    """A threshold in the unit of a measure; `before` is what stands ahead of the number: `$` or `usd`, or nothing.

    Raises Unreadable.
    """
    if before:
        if unit != "USD":
            raise Unreadable("unit", f"{before}{number}: expected a number with its unit, such as {EXAMPLES[unit]}")
        return Measured(unmistakable(number), behind)
    return quantity(number, behind, UNITS[unit], EXAMPLES[unit])


def as_float(value: Decimal) -> float:
    """The nearest float. Raises Unreadable for what is too large or too small to mean anything."""
    if abs(value) > _LARGEST:
        raise Unreadable("number", f"{value:,} is too large")
    if value and abs(value) < _SMALLEST:
        raise Unreadable("number", f"{value} is too small")
    return float(value)
