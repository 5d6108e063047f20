"""How long `pointsman measures` takes over 90 days of 1,600 keys, and how much memory.

Starts PostgreSQL 18 and fills the rollups by themselves, as ticks of three months would have left them:

    python -m bench.measures

Each row is the median of its runs (min to max): a process of its own, from its start to its end, and the part of it
that reads and computes.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from analytics.report import Asked, report
from bench.ingest import row
from bench.rollups import server
from migrations.schema import migrate
from pointsman.screens.measures import HEADLINES
from store.rollups.closing import close_a_week
from store.rollups.columns import ATTEMPT_SUMS, REQUEST_SUMS, Sum
from store.rollups.freshness import clock
from store.rollups.reading import cover
from store.sessions import Sessions

_DAYS, _KEYS, _ROUTES = 90, 1600, 20
_MIB = 1024
_KEY = "CAST(lpad(to_hex({number}), 32, '0') AS uuid)"
# What excludes the other counts.
_NONE = {"errors", "timeouts", "rate_limited", "cancelled", "unpriced", "failed", "abandoned", "priced_unknown"}
# Log bins of a log-normal time around a second: as many as a hundred requests an hour fill.
_BINS = 40


class Run(NamedTuple):
    """One process: seconds of wall time, MiB at most."""

    wall_s: float
    peak_mib: float


def fill(db: Connection) -> None:
    """Keys, and sums of every hour and day; bins of every day, and of the hours of the last two."""
    db.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL jit = off"))
    _keys(db)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for level, step in (("hour", timedelta(hours=1)), ("day", timedelta(days=1))):
        last = end if level == "hour" else end.replace(hour=0)
        buckets = f"generate_series(CAST(:last AS timestamptz) - interval '{_DAYS} days', :last, interval '1 {level}')"
        for family, sums, offset in (("request", REQUEST_SUMS, 0), ("attempt", ATTEMPT_SUMS, _KEYS)):
            _sums(db, f"{family}_rollups_{level}", buckets, sums, offset, 100 * int(step / timedelta(hours=1)), last)
        _bins(db, level, buckets if level == "day" else buckets.replace(f"{_DAYS} days", "2 days"), last)


def _keys(db: Connection) -> None:
    db.execute(
        text(
            "INSERT INTO request_keys SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), 'prod',"
            f" 'route-' || n % {_ROUTES}, 'economy', CASE n % 2 WHEN 0 THEN 'baseline' ELSE 'canary' END, '', n % 4,"
            " 'cascade', 'task-' || n / 160, '', 'model-' || n % 5, '' FROM generate_series(0, :keys - 1) n"
        ),
        {"keys": _KEYS},
    )
    db.execute(
        text(
            f"INSERT INTO attempt_keys SELECT CAST(lpad(to_hex(n + {_KEYS}), 32, '0') AS uuid), 'prod',"
            f" 'route-' || n % {_ROUTES}, CASE n % 2 WHEN 0 THEN 'baseline' ELSE 'canary' END, 'primary',"
            " 'model-' || n % 5, 'vllm', 'medium', 'grammar', 'json', 'en', 'task-' || n / 160,"
            " CASE n % 3 WHEN 0 THEN '4k' ELSE '32k' END, '' FROM generate_series(0, :keys - 1) n"
        ),
        {"keys": _KEYS},
    )


def _sums(
    db: Connection, table: str, buckets: str, sums: tuple[Sum, ...], offset: int, requests: int, last: datetime
) -> None:
    """Plausible sums: as many of every count as requests, amounts of thousands, squares of millions each."""
    squares = ("_sq", "_chars_tokens")
    each = [1 if one.kind == "count" else 4_000_000 if one.name.endswith(squares) else 1_500 for one in sums]
    values = [
        "0" if of.name in _NONE else f"{one * requests} + n % 2 * {one}" for one, of in zip(each, sums, strict=True)
    ]
    db.execute(
        text(
            f"INSERT INTO {table} SELECT b, {_KEY.format(number=f'n + {offset}')}, {', '.join(values)}"
            f" FROM {buckets} b, generate_series(0, {_KEYS - 1}) n"
        ),
        {"last": last},
    )


def _bins(db: Connection, level: str, buckets: str, last: datetime) -> None:
    for kinds, offset in ((("duration", "ttft"), 0), (("attempt_duration", "attempt_ttft", "inter_token"), _KEYS)):
        db.execute(
            text(
                f"INSERT INTO latency_rollups_{level} SELECT b, {_KEY.format(number=f'n + {offset}')}, kind,"
                f" (SELECT array_agg(CAST(600 + n % 10 + 2 * i AS smallint)) FROM generate_series(1, {_BINS}) i),"
                # No two alike, else PostgreSQL would take the arrays apart once and remember.
                f" (SELECT array_agg(1 + abs(hashint8(i * 7919 + n * 104729 + extract(epoch FROM b)::bigint) % 2))"
                f" FROM generate_series(1, {_BINS}) i)"
                f" FROM {buckets} b, generate_series(0, {_KEYS - 1}) n, unnest(CAST(:kinds AS text[])) kind"
            ),
            {"last": last, "kinds": list(kinds)},
        )


def vacuum(sessions: Sessions) -> None:
    """As PostgreSQL does it by itself in time."""
    with sessions.autocommit() as db:
        db.execute(text("SET statement_timeout = 0"))
        db.execute(text("VACUUM ANALYZE"))
        db.invalidate()


def close_weeks(sessions: Sessions) -> list[float]:
    """Every week that is over, as steer does it; the seconds of each."""
    times: list[float] = []
    began = time.monotonic()
    while close_a_week(sessions, rest=timedelta()) is not None:
        times.append(time.monotonic() - began)
        began = time.monotonic()
    return times


def command(url: str, *arguments: str) -> Run:
    """`pointsman measures` as a person runs it."""
    began = time.monotonic()
    environment = {**os.environ, "POINTSMAN_DATABASE_URL": url}
    with subprocess.Popen(
        [sys.executable, "-m", "pointsman", "measures", *arguments], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"measures ended with {process.returncode}")
    return Run(time.monotonic() - began, usage.ru_maxrss / _MIB)


def inside(sessions: Sessions, **asked: object) -> float:
    """Seconds of reading and computing, without the start of Python."""
    began = time.monotonic()
    with sessions.read() as db:
        now, minutes_from = clock(db)
    parts = cover(now - timedelta(days=_DAYS), now, minutes_from=minutes_from, coarsest=asked.pop("coarsest", "day"))  # type: ignore[arg-type]  # a level
    report(sessions, Asked(parts, where={"environment": "prod"}, **asked))  # type: ignore[arg-type]  # as they are
    return time.monotonic() - began


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each row (default: %(default)s)")
    arguments = parser.parse_args()
    headlines = [column.measure for column in HEADLINES]
    with server() as postgres:
        url = postgres.url("postgres")
        sessions = Sessions(url)
        migrate(sessions)
        print(f"filling {_DAYS} days of {_KEYS:,} keys of requests and as many of attempts", flush=True)
        with sessions.write() as db:
            fill(db)
        vacuum(sessions)
        print()
        row(
            "headlines by route, inside, no week closed",
            [inside(sessions, by=["route"], only=headlines) for _ in range(5)],
            "s",
            2,
        )
        row("closing a week", close_weeks(sessions), "s", 2)
        vacuum(sessions)
        for name, flags in (
            ("measures --since 90d", ["--since", "90d"]),
            ("measures --since 90d --json", ["--since", "90d", "--json"]),
            ("measures --since 90d --by model,task_class", ["--since", "90d", "--by", "model,task_class"]),
            ("measures --since 90d --route route-3 --by day", ["--since", "90d", "--route", "route-3", "--by", "day"]),
            (
                "measures --since 90d --by hour -m success -m cost",
                ["--since", "90d", "--by", "hour", "-m", "success rate", "-m", "cost per success"],
            ),
        ):
            runs = [command(url, *flags) for _ in range(arguments.runs)]
            row(name, [run.wall_s for run in runs], "s", 2)
            row("  peak memory", [run.peak_mib for run in runs], "MiB")
        row("headlines by route, inside", [inside(sessions, by=["route"], only=headlines) for _ in range(5)], "s", 2)
        row("all measures by route, inside", [inside(sessions, by=["route"]) for _ in range(5)], "s", 2)
        row("all measures of all 1,600 keys, inside", [inside(sessions, by=_ALL) for _ in range(3)], "s", 2)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB:,.0f} MiB")


# Keys that requests and attempts share.
_ALL = ["route", "arm", "task_class", "model"]

if __name__ == "__main__":
    main()
