"""What an attempt costs by the price book. Pure, in whole nano-dollars; no fraction is ever a float.

Each of the four parts is rounded once, half to even (design §3). A price that is needed and missing makes the whole
attempt unpriced: what is not known is not 0.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from store.price_entries import ANY, END_OF_TIME, PriceEntry, Unit, matches

MILLION = 1_000_000
HOUR_US = 3_600_000_000
# As much as the contract takes for one amount (a billion dollars); what is more is no cost, and would not fit.
MAX_NANOUSD = 10**18
_TOKENS = frozenset(
    {
        Unit.INPUT_TOKENS,
        Unit.CACHE_READ_TOKENS,
        Unit.CACHE_WRITE_TOKENS,
        Unit.CACHE_WRITE_5M_TOKENS,
        Unit.CACHE_WRITE_1H_TOKENS,
        Unit.OUTPUT_TOKENS,
    }
)
# Models come from messages: whoever puts an id into a model's name must not fill the memory.
_REMEMBERED = 10_000
_BEGINNING = datetime.min.replace(tzinfo=END_OF_TIME.tzinfo)


class Usage(NamedTuple):
    """What an attempt used. Tokens as in the contract: input with the cached ones, output with the reasoning."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    tool_calls: int = 0
    duration_us: int | None = None
    batch_size: int | None = None


class Costs(NamedTuple):
    """Nano-dollars of the four parts, and the entry that they come from."""

    price_id: int
    prefill: int
    cache: int
    generation: int
    tools: int


class TokenRates(NamedTuple):
    """Nano-dollars for `by` tokens of each kind, 1 or a million; None: no price. Most are whole for a single token."""

    uncached: int | None
    cache_read: int | None
    cache_write: int | None
    output: int | None


class TokenTariff(NamedTuple):
    """An entry that prices tokens and nothing else. `tiers` are above so many input tokens, the highest first."""

    price_id: int
    by: int
    base: TokenRates
    tiers: tuple[tuple[int, TokenRates], ...]


class Segment(NamedTuple):
    """The entry that holds for a model and provider from `since` on and before `until`; None where there is none."""

    since: datetime
    until: datetime
    tokens: TokenTariff | None
    tariff: "Tariff | None"


def divide_half_even(amount: int, by: int) -> int:
    """The quotient of two integers, rounded once, half to even; `by` is positive."""
    quotient, rest = divmod(amount, by)
    return quotient + (2 * rest > by or (2 * rest == by and quotient & 1))


class Tariff:
    """An entry, made ready for arithmetic."""

    def __init__(self, entry: PriceEntry) -> None:
        self.entry = entry
        self._tiers: dict[Unit, list[tuple[int, int]]] = defaultdict(list)
        for unit, above, nanousd in sorted(entry.prices, key=lambda price: -price.above_input_tokens):
            self._tiers[unit].append((above, nanousd))
        self._cache_write = self._unit_of_cache_writes()

    def _unit_of_cache_writes(self) -> Unit:
        """Attempts do not say how long a write shall last: a price for both, or two that are the same."""
        short, long = (self._tiers.get(one) for one in (Unit.CACHE_WRITE_5M_TOKENS, Unit.CACHE_WRITE_1H_TOKENS))
        alike = Unit.CACHE_WRITE_TOKENS not in self._tiers and short is not None and short == long
        return Unit.CACHE_WRITE_5M_TOKENS if alike else Unit.CACHE_WRITE_TOKENS

    def tokens(self) -> TokenTariff | None:
        """The same for quick arithmetic; None where it prices anything but tokens."""
        if any(price.unit not in _TOKENS for price in self.entry.prices):
            return None
        by = MILLION if any(price.nanousd % MILLION for price in self.entry.prices) else 1
        above = sorted({price.above_input_tokens for price in self.entry.prices} - {0}, reverse=True)
        tiers = tuple((tokens, self._token_rates(tokens + 1, by)) for tokens in above)
        return TokenTariff(self.entry.price_id, by, self._token_rates(0, by), tiers)

    def _token_rates(self, input_tokens: int, by: int) -> TokenRates:
        wanted = (Unit.INPUT_TOKENS, Unit.CACHE_READ_TOKENS, self._cache_write, Unit.OUTPUT_TOKENS)
        prices = (self._price(unit, input_tokens) for unit in wanted)
        return TokenRates(*(None if price is None else price * by // MILLION for price in prices))

    def costs(self, usage: Usage) -> Costs | None:
        """The four parts; None where the entry has no price for something that was used."""
        uncached = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        parts: list[Sequence[tuple[int, Unit]]] = [
            [(uncached, Unit.INPUT_TOKENS)],
            [(usage.cache_read_tokens, Unit.CACHE_READ_TOKENS), (usage.cache_write_tokens, self._cache_write)],
            [(usage.output_tokens, Unit.OUTPUT_TOKENS)],
            # Most entries have no price for these: then they cost nothing by themselves.
            [(count, unit) for count, unit in self._calls(usage) if unit in self._tiers],
        ]
        is_hourly = Unit.GPU_HOURS in self._tiers
        tokens = [] if is_hourly else parts[:3]
        sums: list[int | None] = [self._sum(part, usage.input_tokens) for part in tokens] or [0, 0, 0]
        sums.append(self._sum(parts[3], usage.input_tokens))
        if None in sums:
            return None
        prefill, cache, generation, tools = (divide_half_even(amount or 0, MILLION) for amount in sums)
        if is_hourly:
            by_time = self._gpu_time(usage)
            if by_time is None:
                return None
            generation = by_time
        if prefill + cache + generation + tools > MAX_NANOUSD:
            return None
        return Costs(self.entry.price_id, prefill, cache, generation, tools)

    def _calls(self, usage: Usage) -> Sequence[tuple[int, Unit]]:
        return ((usage.tool_calls, Unit.TOOL_CALLS), (1, Unit.REQUESTS))

    def _sum(self, part: Sequence[tuple[int, Unit]], input_tokens: int) -> int | None:
        """Nano-dollars times a million, exact."""
        total = 0
        for count, unit in part:
            price = self._price(unit, input_tokens)
            if price is None and count:
                return None
            total += count * (price or 0)
        return total

    def _price(self, unit: Unit, input_tokens: int) -> int | None:
        for above, nanousd in self._tiers.get(unit, ()):
            if above == 0 or input_tokens > above:
                return nanousd
        return None

    def _gpu_time(self, usage: Usage) -> int | None:
        """The attempt's share of all GPUs while it ran: the requests of a batch share them evenly."""
        sharing = usage.batch_size or self.entry.assumed_batch_size
        price = self._price(Unit.GPU_HOURS, usage.input_tokens)
        if usage.duration_us is None or not sharing or price is None:
            return None
        return divide_half_even(usage.duration_us * price * (self.entry.gpus or 1), HOUR_US * sharing)


class PriceBook:
    """Finds the entry for an attempt: a value; what it has found, it remembers, up to a bound."""

    def __init__(self, entries: Iterable[PriceEntry] = ()) -> None:
        """`entries` hold no tie."""
        self._exact: dict[str, list[PriceEntry]] = defaultdict(list)
        self._beginnings: dict[str, list[PriceEntry]] = defaultdict(list)
        self._patterns: list[PriceEntry] = []
        self._people: list[PriceEntry] = []
        for entry in entries:
            if entry.is_human_review:
                self._people.append(entry)
            elif ANY not in entry.model:
                self._exact[entry.model].append(entry)
            elif ANY not in entry.model[:-1]:
                self._beginnings[entry.model[:-1]].append(entry)
            else:
                self._patterns.append(entry)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        self._timelines: dict[tuple[str, str], list[Segment]] = {}
        self._rates = _timeline(self._people)

    def segment(self, model: str, provider: str, at: datetime) -> Segment:
        """What holds for this model and provider ('': not given) at that time, and how long it does."""
        timeline = self._timelines.get((model, provider))
        if timeline is None:
            if len(self._timelines) >= _REMEMBERED:
                self._timelines.clear()
            timeline = self._timelines[(model, provider)] = _timeline(self._candidates(model, provider))
        return _holding(timeline, at)

    def costs(self, model: str, provider: str, at: datetime, usage: Usage) -> Costs | None:
        """What the attempt costs; None: no price is known."""
        tariff = self.segment(model, provider, at).tariff
        return None if tariff is None else tariff.costs(usage)

    def human_cost(self, review_us: int, at: datetime) -> tuple[int, int] | None:
        """Nano-dollars of a person's time, and the entry that they come from; None: no rate is known."""
        tariff = _holding(self._rates, at).tariff
        if tariff is None:
            return None
        # An entry of people has one price.
        nanousd = divide_half_even(review_us * tariff.entry.prices[0].nanousd, HOUR_US)
        return (nanousd, tariff.entry.price_id) if nanousd <= MAX_NANOUSD else None

    def _candidates(self, model: str, provider: str) -> list[PriceEntry]:
        found = list(self._exact.get(model, ()))
        for length in self._lengths:
            if length > len(model):
                break
            found += self._beginnings.get(model[:length], ())
        found += (entry for entry in self._patterns if matches(entry.model, model))
        return [entry for entry in found if entry.provider in ("", provider)]


def _timeline(entries: Sequence[PriceEntry]) -> list[Segment]:
    """Which entry holds when, from the beginning to the end of time without a gap."""
    bounds = sorted({_BEGINNING, END_OF_TIME, *(e.valid_from for e in entries), *(e.until for e in entries)})
    segments = []
    for since, until in pairwise(bounds):
        valid = [entry for entry in entries if entry.valid_from <= since < entry.until]
        tariff = Tariff(max(valid, key=lambda entry: entry.rank)) if valid else None
        segments.append(Segment(since, until, tariff.tokens() if tariff else None, tariff))
    return segments


def _holding(timeline: list[Segment], at: datetime) -> Segment:
    if len(timeline) == 1:
        return timeline[0]
    return timeline[bisect_right(timeline, at, key=lambda segment: segment.since) - 1]
