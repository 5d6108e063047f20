"""What a trace costs between its bytes and the commit: decode, rows and COPY, look-up and inserts.

Run: python bench/store_batches.py --database-url postgresql://…/scratch (an empty database; it is migrated and filled).
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ingest.broker import Message
from ingest.reading import read_message
from migrations.schema import migrate
from pointsman_contract.trace import Trace
from store import offsets
from store.batches import BatchStore
from store.days import Days
from store.received import Batch, Received, Source, Span
from store.routes import AdmittedRoutes
from store.sessions import Sessions

SOURCE = Source("bench", uuid4(), "routing.traces", 0)


def attempt(role: str) -> dict[str, object]:
    """A model call with every field that a real router fills."""
    return {
        "role": role, "model": "qwen-3.5-72b", "requested_model": "qwen", "provider": "vllm", "region": "eu-1",
        "effort": "medium", "tokenizer": "qwen3", "call_mode": "json", "streamed": True, "enforcement": "grammar",
        "input_tokens": 1234, "cache_read_tokens": 1000, "output_tokens": 321, "reasoning_tokens": 100,
        "input_chars": 5000, "output_chars": 1301, "prefill_cost_usd": "0.000412", "cache_cost_usd": "0",
        "generation_cost_usd": "0.00123", "tools_cost_usd": "0", "ttft_s": 0.12, "duration_s": 0.8, "status": "ok",
        "finish_reason": "stop", "schema_id": "invoice/3", "schema_valid": True, "repaired": False, "refused": False,
        "injection": "none",
    }  # fmt: skip


def trace(now: datetime, rng: random.Random) -> bytes:
    """A full-size trace with 1.2 attempts on average."""
    return json.dumps(
        {
            "kind": "pointsman.trace/1",
            "trace_id": str(uuid4()),
            "started_at": (now - timedelta(seconds=rng.random())).isoformat(),
            "duration_s": 0.84,
            "environment": "prod",
            "router_id": "router-3",
            "tenant": "t-91",
            "session_id": "s-1234567",
            "task_class": "extraction",
            "risk": "low",
            "language": "en",
            "modalities": ["text"],
            "prompt_version": "v12",
            "route": "invoices",
            "route_kind": "economy",
            "protocol": "cascade",
            "policy_epoch": 17,
            "arm": "canary",
            "threshold": 0.7,
            "confidence": 0.83,
            "difficulty": 0.2,
            "routing_s": 0.003,
            "routing_cost_usd": "0.00001",
            "outcome": "success",
            "attempts": [attempt("primary"), *([attempt("escalation")] if rng.random() < 0.2 else [])],
        }
    ).encode()


def batches(count: int, size: int, *, duplicates: int) -> Iterator[list[bytes]]:
    """Batches of full-size traces; each carries `duplicates` traces of the batch before."""
    rng = random.Random(7)
    before: list[bytes] = []
    for _ in range(count):
        fresh = [trace(datetime.now(UTC), rng) for _ in range(size - min(duplicates, len(before)))]
        yield fresh + before[:duplicates]
        before = fresh


def measure(store: BatchStore, count: int, size: int, *, duplicates: int, first: int) -> list[tuple[float, float]]:
    """(decode, store) in microseconds a trace of wall time, for each batch."""
    figures = []
    offset = first
    for values in batches(count, size, duplicates=duplicates):
        now = datetime.now(UTC)
        stamp = int(now.timestamp() * 1000)
        began = time.perf_counter()
        read: list[Received] = [
            read_message(SOURCE, Trace, Message(offset + at, stamp, None, value), now).received
            for at, value in enumerate(values)
        ]
        decoded = time.perf_counter()
        store.store(Batch(read, {SOURCE: Span(offset, offset + size)}))
        ended = time.perf_counter()
        figures.append(((decoded - began) / size * 1e6, (ended - decoded) / size * 1e6))
        offset += size
    return figures


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--size", type=int, default=5_000, help="messages in a batch (default: %(default)s)")
    arguments = parser.parse_args()
    sessions = Sessions(arguments.database_url, application="pointsman bench")
    migrate(sessions)
    store = BatchStore(
        sessions, Days(sessions, raw_retention=timedelta(days=30)), AdmittedRoutes(sessions), keep_payloads=True
    )
    with sessions.write() as db:
        offsets.begin_partition(db, SOURCE, 0)
    print(f"{arguments.batches} batches of {arguments.size:,} traces each; microseconds a trace, medians (min to max)")
    first = 0
    for name, duplicates in (("no duplicate", 0), ("one duplicate in each batch", 1)):
        figures = measure(store, arguments.batches, arguments.size, duplicates=duplicates, first=first)
        first += arguments.batches * arguments.size
        for part, values in (("decode", [one[0] for one in figures]), ("store", [one[1] for one in figures])):
            print(f"{name:<28} {part:<7} {statistics.median(values):7.1f} ({min(values):.1f} to {max(values):.1f})")
    sessions.close()


if __name__ == "__main__":
    main()
