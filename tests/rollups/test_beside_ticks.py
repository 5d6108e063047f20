"""A comparison and a rebuild go on beside ticks and ingest."""

import random
import threading

from store.errors import StoreAway
from store.rollups.comparing import compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from tests.conftest import Scale
from tests.rollups.shapes import MIDNIGHT
from tests.rollups.telling import Telling, audit_rollups
from tests.rollups.test_ticks_killed import tell
from tests.store.conftest import OpenSessions
from tests.store.test_killed import thread


def test_a_comparison_sees_one_moment(open_sessions: OpenSessions, scale: Scale) -> None:
    """While one process stores and two tick, no comparison finds a difference and no rebuild makes one."""
    sessions, done = open_sessions(), threading.Event()
    telling = Telling(open_sessions())

    def store() -> None:
        try:
            tell(telling, random.Random(12), batches=scale(long=400, small=40))
        finally:
            done.set()

    def tick_on() -> None:
        own = open_sessions()
        while not done.is_set():
            try:
                tick(own, most=5)
            except StoreAway:
                continue

    compared = 0
    with thread(store), thread(tick_on), thread(tick_on):
        while not done.is_set():
            found = compare_day(sessions, MIDNIGHT.date())
            assert found.different == 0, found.first
            compared += 1
            if compared % 5 == 0:
                rebuild_day(sessions, MIDNIGHT.date())
    assert compared > 3
    while tick(sessions).more:
        pass
    audit_rollups(sessions, telling.expected())
