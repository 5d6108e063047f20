"""Rows whose money comes from the price book where the message tells none: attempts, and the time of people.

This runs for every attempt that is stored, so the usual cases are written out; all others go through
`store/pricing.py`, and a property test holds the two against each other.
"""

from datetime import datetime

from pointsman_contract.outcome import Outcome
from store.pricing import HOUR_US, MAX_NANOUSD, PriceBook, Segment, Usage, divide_half_even
from store.received import Received, StagedTrace
from store.rows import Row, bare_outcome_row

# A trace id as an integer (UUIDs hash slowly), and the start.
TraceKey = tuple[int, datetime]
_REMEMBERED = 10_000
_US = 1e6


class RowPricing:
    """Prices the rows of batches by one book. `unpriced` counts attempts without a cost, by their trace."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._segments: dict[tuple[str, str | None], Segment] = {}
        self.unpriced: dict[TraceKey, int] = {}

    def attempt_rows(self, trace: StagedTrace, part: int) -> list[Row]:
        """The rows of `attempts`, in the order in which they began."""
        of_trace = (part, trace.trace_id, trace.started_at)
        rows: list[Row] = []
        for position, values in enumerate(trace.attempts):
            # The four costs come together or not at all.
            if values[0] is not None:
                rows.append((*of_trace, position, None, *values))
                continue
            costs = self._costs(values, trace.started_at)
            if costs is None:
                key = (trace.trace_id.int, trace.started_at)
                self.unpriced[key] = self.unpriced.get(key, 0) + 1
                rows.append((*of_trace, position, None, *values))
            else:
                rows.append((*of_trace, position, *costs, *values[4:]))
        return rows

    def _costs(self, values: Row, at: datetime) -> Row | None:
        """The price's number and the four parts, in nano-dollars as text; the indexes are those of `LEADING`."""
        segment = self._segments.get(values[4:6])
        if segment is None or not segment[0] <= at < segment[1]:
            segment = self._segment(values[4], values[5], at)
        tokens = segment[2]
        if tokens is None:
            return self._costs_by_time(segment, values)
        uncached, output = values[6], values[7]
        price_id, by, rates, tiers = tokens
        for above, higher in tiers:
            if uncached > above:
                rates = higher
                break
        of_uncached, of_read, of_write, of_output, of_call, of_request = rates
        cache = 0
        if read := values[8]:
            if of_read is None:
                return None
            cache = read * of_read
            uncached -= read
        if write := values[9]:
            if of_write is None:
                return None
            cache += write * of_write
            uncached -= write
        if (of_uncached is None and uncached) or (of_output is None and output):
            return None
        prefill, generation = uncached * (of_uncached or 0), output * (of_output or 0)
        tools = of_request
        if of_call:
            tools += of_call * (values[10] or 0)
        if by != 1:
            prefill, cache, generation, tools = (
                divide_half_even(prefill, by),
                divide_half_even(cache, by),
                divide_half_even(generation, by),
                divide_half_even(tools, by),
            )
        if prefill + cache + generation + tools > MAX_NANOUSD:
            return None
        return price_id, str(prefill), str(cache), str(generation), str(tools)

    def _segment(self, model: str, provider: str | None, at: datetime) -> Segment:
        if len(self._segments) >= _REMEMBERED:
            self._segments.clear()
        segment = self._segments[model, provider] = self._book.segment(model, provider or "", at)
        return segment

    def _costs_by_time(self, segment: Segment, values: Row) -> Row | None:
        time = segment.time
        if time is None:
            return self._costs_of_others(segment, values)
        seconds, sharing = values[11], values[12] or time.assumed_batch_size
        if seconds is None or not sharing:
            return None
        cost = divide_half_even(microseconds(seconds) * time.nanousd_per_hour, HOUR_US * sharing)
        return (time.price_id, "0", "0", str(cost), "0") if cost <= MAX_NANOUSD else None

    def _costs_of_others(self, segment: Segment, values: Row) -> Row | None:
        if segment.tariff is None:
            return None
        costs = segment.tariff.costs(usage_of(values))
        return None if costs is None else (costs[0], *map(str, costs[1:]))

    def trace_row(self, trace: StagedTrace, part: int, offset: int, *, replayed: bool = False) -> Row:
        """One row of `traces`."""
        plain = trace.plain
        # The time of people and its cost.
        if plain[0] is None or plain[1] is not None:
            return (part, offset, replayed, None, *trace.computed, *plain)
        cost, price_id = self._human(plain[0], trace.started_at)
        return (part, offset, replayed, price_id, *trace.computed, plain[0], cost, *plain[2:])

    def outcome_row(self, outcome: Outcome, message: Received, part: int) -> Row:
        """One row of `outcomes`."""
        told, price_id = outcome.human_cost_usd, None
        cost = None if told is None else str(told)
        if told is None and outcome.human_review_s is not None:
            cost, price_id = self._human(outcome.human_review_s, outcome.observed_at)
        return bare_outcome_row(outcome, message, part, cost, price_id)

    def _human(self, seconds: float, at: datetime) -> tuple[str | None, int | None]:
        """The cost of a person's time, in nano-dollars as text, and the price's number."""
        found = self._book.human_cost(microseconds(seconds), at)
        return (None, None) if found is None else (str(found[0]), found[1])


def usage_of(values: Row) -> Usage:
    """What an attempt used, from the values of its row, which begin as `LEADING` says."""
    uses_input, uses_output, read, write, tool_calls, duration_s, batch_size = values[6:13]
    duration_us = None if duration_s is None else microseconds(duration_s)
    return Usage(uses_input, uses_output, read or 0, write or 0, tool_calls or 0, duration_us, batch_size)


def microseconds(seconds: float) -> int:
    """As the database rounds them when they are stored: the product, half to even."""
    return round(seconds * _US)
