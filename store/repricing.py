"""Prices for what is stored already. Traces and attempts are never updated: the new costs stand in `repriced_attempts`.

A row there replaces the costs and the price of its attempt, NULLs too. Attempts whose costs the router told keep them.
New costs and the rollups of their day are one transaction: between the two an outcome would take away a cost that was
never added.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from store.days import pages_of, span_of_day
from store.lacking import Lack, lacking
from store.pricing import Costs, PriceBook, Usage
from store.rollups.facts import by_choice
from store.rollups.rebuilding import is_whole, make_again
from store.rollups.tick import begin_job, prepare_tick
from store.sessions import Sessions

# 1 MiB of a day's rows at a time, so that memory does not grow with the day.
_BLOCKS = 128
HUMAN_REVIEW = "human review"
# Of the trace's own time of people, in `repriced_attempts`.
_OF_TRACE = -1
_COSTS = ("prefill_cost_nanousd", "cache_cost_nanousd", "generation_cost_nanousd", "tools_cost_nanousd", "price_id")
_NOW_COSTS = ", ".join(f"CASE WHEN r.trace_id IS NULL THEN a.{name} ELSE r.{name} END" for name in _COSTS)
_WINDOW = (
    " a.started_at >= :since AND a.started_at < :until AND a.ctid >= CAST(:from_ctid AS tid)"
    " AND a.ctid < CAST(:to_ctid AS tid)"
)
_ATTEMPTS = text(
    "SELECT a.trace_id, a.started_at, a.position, a.model, a.provider, a.input_tokens, a.output_tokens,"
    " coalesce(a.cache_read_tokens, 0), coalesce(a.cache_write_tokens, 0), coalesce(a.tool_calls, 0), a.duration_us,"
    f" a.batch_size, {_NOW_COSTS} FROM attempts a LEFT JOIN repriced_attempts r ON r.started_at = a.started_at"
    f" AND r.trace_id = a.trace_id AND r.position = a.position WHERE{_WINDOW}"
    " AND (a.price_id IS NOT NULL OR a.generation_cost_nanousd IS NULL)"
    " AND (CAST(:model AS text) IS NULL OR a.model = :model)"
)
_REVIEWS = text(
    "SELECT a.trace_id, a.started_at, a.human_review_us,"
    " CASE WHEN r.trace_id IS NULL THEN a.human_cost_nanousd ELSE r.generation_cost_nanousd END"
    " FROM traces a LEFT JOIN repriced_attempts r ON r.started_at = a.started_at AND r.trace_id = a.trace_id"
    f" AND r.position = {_OF_TRACE} WHERE{_WINDOW} AND a.human_review_us IS NOT NULL"
    " AND (a.human_price_id IS NOT NULL OR a.human_cost_nanousd IS NULL)"
)
# One statement for a window: a row at a time takes three times as long.
_REPLACE = text(
    f"INSERT INTO repriced_attempts (trace_id, started_at, position, {', '.join(_COSTS)})"
    " SELECT * FROM unnest(CAST(:trace_id AS uuid[]), CAST(:started_at AS timestamptz[]),"
    " CAST(:position AS smallint[]),"
    f" {', '.join(f'CAST(:{name} AS bigint[])' for name in _COSTS)})"
    " ON CONFLICT (started_at, trace_id, position) DO UPDATE SET repriced_at = now(),"
    f" {', '.join(f'{name} = excluded.{name}' for name in _COSTS)}"
)


class Repriced(NamedTuple):
    """One attempt (position -1: the human review of its trace) before and after: nano-dollars, None: no price known."""

    trace_id: UUID
    started_at: datetime
    position: int
    model: str
    before: int | None
    after: int | None
    costs: Costs | None
    changed: bool
    # Why the book has no cost for an attempt.
    lack: Lack | None = None


class Period(NamedTuple):
    """What is priced: starts from `since` and before `until`, of one model alone where it is named."""

    since: datetime
    until: datetime
    model: str | None = None


def compare_prices(sessions: Sessions, book: PriceBook, day: date, period: Period) -> Generator[Sequence[Repriced]]:
    """What a day's part of the period costs by `book`, some rows at a time. Raises StoreAway.

    Without a model the time of people too.
    """
    with sessions.read() as db:
        windows = list(_windows(db, day, period))
    for window in windows:
        with sessions.read() as db:
            found = _price(db, book, window, period.model)
        yield found


def reprice_day(
    sessions: Sessions, book: PriceBook, day: date, period: Period, seen: Callable[[Repriced], None] = lambda _: None
) -> int | None:
    """Keep what changes and make the day's rollups again, in one transaction; how many changed. Raises StoreAway.

    Ticks and `forget` wait meanwhile. `seen` is called with every attempt, changed or not. None, and nothing is done,
    where raw rows of the day were deleted: its sums could not be made again.
    """
    changed = 0
    with sessions.write(prepare=prepare_tick) as db:
        begin_job(db, is_patient=True, beside=("repriced_attempts",))
        if not is_whole(db, day):
            return None
        # As large as the day is in the sight of this transaction, which may have waited long for its turn.
        for window in list(_windows(db, day, period)):
            found = _price(db, book, window, period.model)
            for one in found:
                seen(one)
            some = [one for one in found if one.changed]
            _keep(db, some)
            changed += len(some)
        if changed:
            by_choice(db)
            make_again(db, day)
    return changed


class _Window(NamedTuple):
    """Pages of a day's partition."""

    table: str
    since: datetime
    until: datetime
    from_ctid: str
    to_ctid: str


def _windows(db: Connection, day: date, period: Period) -> Iterator[_Window]:
    begin, end = span_of_day(day)
    bounds = max(begin, period.since), min(end, period.until)
    for table in ("attempts",) if period.model is not None else ("attempts", "traces"):
        for first in range(0, pages_of(db, table, day), _BLOCKS):
            yield _Window(table, *bounds, f"({first},0)", f"({first + _BLOCKS},0)")


def _price(db: Connection, book: PriceBook, window: _Window, model: str | None) -> list[Repriced]:
    # By the pages of the window and by keys, whatever the statistics say.
    db.execute(text("SET LOCAL enable_seqscan = off"))
    parameters = window._asdict()
    return (
        _of_attempts(db, book, parameters, model) if window.table == "attempts" else _of_reviews(db, book, parameters)
    )


def _of_attempts(db: Connection, book: PriceBook, window: dict[str, Any], model: str | None) -> list[Repriced]:
    found = []
    for row in db.execute(_ATTEMPTS, {**window, "model": model}):
        trace_id, started_at, position, of_model, provider = row[:5]
        before = row[12:16]
        usage = Usage(*row[5:12])
        costs = book.costs(of_model, provider, started_at, usage)
        after = (None,) * 4 if costs is None else costs[1:]
        lack = lacking(book, of_model, provider, started_at, usage) if costs is None else None
        sums = (_total(before), _total(after))
        changed = after != tuple(before)
        found.append(Repriced(trace_id, started_at, position, of_model, *sums, costs, changed, lack))
    return found


def _of_reviews(db: Connection, book: PriceBook, window: dict[str, Any]) -> list[Repriced]:
    found = []
    for trace_id, started_at, review_us, before in db.execute(_REVIEWS, window):
        cost = book.human_cost(review_us, started_at)
        after, costs = (None, None) if cost is None else (cost[0], Costs(cost[1], 0, 0, cost[0], 0))
        change = after != before
        found.append(Repriced(trace_id, started_at, _OF_TRACE, HUMAN_REVIEW, before, after, costs, change))
    return found


def _total(parts: Sequence[int | None]) -> int | None:
    told = [part for part in parts if part is not None]
    return sum(told) if told else None


def _keep(db: Connection, changed: Sequence[Repriced]) -> None:
    if not changed:
        return
    costs = zip(
        *(one.costs[1:] + one.costs[:1] if one.costs else (None,) * len(_COSTS) for one in changed), strict=True
    )
    columns: dict[str, list[object]] = dict(zip(_COSTS, map(list, costs), strict=True))
    for name in ("trace_id", "started_at", "position"):
        columns[name] = [getattr(one, name) for one in changed]
    db.execute(_REPLACE, columns)
