"""Processes that lead in turns: killed, frozen, cut off, and with clocks that are wrong."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from migrations.schema import migrate
from pointsman.steer.leadership import Leadership, holder_name
from store.sessions import Sessions
from tests.store.feed import execute, rows
from tests.store.gate import until

_TAKE_OVER_S = 15.0


class Leader:
    """A process of tests/store/leader.py and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(iter(self.process.stdout.readline, ""))

    def leads(self) -> bool:
        """Whether it has taken the lease."""
        return any(line.startswith("leading") for line in self.said)


@contextmanager
def leader(url: str, holder: str, *arguments: str) -> Iterator[Leader]:
    """One more process that wants to lead; killed with the block at the latest."""
    command = [sys.executable, "-m", "tests.store.leader", url, holder, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Leader(process)
        finally:
            process.kill()


@pytest.fixture
def acts(database18: str) -> Iterator[Sessions]:
    """A store in which leaders leave what they did."""
    sessions = Sessions(database18)
    migrate(sessions)
    execute(sessions, "CREATE TABLE acts (holder text, term bigint, at timestamptz)")
    yield sessions
    sessions.close()


def terms_in_order(sessions: Sessions) -> list[tuple[str, int]]:
    """Who acted, in which term, in the order of the database's clock, without repetitions."""
    found: list[tuple[str, int]] = []
    for row in rows(sessions, "SELECT holder, term FROM acts ORDER BY at"):
        if found[-1:] != [row]:
            found.append((row[0], row[1]))
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_another_takes_over_within_15_s(acts: Sessions, database18: str, how: signal.Signals) -> None:
    """Whether the leader is gone or stands still; one that wakes up finds out before it acts again.

    The standby's wall clock is an hour ahead, the frozen one's an hour behind and it holds on to its first lease.
    """
    with leader(database18, "a", "--skew", "-3600", "--blind") as first:
        until(first.leads, within_s=_TAKE_OVER_S)
        with leader(database18, "b", "--skew", "3600") as second:
            time.sleep(1)
            assert not second.leads()
            os.kill(first.process.pid, how)
            struck = time.monotonic()
            until(second.leads, within_s=_TAKE_OVER_S)
            assert time.monotonic() - struck < _TAKE_OVER_S
            if how == signal.SIGSTOP:
                os.kill(first.process.pid, signal.SIGCONT)
                until(lambda: "late\n" in first.said)
            until(lambda: len(terms_in_order(acts)) > 1)
            time.sleep(0.5)
    assert terms_in_order(acts) == [("a", 1), ("b", 2)]


def term_of(leadership: Leadership) -> int | None:
    """The term of its lease, None while it does not surely hold it."""
    lease = leadership.lease
    return None if lease is None else lease.term


def test_a_leader_that_leaves_makes_room_at_once(sessions: Sessions) -> None:
    """And one that is told to stop while it does not lead leaves the other's lease alone."""
    first, second = (Leadership(sessions, "steer", holder_name()) for _ in range(2))
    first.turn()
    second.turn()
    assert (term_of(first), term_of(second)) == (1, None)
    assert first.standing.state == "leading"
    (holder,) = (one[0] for one in rows(sessions, "SELECT holder FROM leases"))
    assert (second.standing.state, second.standing.detail) == ("standby", f"{holder} leads")
    second.stop()
    second.run()
    first.turn()
    assert term_of(first) == 1
    first.stop()
    first.run()
    assert term_of(first) is None
    third = Leadership(sessions, "steer", holder_name())
    third.turn()
    assert term_of(third) == 2


def test_a_leader_that_hears_nothing_stops_in_time(sessions: Sessions) -> None:
    """Without a word from the database it gives the lease up when its life is over by its own monotonic clock."""
    leadership = Leadership(sessions, "steer", "a", life=timedelta(seconds=1))
    leadership.turn()
    leadership._sessions = Sessions("postgresql://127.0.0.1:1/none")  # noqa: SLF001 - the database goes away
    leadership.turn()
    assert term_of(leadership) == 1
    assert (leadership.standing.state, "refused" in leadership.standing.trouble) == ("leading", True)
    time.sleep(1.1)
    assert term_of(leadership) is None
    assert (leadership.standing.state, "refused" in leadership.standing.detail) == ("unsure", True)
    leadership._sessions = sessions  # noqa: SLF001 - and comes back
    leadership.turn()
    assert term_of(leadership) is None
    leadership.turn()
    assert term_of(leadership) == 2


def test_a_lease_is_given_up_once_its_work_has_ended(sessions: Sessions) -> None:
    """Whoever asks finds none as soon as the process shall end; others get it when what was begun is done."""
    ended = threading.Event()
    first = Leadership(sessions, "steer", "a", work_ended=ended)
    running = threading.Thread(target=first.run)
    running.start()
    until(lambda: first.lease is not None)
    first.stop()
    assert first.lease is None
    second = Leadership(sessions, "steer", "b")
    time.sleep(0.5)
    second.turn()
    assert second.standing.detail == "a leads"
    ended.set()
    running.join(5)
    second.turn()
    assert term_of(second) == 2


def test_a_database_that_says_nothing(sessions: Sessions) -> None:
    """Silence is told once it has lasted as long as a lease: who stood by until then knows no longer who leads."""
    first, second = (Leadership(sessions, "steer", name, life=timedelta(seconds=1)) for name in "ab")
    first.turn()
    second.turn()
    assert second.standing.state == "standby"
    time.sleep(1.1)
    assert (second.standing.state, second.standing.trouble) == ("unsure", "the database has not answered for 1 s")
    assert first.standing.state == "unsure"
