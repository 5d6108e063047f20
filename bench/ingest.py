"""How fast `pointsman ingest` stores full-size traces, beside what kafka-python alone reads from the same topic.

Starts Apache Kafka and PostgreSQL (both as the service tests do, PostgreSQL with fsync) and prints one table:

    python -m bench.ingest
    python -m bench.ingest --behind 1000000      # the memory row with a million messages behind

Rates are of wall time between the first and the last commit; every row is the median of its runs (min to max).
"""

import argparse
import multiprocessing
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import topic
from bench.ingest_run import Run, stored_run
from bench.pricing import prices_of_many
from ingest.topics import create_topics
from pointsman.embedded.postgres import wheel_binaries
from pointsman_contract import topics
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer

PARTITIONS = 4
# A batch holds 5,000: there is one duplicate in each.
_AGAIN_EVERY = 4_500


class Services(NamedTuple):
    """What the measurements run against."""

    kafka: ApacheKafka
    postgres: PostgresServer


@contextmanager
def services() -> Iterator[Services]:
    """Apache Kafka and PostgreSQL 18, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        for part in ("kafka", "postgres"):
            (directory / part).mkdir()
        kafka = ApacheKafka(directory / "kafka")
        postgres = PostgresServer(wheel_binaries(), directory / "postgres", durable=True)
        try:
            kafka.start()
            postgres.start()
            yield Services(kafka, postgres)
        finally:
            postgres.stop()
            kafka.stop()


def filled(
    kafka: ApacheKafka, prefix: str, messages: int, again_every: int | None = None, *, costs: bool = True
) -> None:
    """The topics under a prefix of their own, with this many traces."""
    print(f"publishing {messages:,} traces to {prefix}{topics.TRACES}", flush=True)
    create_topics(kafka.bootstrap, prefix=prefix, partitions=PARTITIONS, replication=1)
    name = prefix + topics.TRACES
    topic.fill(kafka.bootstrap, name, messages, partitions=PARTITIONS, again_every=again_every, costs=costs)


def polled(kafka: ApacheKafka, prefix: str, messages: int) -> topic.Rate:
    """The rate of `KafkaConsumer.poll()` alone, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        arguments = (kafka.bootstrap, prefix + topics.TRACES, messages)
        return pool.apply(topic.poll_rate, arguments, {"partitions": PARTITIONS})


def row(name: str, values: Sequence[float], unit: str, digits: int = 0) -> None:
    """One line of the table."""
    median, low, high = (f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    print(f"{name:<52} {median:>10} {unit:<14} ({low} to {high})", flush=True)


def measured(runs: int, kinds: dict[str, Callable[[], topic.Rate | Run]]) -> dict[str, list[topic.Rate | Run]]:
    """Each kind once in every round, so that what else the machine does meets all of them alike."""
    found: dict[str, list[topic.Rate | Run]] = {name: [] for name in kinds}
    for number in range(runs):
        for name, measure in kinds.items():
            found[name].append(measure())
            print(f"round {number + 1} of {runs}: {name}: {found[name][-1].messages_s:,.0f} messages/s", flush=True)
    return found


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200_000, help="traces in each topic (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--behind", type=int, default=0, help="also read a topic of this many, for the memory row")
    arguments = parser.parse_args()
    count = arguments.messages
    with services() as (kafka, postgres):
        filled(kafka, "once.", count)
        filled(kafka, "again.", count, _AGAIN_EVERY)
        filled(kafka, "untold.", count, costs=False)
        found = measured(
            arguments.runs,
            {
                "poll": lambda: polled(kafka, "once.", count),
                "one": lambda: stored_run(kafka, postgres, "once.", count),
                "again": lambda: stored_run(kafka, postgres, "again.", count),
                "untold": lambda: stored_run(kafka, postgres, "untold.", count),
                "priced": lambda: stored_run(kafka, postgres, "untold.", count, prices=prices_of_many()),
                "two": lambda: stored_run(kafka, postgres, "once.", count, processes=2),
            },
        )
        behind = None
        if arguments.behind:
            filled(kafka, "behind.", arguments.behind)
            behind = stored_run(kafka, postgres, "behind.", arguments.behind)
    table(found, behind, arguments)


def table(found: dict[str, list[topic.Rate | Run]], behind: Run | None, arguments: argparse.Namespace) -> None:
    """What was measured; ratios are of one round, so that they hold where the machine's speed drifts."""
    print(f"\n{_machine()}; {arguments.runs} rounds of {arguments.messages:,} traces, {PARTITIONS} partitions\n")
    rates = {name: [one.messages_s for one in runs] for name, runs in found.items()}
    ones = [run for run in found["one"] if isinstance(run, Run)]
    row("KafkaConsumer.poll() alone", rates["poll"], "messages/s")
    row("  CPU", [one.cpu_s_a_million for one in found["poll"]], "s a million", 1)
    row("pointsman ingest", rates["one"], "traces/s")
    row("  ratio to poll() of the same round", _ratios(rates["one"], rates["poll"]), "", 3)
    row("  CPU of ingest", [run.cpu_s_a_million for run in ones], "s a million", 1)
    row("  CPU of PostgreSQL", [run.database_cpu_s_a_million for run in ones], "s a million", 1)
    row("  peak memory of ingest", [run.peak_mib for run in ones], "MiB")
    row("  bytes in the store, with indexes", [run.bytes_a_trace for run in ones], "bytes a trace")
    row("one duplicate in each batch", rates["again"], "messages/s")
    row("  ratio to none of the same round", _ratios(rates["again"], rates["one"]), "", 3)
    row("no costs told, empty price book", rates["untold"], "traces/s")
    row("no costs told, priced by the book", rates["priced"], "traces/s")
    row("  ratio to an empty book in the same round", _ratios(rates["priced"], rates["untold"]), "", 3)
    row("  ratio to costs told in the same round", _ratios(rates["priced"], rates["one"]), "", 3)
    row("two processes", rates["two"], "traces/s")
    row("  ratio to one process of the same round", _ratios(rates["two"], rates["one"]), "", 3)
    if behind is not None:
        row(f"{arguments.behind:,} messages behind", [behind.messages_s], "traces/s")
        row("  peak memory of ingest", [behind.peak_mib], "MiB")


def _ratios(upper: Sequence[float], lower: Sequence[float]) -> list[float]:
    return [over / under for over, under in zip(upper, lower, strict=True)]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
