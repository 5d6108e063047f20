"""What a tick of the rollups costs with little and with much history, and what reading them back costs.

Starts PostgreSQL 18 with fsync and prints one table:

    python -m bench.rollups                       # 1 and 10 million traces of history: 45 minutes
    python -m bench.rollups --histories 1 3 --ticks 3
    python -m bench.rollups --shadows 0.01        # beside them the smaller history where 1 % of the traces are shadows
    python -m bench.rollups --day-of-ticks 43200  # ticks of 100 traces each, for dead tuples

Ticks of both histories take turns, so that what else the machine does meets both alike.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from bench.ingest import row
from bench.processes import database_cpu_s
from bench.rollup_history import History
from migrations.schema import migrate
from pointsman.embedded.postgres import wheel_binaries
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.services.postgres import PostgresServer

_MILLION = 1_000_000
_A_TICK = 100_000
# A tick of 100,000 traces has the outcomes of a tenth of them, of which it takes the batch too.
_MOST = 120_000
_FAMILIES = ("request", "attempt", "latency", "mix")
_BYTES = "SELECT " + " + ".join(f"pg_total_relation_size('{family}_rollups_hour')" for family in _FAMILIES)
_KEY_HOURS = "SELECT (SELECT count(*) FROM request_rollups_hour) + (SELECT count(*) FROM attempt_rollups_hour)"
_TUPLES = (
    "SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid), n_tup_upd, n_tup_hot_upd, autovacuum_count"
    " FROM pg_stat_user_tables WHERE relname ~ '_rollups_(minute|hour|day)$|^cursors$|^admitted_values$' ORDER BY 1"
)


class Cost(NamedTuple):
    """One tick: seconds of wall time and of the database's CPU, and the traces in it."""

    wall_s: float
    cpu_s: float
    traces: int


class Store(NamedTuple):
    """A database with history."""

    url: str
    sessions: Sessions
    history: History
    shadows: float = 0

    def bring(self) -> None:
        """The traces of one tick."""
        self.history.bring(_A_TICK, shadows=self.shadows)


@contextmanager
def server() -> Iterator[PostgresServer]:
    """PostgreSQL 18, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "postgres").mkdir()
        postgres = PostgresServer(wheel_binaries(), directory / "postgres", durable=True)
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.stop()


def store(postgres: PostgresServer, name: str, shadows: float = 0) -> Store:
    """A new database with the schema."""
    admin = Sessions(postgres.url("postgres"))
    with admin.autocommit() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    sessions = Sessions(postgres.url(name))
    migrate(sessions)
    return Store(postgres.url(name), sessions, History(sessions), shadows)


def grow(one: Store, traces: int) -> list[Cost]:
    """So many traces, all rolled up; what the ticks cost on the way."""
    one.bring()
    one.history.copy(traces // _A_TICK - 1)
    costs: list[Cost] = []
    more = True
    while more:
        cost, more = timed_tick(one)
        costs.append(cost)
        print(f"  {sum(cost.traces for cost in costs):,} of {traces:,}: {cost.wall_s:.2f} s", flush=True)
    return costs


def timed_tick(one: Store) -> tuple[Cost, bool]:
    """One tick, and whether there is more."""
    cpu_s, began = database_cpu_s(one.url), time.monotonic()
    ticked = tick(one.sessions, most=_MOST)
    return Cost(time.monotonic() - began, database_cpu_s(one.url) - cpu_s, ticked.messages), ticked.more


def day_of_ticks(one: Store, ticks: int) -> None:
    """Ticks of a hundred traces each, as steer makes them every two seconds, and what they leave behind."""
    for number in range(ticks):
        one.history.bring(100)
        tick(one.sessions)
        if number % 1_000 == 0:
            print(f"  {number:,} of {ticks:,} ticks", flush=True)
    print(f"\nafter {ticks:,} ticks of 100 traces: live, dead, MiB, updates, of them HOT, autovacuums")
    with one.sessions.read() as db:
        for name, live, dead, size, updates, hot, vacuums in db.execute(text(_TUPLES)):
            print(f"{name:<28}{live:>10,}{dead:>10,}{size / 1024**2:>9.1f}{updates:>12,}{hot:>12,}{vacuums:>5}")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=float, nargs=2, default=[1, 10], help="millions of traces (1 and 10)")
    parser.add_argument("--ticks", type=int, default=7, help="ticks that are compared (default: %(default)s)")
    parser.add_argument("--shadows", type=float, default=0, help="a share of shadows, measured beside none")
    parser.add_argument("--day-of-ticks", type=int, default=0, help="also make so many small ticks")
    arguments = parser.parse_args()
    with server() as postgres:
        if arguments.day_of_ticks:
            day_of_ticks(store(postgres, "day"), arguments.day_of_ticks)
            return
        few, many = arguments.histories
        stores = {"small": (store(postgres, "small"), few), "large": (store(postgres, "large"), many)}
        if arguments.shadows:
            stores["shadowed"] = store(postgres, "shadowed", arguments.shadows), few
        for name, (one, millions) in stores.items():
            print(f"{millions:g} million traces of history: {name}", flush=True)
            grow(one, int(millions * _MILLION))
        costs: dict[str, list[Cost]] = {name: [] for name in stores}
        for number in range(arguments.ticks):
            for name, (one, _) in stores.items():
                one.bring()
                costs[name].append(timed_tick(one)[0])
            print(f"tick {number + 1} of {arguments.ticks}", flush=True)
        table(costs, stores["large"][0], {name: millions for name, (_, millions) in stores.items()})


def table(costs: dict[str, list[Cost]], large: Store, millions: dict[str, float]) -> None:
    """What was measured."""
    print()
    for name, of in costs.items():
        told = f"tick of 100,000 traces, {millions[name]:g} million before{', shadows' * (name == 'shadowed')}"
        row(told, [cost.wall_s for cost in of], "s", 2)
        row("  CPU of PostgreSQL", [cost.cpu_s * _MILLION / cost.traces for cost in of], "s a million", 1)
        if name != "small":
            row("  ratio of wall time, same round", _ratios(of, costs["small"], "wall_s"), "", 3)
            row("  ratio of CPU, same round", _ratios(of, costs["small"], "cpu_s"), "", 3)
    with large.sessions.read() as db:
        size, rows = (float(db.execute(text(query)).scalar_one()) for query in (_BYTES, _KEY_HOURS))
    row("bytes a key and hour, with bins, mixes and indexes", [size / rows], "bytes")


def _ratios(of: Sequence[Cost], to: Sequence[Cost], what: str) -> Sequence[float]:
    return [getattr(one, what) / getattr(other, what) for one, other in zip(of, to, strict=True)]


if __name__ == "__main__":
    main()
