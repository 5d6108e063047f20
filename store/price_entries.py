"""An entry of the price book, which models it is for, and which of two entries goes before the other. Pure.

Precedence (design §3): exact model, longest pattern, named provider, newest `valid_from`. Two entries that are alike
in all of them and may meet at one attempt are a tie; the book never holds one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
ANY = "*"

Rank = tuple[bool, int, bool, datetime]


class Unit(StrEnum):
    """What is counted. Tokens, calls and requests have a price for a million of them, hours one for an hour."""

    INPUT_TOKENS = "input_tokens"
    CACHE_READ_TOKENS = "cache_read_tokens"
    CACHE_WRITE_TOKENS = "cache_write_tokens"
    CACHE_WRITE_5M_TOKENS = "cache_write_5m_tokens"
    CACHE_WRITE_1H_TOKENS = "cache_write_1h_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TOOL_CALLS = "tool_calls"
    REQUESTS = "requests"
    GPU_HOURS = "gpu_hours"
    HUMAN_REVIEW_HOURS = "human_review_hours"

    @property
    def is_hourly(self) -> bool:
        """Whether its price is for an hour, and no other unit stands beside it in an entry."""
        return self in (Unit.GPU_HOURS, Unit.HUMAN_REVIEW_HOURS)


class Price(NamedTuple):
    """One price of an entry: nano-dollars for a million of the unit, or for an hour.

    It holds for attempts with more than `above_input_tokens` input tokens (0: for all), up to the next tier.
    """

    unit: Unit
    above_input_tokens: int
    nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """What a provider takes for a model from `valid_from` on and before `valid_to` (None: without end).

    `model` is a name, or a pattern in which `*` stands for any characters; '' for human review. `provider` '' is any.
    `prices` are sorted. `price_id` is its number in the store, 0 before it has one.
    """

    model: str
    prices: tuple[Price, ...]
    provider: str = ""
    valid_from: datetime = ALWAYS
    valid_to: datetime | None = None
    gpus: int | None = None
    assumed_batch_size: int | None = None
    source: str = ""
    price_id: int = 0

    @property
    def until(self) -> datetime:
        """`valid_to`, or the end of time."""
        return END_OF_TIME if self.valid_to is None else self.valid_to

    @property
    def is_human_review(self) -> bool:
        """Whether it is the hourly rate of people instead of a model's prices."""
        return any(price.unit is Unit.HUMAN_REVIEW_HOURS for price in self.prices)

    @property
    def rank(self) -> Rank:
        """The larger one goes before the other."""
        return (ANY not in self.model, len(self.model.replace(ANY, "")), bool(self.provider), self.valid_from)

    @property
    def key(self) -> tuple[str, str, bool, datetime]:
        """Whom the entry is for and from when on: alike in two entries where one is to replace the other."""
        return self.provider, self.model, self.is_human_review, self.valid_from

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, without where it came from."""
        return (*self.key, self.valid_to, self.prices, self.gpus, self.assumed_batch_size)

    def __str__(self) -> str:
        """For people: `openai/gpt-5.4 from 2026-01-01`."""
        whom = "human review" if self.is_human_review else self.model
        midnight = self.valid_from.strftime("%H:%M:%S.%f") == "00:00:00.000000"
        since = f"{self.valid_from:%Y-%m-%d}" if midnight else self.valid_from.isoformat()
        return f"{self.provider}{'/' if self.provider else ''}{whom} from {since}"


class Tie(NamedTuple):
    """Two entries of which neither goes before the other."""

    one: PriceEntry
    other: PriceEntry


def matches(pattern: str, name: str) -> bool:
    """Whether `name` is one of the pattern's, letter by letter; `*` stands for any characters, or none."""
    first, *others = pattern.split(ANY)
    if not others:
        return pattern == name
    *between, last = others
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first) + len(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in between:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def may_meet(one: str, other: str) -> bool:
    """Whether some name is matched by both patterns."""
    if ANY not in other:
        return matches(one, other)
    if ANY not in one:
        return matches(other, one)
    # Which beginnings of `other` can match the same text as the beginning of `one` read so far.
    reached = {0}
    for sign in (*one, None):
        # A `*` of the other passes over, or takes whatever comes.
        grown = sorted(reached)
        for at in grown:
            if at < len(other) and (other[at] == ANY or sign == ANY) and at + 1 not in reached:
                reached.add(at + 1)
                grown.append(at + 1)
        if sign is None or not reached:
            break
        if sign != ANY:
            reached = {at for at in reached if at < len(other) and other[at] == ANY} | {
                at + 1 for at in reached if at < len(other) and other[at] == sign
            }
    return len(other) in reached


def find_ties(entries: Iterable[PriceEntry]) -> list[Tie]:
    """Every pair of entries that may meet at an attempt with neither before the other."""
    alike: dict[tuple[bool, Rank, str], dict[str | None, list[PriceEntry]]] = {}
    for entry in entries:
        # Exact names and beginnings meet only where they are the same; None: other patterns.
        whole = entry.model if ANY not in entry.model[:-1] else None
        of_rank = alike.setdefault((entry.is_human_review, entry.rank, entry.provider), defaultdict(list))
        of_rank[whole].append(entry)
    ties: list[Tie] = []
    for of_rank in alike.values():
        patterns = of_rank.get(None, [])
        for whole, group in of_rank.items():
            ties += _pairs(group, group)
            if whole is not None:
                ties += _pairs(patterns, group)
    return ties


def _pairs(ones: Sequence[PriceEntry], others: Sequence[PriceEntry]) -> list[Tie]:
    same = ones is others
    return [
        Tie(one, other)
        for at, one in enumerate(ones)
        for other in (others[at + 1 :] if same else others)
        if one.valid_from < other.until and other.valid_from < one.until and may_meet(one.model, other.model)
    ]
