"""What the leader does; the SQL of it is in the store."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from store.days import Days
from store.errors import StatementTooSlow
from store.retention import delete_expired
from store.rollups.closing import close_a_week
from store.rollups.tick import MESSAGES_A_TICK, Ticked, tick
from store.sessions import Sessions

log = structlog.get_logger()

# A run ends now and then, also where there is more to do: it is then seen to get on.
_LONGEST_S = 30.0
# Whoever ends the process waits for the tick under way, for seven seconds.
_GOOD_TICK_S = 5.0


class TickSize:
    """How many messages a tick takes: as many as this database takes in good time.

    A tick that is too large for the time-out of a statement would be just as large the next time, and fail for ever.
    """

    def __init__(self, largest: int = MESSAGES_A_TICK) -> None:
        self._largest = largest
        self.messages = largest

    def too_slow(self) -> None:
        """A statement did not end in time."""
        self.messages = max(1, self.messages // 4)

    def took(self, seconds: float) -> None:
        """One has ended. Near the good time it grows with care: most of it may be what a tick costs at any size."""
        if seconds > _GOOD_TICK_S:
            self.messages = max(1, self.messages // 2)
            return
        more = self.messages if seconds < _GOOD_TICK_S / 4 else self.messages // 4 + 1
        self.messages = min(self._largest, self.messages + more)


class RollUp:
    """Ticks until the rollups are up to date."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        go_on: Callable[[], bool],
        fresh: Callable[[datetime], None],
        most: int = MESSAGES_A_TICK,
    ) -> None:
        """`go_on` is asked between two ticks; `fresh` is told up to which broker time the rollups are."""
        self._sessions = sessions
        self._go_on = go_on
        self._fresh = fresh
        self.size = TickSize(most)

    def run(self, *, longest_s: float = _LONGEST_S) -> int:
        """Until there is no more, `go_on` says no, or `longest_s` is over; the messages taken. Raises StoreAway."""
        ends = time.monotonic() + longest_s
        messages = 0
        while self._go_on():
            ticked = self._tick()
            messages += ticked.messages
            if ticked.fresh_until is not None:
                self._fresh(ticked.fresh_until)
            if not ticked.more or time.monotonic() > ends:
                break
        return messages

    def _tick(self) -> Ticked:
        began = time.monotonic()
        try:
            ticked = tick(self._sessions, most=self.size.messages)
        except StatementTooSlow:
            # A database that is away says nothing about sizes.
            self.size.too_slow()
            raise
        self.size.took(time.monotonic() - began)
        return ticked


def close_weeks(sessions: Sessions, *, go_on: Callable[[], bool], longest_s: float = _LONGEST_S) -> int:
    """Close weeks until none is left that can be, `go_on` says no, or `longest_s` is over; the rows that they have now.

    Raises StoreAway.
    """
    ends = time.monotonic() + longest_s
    rows = 0
    while go_on() and time.monotonic() < ends:
        merged = close_a_week(sessions)
        if merged is None:
            break
        rows += merged
    return rows


def keep_partitions(sessions: Sessions, days: Days, *, ready: Callable[[int], None] = lambda _: None) -> int:
    """Make the days ahead, drop those past retention, and delete what is kept beside them.

    `ready` is told how many days are ready ahead; returns the days and rows that came or went. Raises StoreErrors.
    """
    done = days.maintain()
    ready(days.ahead())
    kept = days.kept()
    # A day past retention stays while some of it is not read. So does all that makes it what it is.
    deleted = delete_expired(sessions, now=kept.now, oldest=min(kept.oldest, days.first_attached() or kept.oldest))
    counts = {"days_made": len(done.made), "days_dropped": len(done.dropped)}
    counts |= {f"{name}_deleted": count for name, count in deleted._asdict().items()}
    say = log.info if any(counts.values()) else log.debug
    say("maintained", **counts)
    return sum(counts.values())
