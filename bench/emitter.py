"""What an emitter costs a request: dispatch, telling and emitting, while its thread sends to a real broker.

Run: python -m bench.emitter (on the embedded broker; --bootstrap host:port for Apache Kafka, where it makes topics
under --topic-prefix). A request tells every field that a real router fills, 1.2 KB of JSON.

Two times are taken of each request: what the clock says, which has the waits for the interpreter and for a core in it,
and what its thread used of a core. The lines without an emitter make the same calls to an object that does nothing:
what the machine takes for as much Python just behind a pause.

--codec prints why the emitter compresses with gzip: what a trace costs its threads, with and without the package
crc32c. These traces differ in their ids and times alone; real ones compress less well.
"""

import argparse
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from typing import NamedTuple, Self

from crc32c import crc32c
from kafka.codec import gzip_encode
from kafka.record._crc32c import crc as crc32c_in_python

from ingest.topics import create_topics
from pointsman.embedded.broker import embedded_broker
from pointsman_router import EmitterLimits, EmitterStats, Request, TraceEmitter
from pointsman_router.boot import Boot
from pointsman_router.encoding import encode_message

TARGET_US = 50
REPEATS = 5
ENCODED = 100
LOADS = (
    (1, 0.002, "1 thread, calls of 2 ms"),
    (8, 0.010, "8 threads, calls of 10 ms"),
    (1, 0.0, "1 thread, nothing else"),
    (8, 0.0, "8 threads, nothing else"),
)


class Figures(NamedTuple):
    """Of one run, in microseconds a request: by the clock, of its thread, of the whole process; and what arrived."""

    clock_us: list[float]
    thread_us: list[float]
    process_us: float
    stats: EmitterStats | None


class Nothing:
    """Takes what an emitter takes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def dispatch(self, **_: object) -> Self:
        """One more of them."""
        return self

    def attempt(self, **_: object) -> None:
        """Nothing."""

    def finish(self, **_: object) -> None:
        """Nothing."""


def tell(request: Request | Nothing) -> None:
    """All that a real router knows."""
    request.attempt(
        role="primary",
        model="qwen-3.5-72b",
        requested_model="qwen",
        provider="vllm",
        region="eu-1",
        effort="medium",
        tokenizer="qwen3",
        call_mode="json",
        streamed=True,
        enforcement="grammar",
        input_tokens=1234,
        cache_read_tokens=1000,
        output_tokens=321,
        reasoning_tokens=100,
        input_chars=5000,
        output_chars=1301,
        prefill_cost_usd=Decimal("0.000412"),
        cache_cost_usd=Decimal(0),
        generation_cost_usd=Decimal("0.00123"),
        tools_cost_usd=Decimal(0),
        ttft_s=0.12,
        duration_s=0.8,
        status="ok",
        finish_reason="stop",
        schema_id="invoice/3",
        schema_valid=True,
        repaired=False,
        refused=False,
        injection="none",
    )
    request.finish(
        tenant="t-91",
        session_id="s-1234567",
        risk="low",
        language="en",
        modalities=["text"],
        prompt_version="v12",
        route_kind="economy",
        protocol="cascade",
        threshold=0.7,
        confidence=0.83,
        difficulty=0.2,
        routing_s=0.003,
        routing_cost_usd=Decimal("0.00001"),
        outcome="success",
    )


def route(emitter: TraceEmitter | Nothing, count: int, pause_s: float, found: list[tuple[float, float]]) -> None:
    """One thread's requests: the two pieces that are ours are timed, the pretended model call between them is not."""
    clock, own = time.perf_counter_ns, time.thread_time_ns
    for _ in range(count):
        own_1, clock_1 = own(), clock()
        block = emitter.dispatch(route="invoices", arm="canary", task_class="extraction", epoch=17)
        request = block.__enter__()
        clock_2, own_2 = clock(), own()
        if pause_s:
            time.sleep(pause_s)
        own_3, clock_3 = own(), clock()
        tell(request)
        block.__exit__(None, None, None)
        clock_4, own_4 = clock(), own()
        found.append(((clock_2 - clock_1 + clock_4 - clock_3) / 1000, (own_2 - own_1 + own_4 - own_3) / 1000))


def measure(emitter: TraceEmitter | Nothing, threads: int, count: int, pause_s: float) -> Figures:
    """Run them side by side and close."""
    found: list[list[tuple[float, float]]] = [[] for _ in range(threads)]
    began = time.process_time()
    running = [
        threading.Thread(target=route, args=(emitter, count // threads, pause_s, found[number]))
        for number in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if isinstance(emitter, TraceEmitter):
        emitter.close(timeout_s=60)
    process_us = (time.process_time() - began) / count * 1e6
    clock_us, thread_us = zip(*(pair for pairs in found for pair in pairs), strict=True)
    stats = emitter.stats() if isinstance(emitter, TraceEmitter) else None
    return Figures(sorted(clock_us), sorted(thread_us), process_us, stats)


def at(values: list[float], share: float) -> float:
    """A quantile of sorted values."""
    return values[min(int(len(values) * share), len(values) - 1)]


def print_line(name: str, figures: Figures) -> None:
    """Medians and 99th percentiles of one run."""
    clock, own, stats = figures.clock_us, figures.thread_us, figures.stats
    line = f"{name:<38} {at(clock, 0.5):7.1f} {at(clock, 0.99):8.1f} {at(own, 0.5):7.1f} {at(own, 0.99):7.1f}"
    arrived = f" {stats.delivered:>10,} {stats.dropped:>8,}" if stats else ""
    print(f"{line} {figures.process_us:8.0f}{arrived}", flush=True)


def best_us(work: Callable[[], object]) -> float:
    """Microseconds of this thread's time, the best of several tries."""
    times = []
    for _ in range(REPEATS):
        began = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - began) / 1000)
    return min(times)


def print_codec() -> int:
    """Print one line for each size of batch."""
    boot = Boot(environment="bench", router_id="router-3", limits=EmitterLimits())
    requests = []
    for _ in range(ENCODED):
        with Request(boot, ("invoices", "canary", "extraction", 17)) as request:
            tell(request)
        requests.append(request)
    encoded = [encode_message(request.draft()) for request in requests]
    encoding_us = best_us(lambda: [encode_message(request.draft()) for request in requests]) / ENCODED
    print(f"load {os.getloadavg()[0]:.1f}; validating and encoding: {encoding_us:.0f} us a trace")
    print(f"{'a trace':>12} {'plain':>9} {'gzip':>9} {'gzip':>7} {'checksum in Python':>26} {'in C':>12}")
    print(f"{'batch of':>12} {'bytes':>9} {'bytes':>9} {'us':>7} {'plain us':>15} {'gzip us':>10} {'plain us':>12}")
    for count in (1, 10, 100):
        plain = b"".join(one.key + one.value for one in encoded[:count])
        small = gzip_encode(plain)
        work = (
            partial(gzip_encode, plain),
            partial(crc32c_in_python, plain),
            partial(crc32c_in_python, small),
            partial(crc32c, plain),
        )
        times = [best_us(one) / count for one in work]
        sizes = f"{count:>12} {len(plain) // count:>9,} {len(small) // count:>9,}"
        print(f"{sizes} {times[0]:>7.1f} {times[1]:>15.1f} {times[2]:>10.1f} {times[3]:>12.2f}")
    return 0


def main() -> int:
    """Print one table; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", help="Kafka, host:port (default: an embedded broker)")
    parser.add_argument("--topic-prefix", default="", help="in front of the topics' names")
    parser.add_argument("--requests", type=int, default=8_000, help="of each run (default: %(default)s)")
    parser.add_argument("--codec", action="store_true", help="what gzip and checksums cost instead; needs no broker")
    arguments = parser.parse_args()
    if arguments.codec:
        return print_codec()
    with ExitStack() as stack:
        bootstrap = arguments.bootstrap or stack.enter_context(embedded_broker())
        create_topics(bootstrap, prefix=arguments.topic_prefix, partitions=3, replication=1)
        return print_table(bootstrap, arguments)


def print_table(bootstrap: str, arguments: argparse.Namespace) -> int:
    """A line for each way to load it."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    load = os.getloadavg()[0]
    print(f"load {load:.1f}; {arguments.requests:,} requests each; microseconds")
    print(
        f"{'':<38} {'clock':>7} {'99 %':>8} {'thread':>7} {'99 %':>7} {'process':>8} {'delivered':>10} {'dropped':>8}"
    )
    worst = 0.0
    for threads, pause_s, name in LOADS:
        without = measure(Nothing(), threads, arguments.requests, pause_s)
        print_line(f"{name}, no emitter", without)
        emitter = TraceEmitter(
            bootstrap,
            environment="bench",
            router_id="bench",
            topic_prefix=arguments.topic_prefix,
        )
        time.sleep(1)
        figures = measure(emitter, threads, arguments.requests, pause_s)
        print_line(name, figures)
        worst = max(worst, at(figures.clock_us, 0.5) - at(without.clock_us, 0.5))
    print(f"a request lost at most {worst:.0f} more than without an emitter, at the median; target: under {TARGET_US}")
    return int(worst > TARGET_US)


if __name__ == "__main__":
    sys.exit(main())
