"""One run of `pointsman ingest` over a topic that is there already, into a database of its own."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from bench.processes import cpu_s, database_cpu_s, peak_mib
from store.price_book import add_entries
from store.price_entries import PriceEntry
from store.sessions import Sessions
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer, fresh_database

_STORED = "SELECT coalesce(sum(stored + duplicate + dead), 0) FROM ingest_batches"
_LOOK_S = 0.1
_LIMIT_S = 900.0
_STOP_S = 15


class Run(NamedTuple):
    """What one run cost: rates of wall time, CPU seconds for a million messages, memory of the largest process."""

    messages_s: float
    cpu_s_a_million: float
    database_cpu_s_a_million: float
    peak_mib: float
    bytes_a_trace: float


class _Seen(NamedTuple):
    """How far the store is, and the CPU seconds that got it there."""

    messages: int
    ingest_s: float
    database_s: float


def stored_run(
    kafka: ApacheKafka,
    postgres: PostgresServer,
    prefix: str,
    messages: int,
    *,
    processes: int = 1,
    prices: Sequence[PriceEntry] = (),
) -> Run:
    """Read the whole topic of traces with this many processes of one consumer group, and these prices in the book."""
    with fresh_database(postgres) as url:
        environment = os.environ | {
            "POINTSMAN_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "POINTSMAN_DATABASE_URL": url,
            "POINTSMAN_TOPIC_PREFIX": prefix,
            "POINTSMAN_CONSUMER_GROUP": f"bench-{secrets.token_hex(4)}",
            "POINTSMAN_HTTP_PORT": "0",
            "POINTSMAN_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "pointsman"]
        subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True)
        _fill_book(url, prices)
        members = [subprocess.Popen([*command, "ingest"], env=environment) for _ in range(processes)]
        try:
            # Without what the start of a process costs: a million messages would make it small.
            first = _seen_at(url, 1, members)
            last = _seen_at(url, messages, members)
            peak = max(peak_mib(member.pid) for member in members)
        finally:
            for member in members:
                member.terminate()
            for member in members:
                member.wait(_STOP_S)
        rate, size = _stored(url)
    millions = (last.messages - first.messages) / 1e6
    return Run(
        rate, (last.ingest_s - first.ingest_s) / millions, (last.database_s - first.database_s) / millions, peak, size
    )


def _fill_book(url: str, prices: Sequence[PriceEntry]) -> None:
    sessions = Sessions(url)
    with sessions.write() as db:
        add_entries(db, prices, withdraw=(), known=())
    sessions.close()


def _seen_at(url: str, messages: int, members: list[subprocess.Popen[bytes]]) -> _Seen:
    """Wait until the store has this many messages, and look."""
    deadline = time.monotonic() + _LIMIT_S
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT coalesce(sum(stored + duplicate + dead), 0) FROM ingest_batches"
            ).fetchone()
            found = int(row[0]) if row is not None else 0
            if found >= messages:
                return _Seen(found, sum(cpu_s(member.pid) for member in members), database_cpu_s(url))
            if time.monotonic() > deadline or any(member.poll() is not None for member in members):
                raise RuntimeError(f"of {messages:,} messages only {found:,} are stored")
            time.sleep(_LOOK_S)


def _stored(url: str) -> tuple[float, float]:
    """Messages a second between the first commit and the last, and the bytes on disk of a trace."""
    with psycopg.connect(url) as connection:
        rate = connection.execute(
            "SELECT sum(n) FILTER (WHERE at > first) / extract(epoch FROM max(at) - min(at)) FROM"
            " (SELECT committed_at AS at, stored + duplicate + dead AS n, min(committed_at) OVER () AS first"
            " FROM ingest_batches) AS batches"
        ).fetchone()
        size = connection.execute(
            "SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
            " WHERE inhparent IN ('traces'::regclass, 'attempts'::regclass)) / (SELECT count(*) FROM traces)"
        ).fetchone()
    if rate is None or size is None:
        raise RuntimeError("nothing was stored")
    return float(rate[0]), float(size[0])
