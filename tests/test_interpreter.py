"""Cycles are collected by the clock and turns are short while the process works; afterwards Python is as it was."""

import gc
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from pointsman.interpreter import Interpreter

WITHIN_S = 10.0


class Knot:
    """Something that refers to itself: only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def running(every: timedelta) -> Iterator[None]:
    """The clock on a thread of its own, as a service of the process."""
    clock = Interpreter(every=every)
    thread = threading.Thread(target=clock.run)
    thread.start()
    try:
        deadline = time.monotonic() + WITHIN_S
        while gc.isenabled():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        yield
    finally:
        clock.stop()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def test_cycles_are_freed_by_the_clock() -> None:
    """Python's own rule is off, and what refers to itself is gone soon all the same."""
    with running(timedelta(milliseconds=20)):
        knot = weakref.ref(Knot())
        deadline = time.monotonic() + WITHIN_S
        while knot() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_nothing_is_collected_by_count() -> None:
    """A batch is many objects without a cycle: they must not be looked through while it grows."""
    with running(timedelta(hours=1)):
        before = gc.get_stats()[0]["collections"]
        kept = [[number] for number in range(100_000)]
        assert gc.get_stats()[0]["collections"] == before
        assert len(kept) == 100_000


def test_pythons_own_rules_come_back() -> None:
    """And nothing stays frozen, so that a test or an embedding process is as it was."""
    frozen, turn_s = gc.get_freeze_count(), sys.getswitchinterval()
    with running(timedelta(hours=1)):
        assert not gc.isenabled()
        assert sys.getswitchinterval() < turn_s
    assert sys.getswitchinterval() == turn_s
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen == 0
