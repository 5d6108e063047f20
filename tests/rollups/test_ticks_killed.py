"""Kill a tick at any moment: it has done nothing, or all."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psutil
import pytest

from store.errors import StoreAway
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.conftest import Scale
from tests.rollups.shapes import STARTS, some_outcome, some_trace
from tests.rollups.telling import OUTCOME_SOURCES, TRACE_SOURCES, Telling, audit_rollups, differences, stored_tables
from tests.store.feed import one, rows
from tests.store.gate import at_once, until
from tests.store.test_killed import thread

_MOST = 6
_EVER = 10**9
# Both sides of a midnight.
_STARTS = STARTS[:2]
_KILLED = -signal.SIGKILL
_CURSORS = "SELECT topic_id, partition, batch_id FROM cursors ORDER BY 1, 2"
_ENDS = "SELECT topic_id, partition, max(id) FROM ingest_batches GROUP BY 1, 2 ORDER BY 1, 2"


class Ticker:
    """A process whose children tick."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, most: int, at: int = 0, what: str = "kill") -> int:
        """Start a child and return its number; it does `what` to itself before its `at`-th statement."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{most} {at} {what}\n")
        self._process.stdin.flush()
        return int(self.heard())

    def heard(self) -> str:
        """The next line: after `begin`, how the child ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ends(self, most: int, at: int) -> int:
        """How a child that is killed before its `at`-th statement ends; 0 where it has not as many."""
        self.begin(most, at)
        return int(self.heard())


@contextmanager
def ticker(url: str) -> Iterator[Ticker]:
    """A process that waits for commands; gone with the block."""
    command = [sys.executable, "-m", "tests.rollups.ticker", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            made = Ticker(process)
            assert made.heard() == "ready"
            yield made
        finally:
            process.kill()


def tell(telling: Telling, chance: random.Random, *, batches: int) -> None:
    """Traces and outcomes of few ids, in batches of several partitions."""
    for _ in range(batches):
        ids = [UUID(int=chance.randrange(40), version=4) for _ in range(6)]
        traces = [some_trace(chance, trace_id, _STARTS) for trace_id in ids[:3]]
        told = [some_outcome(chance, trace_id, _STARTS) for trace_id in ids[3:]]
        telling.send({chance.choice(TRACE_SOURCES): traces, chance.choice(OUTCOME_SOURCES): told})


def test_kill_9_between_any_two_statements(sessions: Sessions, store_url: str, scale: Scale) -> None:
    """A tick that counts new traces and takes new outcomes for old ones, killed before each of its statements and
    before its commit: no cursor has moved and no sum has changed, until one comes through.
    """
    telling, chance = Telling(sessions), random.Random(3)
    tell(telling, chance, batches=6)
    tick(sessions)
    tell(telling, chance, batches=6)
    before, tables = rows(sessions, _CURSORS), stored_tables(sessions)
    at, kills = 1, 0
    with ticker(store_url) as one_ticker:
        while (end := one_ticker.ends(_EVER, at)) == _KILLED:
            assert rows(sessions, _CURSORS) == before
            kills += 1
            at += scale(long=1, small=3)
    assert end == 0
    assert kills >= scale(long=50, small=15)
    assert before != rows(sessions, _CURSORS) == rows(sessions, _ENDS)
    assert differences(tables, stored_tables(sessions))
    audit_rollups(sessions, telling.expected())


def test_kill_9_at_random_moments(sessions: Sessions, store_url: str, scale: Scale) -> None:
    """Two processes tick at once while a third stores, and are killed again and again wherever they are; whoever comes
    last finds everything counted once.
    """
    telling, chance, moments = Telling(sessions), random.Random(5), random.Random(6)
    kills = scale(long=120, small=20)
    with (
        ticker(store_url) as first,
        ticker(store_url) as second,
        thread(lambda: tell(telling, chance, batches=kills)),
    ):
        for _ in range(kills // 2):
            children = [one_ticker.begin(_MOST) for one_ticker in (first, second)]
            time.sleep(moments.uniform(0.02, 0.2))
            for child in children:
                os.kill(child, signal.SIGKILL)
            assert [int(one_ticker.heard()) for one_ticker in (first, second)] == [_KILLED] * 2
    while tick(sessions, most=_MOST).more:
        pass
    assert rows(sessions, _CURSORS) == rows(sessions, _ENDS)
    audit_rollups(sessions, telling.expected())


def test_two_at_once_count_once(sessions: Sessions) -> None:
    """Threads that tick together take turns: each batch is taken by one of them."""
    telling = Telling(sessions)
    tell(telling, random.Random(8), batches=8)

    def take_all() -> int:
        taken, more = 0, True
        while more:
            ticked = tick(sessions, most=1)
            taken, more = taken + ticked.batches, ticked.more
        return taken

    taken = [future.result() for future in at_once(take_all, take_all, take_all)]
    assert sum(taken) == one(sessions, "SELECT count(*) FROM ingest_batches WHERE stored > 0")
    audit_rollups(sessions, telling.expected())


@pytest.mark.parametrize("at", [30, pytest.param(2, marks=pytest.mark.long), pytest.param(12, marks=pytest.mark.long)])
def test_one_that_stands_still_frees_the_other(sessions: Sessions, store_url: str, at: int) -> None:
    """A process that is halted (SIGSTOP) inside of its transaction loses it after five seconds; the other goes on, and
    the first one, woken up, changes nothing.
    """
    telling = Telling(sessions)
    tell(telling, random.Random(9), batches=4)
    with ticker(store_url) as halting:
        child = halting.begin(_EVER, at, "stop")
        until(lambda: bool(psutil.Process(child).status() == psutil.STATUS_STOPPED))

        def through() -> bool:
            try:
                return tick(sessions).batches > 0
            except StoreAway:
                return False

        until(through, within_s=15)
        os.kill(child, signal.SIGCONT)
        assert halting.heard() == "1"
    assert tick(sessions).batches == 0
    audit_rollups(sessions, telling.expected())
