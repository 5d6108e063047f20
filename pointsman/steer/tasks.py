"""What the leader does; the SQL of it is in the store."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from store.days import Days
from store.retention import delete_expired
from store.rollups.tick import MESSAGES_A_TICK, tick
from store.sessions import Sessions

log = structlog.get_logger()

# A run ends now and then, also where there is more to do: it is then seen to get on.
_LONGEST_S = 30.0


def roll_up(
    sessions: Sessions,
    *,
    go_on: Callable[[], bool],
    fresh: Callable[[datetime], None],
    most: int = MESSAGES_A_TICK,
    longest_s: float = _LONGEST_S,
) -> int:
    """Tick until the rollups are up to date, `go_on` says no between two ticks, or `longest_s` is over.

    `fresh` is told up to which broker time they are; returns the messages that were taken. Raises StoreAway.
    """
    ends = time.monotonic() + longest_s
    messages = 0
    while go_on():
        ticked = tick(sessions, most=most)
        messages += ticked.messages
        if ticked.fresh_until is not None:
            fresh(ticked.fresh_until)
        if not ticked.more or time.monotonic() > ends:
            break
    return messages


def keep_partitions(sessions: Sessions, days: Days, *, ready: Callable[[int], None] = lambda _: None) -> int:
    """Make the days ahead, drop those past retention, and delete what is kept beside them.

    `ready` is told how many days are ready ahead; returns the days and rows that came or went. Raises StoreErrors.
    """
    done = days.maintain()
    kept = days.kept()
    deleted = delete_expired(sessions, now=kept.now, oldest=kept.oldest)
    ready(days.ahead())
    counts = {"days_made": len(done.made), "days_dropped": len(done.dropped)}
    counts |= {f"{name}_deleted": count for name, count in deleted._asdict().items()}
    say = log.info if any(counts.values()) else log.debug
    say("maintained", **counts)
    return sum(counts.values())
