"""What the lines of a price file say: each price is checked alone, then the prices of an entry together.

docs/prices.md describes the columns.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from pointsman_contract.fields import EARLIEST, LATEST, MAX_INTEGER, MAX_TEXT
from store.price_entries import ALWAYS, ANY, Price, PriceEntry, Unit

T = TypeVar("T")
COLUMNS = (
    "provider", "model", "unit", "usd_per_million", "usd_per_hour", "above_input_tokens", "valid_from", "valid_to",
    "gpus", "assumed_batch_size",
)  # fmt: skip
MAX_USD = 1_000_000
_MOST_AT_ONCE = 100_000
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NANO = 10**9
_TOKEN_UNITS = frozenset(unit for unit in Unit if unit.value.endswith("_tokens"))


class Line(NamedTuple):
    """One price with the entry that it belongs to."""

    place: str
    entry: PriceEntry


class PlacedEntry(NamedTuple):
    """An entry, and where its prices stand."""

    entry: PriceEntry
    places: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.places}: {self.entry}" if self.places else str(self.entry)


@dataclass
class Gathered:
    """The entries of a file, and everything that is wrong with it."""

    entries: list[PlacedEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Fields:
    """Reads fields and collects what is wrong with them."""

    def __init__(self, place: str, fields: Mapping[str, str], problems: list[str]) -> None:
        self._place = place
        self._fields = fields
        self._problems = problems
        self.is_well = True

    def given(self, name: str) -> bool:
        return bool(self._fields.get(name))

    def read(self, name: str, reader: Callable[[str], T], absent: T) -> T:
        text = self._fields.get(name, "")
        if not text:
            return absent
        try:
            return reader(text)
        except ValueError as error:
            self.wrong(f"{name}: {error}")
            return absent

    def wrong(self, sentence: str) -> None:
        self._problems.append(f"{self._place}: {sentence}")
        self.is_well = False


def line_of(place: str, fields: Mapping[str, str], source: str, problems: list[str]) -> Line | None:
    """The price of a line; None where `problems` say why not."""
    reading = _Fields(place, fields, problems)
    unit = reading.read("unit", _unit, None)
    if unit is None:
        if not reading.given("unit"):
            reading.wrong("unit: must not be empty")
        return None
    column, other = ("usd_per_hour", "usd_per_million") if unit.is_hourly else ("usd_per_million", "usd_per_hour")
    if not reading.given(column) or reading.given(other):
        reading.wrong(f"{unit} has its price in {column}, and in no other column")
    above = reading.read("above_input_tokens", _whole(0, MAX_INTEGER), 0)
    if above and unit.is_hourly:
        reading.wrong(f"above_input_tokens: {unit} has no tiers")
    for name in ("gpus", "assumed_batch_size"):
        if reading.given(name) and unit is not Unit.GPU_HOURS:
            reading.wrong(f"{name} is for {Unit.GPU_HOURS} alone")
    provider, model = (reading.read(name, _name, "") for name in ("provider", "model"))
    if unit is Unit.HUMAN_REVIEW_HOURS:
        if provider or model:
            reading.wrong(f"{unit} has neither provider nor model")
    elif not reading.given("model"):
        reading.wrong("model: must not be empty")
    if ANY in provider:
        reading.wrong("provider: is a name, not a pattern; empty for any provider")
    valid_from, valid_to = reading.read("valid_from", moment, ALWAYS), reading.read("valid_to", moment, None)
    if valid_to is not None and valid_to <= valid_from:
        reading.wrong("valid_to is not after valid_from")
    price = Price(unit, above, reading.read(column, _nanousd, 0))
    entry = PriceEntry(
        model=re.sub(r"\*+", ANY, model),
        prices=(price,),
        provider=provider,
        valid_from=valid_from,
        valid_to=valid_to,
        gpus=reading.read("gpus", _whole(1, _MOST_AT_ONCE), None),
        assumed_batch_size=reading.read("assumed_batch_size", _whole(1, _MOST_AT_ONCE), None),
        source=source,
    )
    return Line(place, entry) if reading.is_well else None


def gather(lines: Iterable[Line], gathered: Gathered) -> None:
    """Put the prices of an entry together, and say which cannot be."""
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault((*line.entry.key, line.entry.valid_to), []).append(line)
    for group in groups.values():
        known: dict[tuple[Unit, int], str] = {}
        well = True
        for line in group:
            price = line.entry.prices[0]
            before = known.setdefault(price[:2], line.place)
            if before is not line.place:
                gathered.problems.append(f"{line.place}: the same price as in {before}")
                well = False
        units = {unit for unit, _ in known}
        places = _places([line.place for line in group])
        if any(unit.is_hourly for unit in units) and units & _TOKEN_UNITS:
            gathered.problems.append(f"{places}: an entry has a price for hours or for tokens, not for both")
            well = False
        for (unit, above), place in known.items():
            if above and (unit, 0) not in known:
                gathered.problems.append(f"{place}: {unit} has no price up to {above:,} input tokens")
                well = False
        if well:
            first = next((line.entry for line in group if line.entry.prices[0].unit.is_hourly), group[0].entry)
            prices = tuple(sorted(line.entry.prices[0] for line in group))
            gathered.entries.append(PlacedEntry(replace(first, prices=prices), places))


def _places(places: list[str]) -> str:
    """`line 3`, `lines 3, 5, 6`, or the first ones of many."""
    if len(places) == 1:
        return places[0]
    word = places[0].split()[0]
    numbers = [place.split()[-1] for place in places]
    return f"{word}s {', '.join(numbers[:6])}{' …' if len(numbers) > 6 else ''}"


def moment(text: str) -> datetime:
    """A date (its midnight, UTC) or a time with a zone. Raises ValueError with a sentence."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text)
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text[:40]!r} is no date such as 2026-11-01, and no time such as 2026-11-01T08:00:00Z"
        raise ValueError(msg) from None
    if found.tzinfo is None:
        msg = f"{text[:40]!r} has no zone: end it with Z for UTC"
        raise ValueError(msg)
    if not EARLIEST <= found < LATEST:
        msg = f"{text[:40]!r} is out of reach"
        raise ValueError(msg)
    return found.astimezone(UTC)


def _unit(text: str) -> Unit | None:
    try:
        return Unit(text)
    except ValueError:
        msg = f"{text[:40]!r} is none of {', '.join(Unit)}"
        raise ValueError(msg) from None


def _nanousd(text: str) -> int:
    if not _AMOUNT.fullmatch(text) or Decimal(text) > MAX_USD:
        msg = f"{text[:40]!r} is no amount from 0 to {MAX_USD:,} with at most nine decimals"
        raise ValueError(msg)
    return int(Decimal(text) * _NANO)


def _name(text: str) -> str:
    # JSON can spell out both, and PostgreSQL can hold neither.
    if "\0" in text or text.encode(errors="ignore").decode() != text:
        msg = "holds characters that are no text"
        raise ValueError(msg)
    if len(text) > MAX_TEXT:
        msg = f"longer than {MAX_TEXT} characters"
        raise ValueError(msg)
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 20 and least <= int(text) <= most):
            msg = f"{text[:40]!r} is no whole number from {least:,} to {most:,}"
            raise ValueError(msg)
        return int(text)

    return read
