"""What pricing costs ingest, in microseconds of its CPU for a trace: the rows alone, without Kafka and PostgreSQL.

    python -m bench.pricing

`read` is what reading the message takes beside it. Each figure is the best of its rounds: other work only adds.
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.full_trace import full_trace
from ingest.fast_traces import read_fast
from store.price_entries import Price, PriceEntry, Unit
from store.priced_rows import RowPricing
from store.pricing import PriceBook
from store.received import StagedTrace

MODELS = 500
_TOKENS = (Unit.INPUT_TOKENS, Unit.CACHE_READ_TOKENS, Unit.CACHE_WRITE_TOKENS, Unit.OUTPUT_TOKENS)


def prices_of_many(nanousd: int = 330_000_000, *, tiers: bool = False) -> list[PriceEntry]:
    """Prices of the benchmark's model and of many others; nano-dollars for a million tokens."""
    names = ["qwen-3.5-*", *(f"model-{number}*" for number in range(MODELS))]
    prices = [Price(unit, 0, nanousd) for unit in _TOKENS]
    prices += [Price(unit, 2_000, 2 * nanousd) for unit in _TOKENS if tiers]
    return [
        PriceEntry(model=name, prices=tuple(sorted(prices)), price_id=number) for number, name in enumerate(names, 1)
    ]


def best(rounds: int, count: int, work: Callable[[], object]) -> float:
    """Microseconds for one of `count`."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken) / count * 1e6


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=20_000, help="traces in each round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds (default: %(default)s)")
    arguments = parser.parse_args()
    rng, now = random.Random(1), datetime.now(UTC)
    latest = now + timedelta(minutes=5)
    told = [full_trace(rng, now)[1] for _ in range(arguments.traces)]
    untold = [full_trace(rng, now, costs=False)[1] for _ in range(arguments.traces)]

    def read(messages: list[bytes]) -> list[StagedTrace]:
        return [trace for trace in (read_fast(message, latest) for message in messages) if trace is not None]

    def rows(traces: list[StagedTrace], book: PriceBook) -> None:
        pricing = RowPricing(book)
        for trace in traces:
            pricing.trace_row(trace, 1, 1)
            pricing.attempt_rows(trace, 1)

    kinds: dict[str, Callable[[], object]] = {
        "read, costs told": lambda: read(told),
        "read, no costs": lambda: read(untold),
    }
    staged, bare = read(told), read(untold)
    books = {
        "whole nano-dollars a token": PriceBook(prices_of_many()),
        "rounded": PriceBook(prices_of_many(333_333_333)),
        "tiers": PriceBook(prices_of_many(tiers=True)),
        "tokens and tool calls": PriceBook(
            replace(one, prices=(*one.prices, Price(Unit.TOOL_CALLS, 0, 10**10))) for one in prices_of_many()
        ),
        "GPU hours": PriceBook(
            replace(one, prices=(Price(Unit.GPU_HOURS, 0, 28 * 10**8),), gpus=4) for one in prices_of_many()
        ),
    }
    kinds["rows, costs told"] = lambda: rows(staged, books["tiers"])
    kinds["rows, no costs, empty book"] = lambda: rows(bare, PriceBook())
    for name, book in books.items():
        kinds[f"rows, priced, {name}"] = lambda book=book: rows(bare, book)  # type: ignore[misc]
    for name, work in kinds.items():
        print(f"{name:<44} {best(arguments.rounds, arguments.traces, work):>7.2f} us a trace", flush=True)


if __name__ == "__main__":
    main()
