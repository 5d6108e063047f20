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
    """Nano-dollars for `by` of each kind, 1 or a million; None: no price. Most are whole for a single token.

    Calls without a price cost nothing by themselves, and have 0.
    """

    uncached: int | None
    cache_read: int | None
    cache_write: int | None
    output: int | None
    tool_call: int
    request: int


class TokenTariff(NamedTuple):
    """An entry that prices tokens and calls. `tiers` are above so many input tokens, the highest first."""

    price_id: int
    by: int
    base: TokenRates
    tiers: tuple[tuple[int, TokenRates], ...]


class TimeTariff(NamedTuple):
    """An entry that prices GPU hours: nano-dollars for an hour of all GPUs, and the batch size to assume."""

    price_id: int
    nanousd_per_hour: int
    assumed_batch_size: int | None


class Segment(NamedTuple):
    """The entry that holds for a model and provider from `since` on and before `until`; None where there is none."""

    since: datetime
    until: datetime
    tokens: TokenTariff | None
    time: TimeTariff | None
    tariff: "Tariff | None"


def divide_half_even(amount: int, by: int) -> int:
    """The quotient of two integers, rounded once, half to even; `by` is positive."""
    quotient, rest = divmod(amount, by)
    return quotient + (2 * rest > by or (2 * rest == by and quotient & 1))


# For attempts with more input tokens than the first, so many nano-dollars; the highest first.
_Tiers = tuple[tuple[int, int], ...]


class Tariff:
    """An entry, made ready for arithmetic."""

    def __init__(self, entry: PriceEntry) -> None:
        self.entry = entry
        tiers: dict[Unit, _Tiers] = defaultdict(tuple)
        for unit, above, nanousd in sorted(entry.prices, key=lambda price: -price.above_input_tokens):
            tiers[unit] += ((above, nanousd),)
        self._uncached, self._output = tiers[Unit.INPUT_TOKENS], tiers[Unit.OUTPUT_TOKENS]
        self._cache_read, self._cache_write = tiers[Unit.CACHE_READ_TOKENS], tiers[Unit.CACHE_WRITE_TOKENS]
        # Attempts do not say how long a write shall last: a price for both, or two that are the same.
        short, long = tiers[Unit.CACHE_WRITE_5M_TOKENS], tiers[Unit.CACHE_WRITE_1H_TOKENS]
        if not self._cache_write and short == long:
            self._cache_write = short
        self._tool_calls, self._requests = tiers[Unit.TOOL_CALLS], tiers[Unit.REQUESTS]
        self._gpu_hours = tiers[Unit.GPU_HOURS]

    def tokens(self) -> TokenTariff | None:
        """The same for quick arithmetic; None where it prices time, or calls from some number of tokens on only."""
        if self._gpu_hours or any(tiers and tiers[-1][0] for tiers in (self._tool_calls, self._requests)):
            return None
        by = MILLION if any(price.nanousd % MILLION for price in self.entry.prices) else 1
        above = sorted({price.above_input_tokens for price in self.entry.prices} - {0}, reverse=True)
        tiers = tuple((tokens, self._token_rates(tokens + 1, by)) for tokens in above)
        return TokenTariff(self.entry.price_id, by, self._token_rates(0, by), tiers)

    def _token_rates(self, input_tokens: int, by: int) -> TokenRates:
        def rate(tiers: _Tiers) -> int | None:
            amount = _amount(by, tiers, input_tokens)
            return None if amount is None else amount // MILLION

        return TokenRates(
            rate(self._uncached),
            rate(self._cache_read),
            rate(self._cache_write),
            rate(self._output),
            rate(self._tool_calls) or 0,
            rate(self._requests) or 0,
        )

    def time(self) -> TimeTariff | None:
        """The same for quick arithmetic; None where it prices anything but GPU hours."""
        if not self._gpu_hours or self._tool_calls or self._requests:
            return None
        entry = self.entry
        return TimeTariff(entry.price_id, self._gpu_hours[0][1] * (entry.gpus or 1), entry.assumed_batch_size)

    def costs(self, usage: Usage) -> Costs | None:
        """The four parts; None where the entry has no price for something that was used."""
        tools = 0
        if self._tool_calls or self._requests:
            # Most entries have no price for these: then they cost nothing by themselves.
            calls = _amount(usage.tool_calls, self._tool_calls, usage.input_tokens) if self._tool_calls else 0
            request = _amount(1, self._requests, usage.input_tokens) if self._requests else 0
            if calls is None or request is None:
                return None
            tools = divide_half_even(calls + request, MILLION)
        parts = self._by_time(usage) if self._gpu_hours else self._by_tokens(usage)
        if parts is None or sum(parts) + tools > MAX_NANOUSD:
            return None
        return Costs(self.entry.price_id, *parts, tools)

    def _by_tokens(self, usage: Usage) -> tuple[int, int, int] | None:
        used, output, read, write = usage[:4]
        prefill = _amount(used - read - write, self._uncached, used)
        of_read, of_write = _amount(read, self._cache_read, used), _amount(write, self._cache_write, used)
        generation = _amount(output, self._output, used)
        if prefill is None or of_read is None or of_write is None or generation is None:
            return None
        return (
            divide_half_even(prefill, MILLION),
            divide_half_even(of_read + of_write, MILLION),
            divide_half_even(generation, MILLION),
        )

    def _by_time(self, usage: Usage) -> tuple[int, int, int] | None:
        """The attempt's share of all GPUs while it ran: the requests of a batch share them evenly."""
        sharing = usage.batch_size or self.entry.assumed_batch_size
        if usage.duration_us is None or not sharing:
            return None
        amount = usage.duration_us * self._gpu_hours[0][1] * (self.entry.gpus or 1)
        return 0, 0, divide_half_even(amount, HOUR_US * sharing)


def _amount(count: int, tiers: _Tiers, input_tokens: int) -> int | None:
    """So many times the price that holds for so many input tokens; None: it has no price."""
    if not count:
        return 0
    for above, nanousd in tiers:
        if above == 0 or input_tokens > above:
            return count * nanousd
    return None


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
        quick = (tariff.tokens(), tariff.time()) if tariff else (None, None)
        segments.append(Segment(since, until, *quick, tariff))
    return segments


def _holding(timeline: list[Segment], at: datetime) -> Segment:
    if len(timeline) == 1:
        return timeline[0]
    return timeline[bisect_right(timeline, at, key=lambda segment: segment.since) - 1]
