"""Maintenance comes again by the clock; a database that is away is waited for, anything else ends the process."""

import threading
import time
from datetime import timedelta
from typing import Any, cast

import pytest

from pointsman.process import Service, Stopping, finished_unless_asked, run_services
from pointsman.schedule import Maintenance
from store.days import Days
from store.errors import StoreAway, StoreDenied
from store.sessions import Sessions


class FakeDays:
    """Days whose maintenance does what the test says; the rest of a round then asks for sessions that are not there."""

    def __init__(self, *fates: BaseException | float) -> None:
        """A round raises its fate, or takes that many seconds and is away; after the last one it is always away."""
        self.rounds = 0
        self._fates = list(fates)

    def maintain(self) -> Any:
        """One round."""
        self.rounds += 1
        fate = self._fates.pop(0) if self._fates else 0.0
        if isinstance(fate, BaseException):
            raise fate
        time.sleep(fate)
        raise StoreAway("still away")


def maintenance(days: FakeDays, every_s: float = 0.05) -> Maintenance:
    """With nothing behind it."""
    return Maintenance(
        cast("Sessions", None), cast("Days", days), maintained=lambda _: None, every=timedelta(seconds=every_s)
    )


def run_for(service: Service, seconds: float) -> float:
    """Run it in the frame of a process, and ask to stop after some seconds; how long it took in all."""
    stopping = Stopping()
    timer = threading.Timer(seconds, stopping.asked.set)
    timer.start()
    began = time.monotonic()
    try:
        run_services([service], stopping)
    finally:
        timer.cancel()
    return time.monotonic() - began


def test_a_database_that_is_away_is_waited_for() -> None:
    """The next round comes, and the one after it."""
    days = FakeDays(StoreAway("away"), StoreAway("away"))
    run_for(maintenance(days), 1.0)
    assert days.rounds >= 3


@pytest.mark.parametrize("error", [StoreDenied("permission denied for schema public"), RuntimeError("a bug")])
def test_anything_else_ends_the_process(error: Exception) -> None:
    """With its reason: a process that only seems to keep days ahead is worse than none."""
    with pytest.raises(type(error), match=str(error)):
        run_for(maintenance(FakeDays(error)), 10.0)


def test_a_round_that_takes_long_holds_up_no_end() -> None:
    """A detach waits as long as somebody reads; it may be cut at any point."""
    assert run_for(maintenance(FakeDays(30.0)), 0.5) < 3


def test_rounds_do_not_pile_up() -> None:
    """While one runs no other begins."""
    days = FakeDays(0.8)
    run_for(maintenance(days), 0.6)
    assert days.rounds == 1


def test_a_start_that_takes_long_is_left_behind() -> None:
    """Whoever asks to stop is not made to wait for a connection that nobody answers."""
    stopping = Stopping()
    threading.Timer(0.2, stopping.asked.set).start()
    began = time.monotonic()
    assert not finished_unless_asked(lambda: time.sleep(30), stopping)
    assert time.monotonic() - began < 2


def test_a_start_ends_well_or_says_why() -> None:
    """What it raised is raised where it was waited for."""
    assert finished_unless_asked(lambda: None, Stopping())

    def fail() -> None:
        raise StoreDenied("no")

    with pytest.raises(StoreDenied):
        finished_unless_asked(fail, Stopping())
