"""Boots without a thread, and what their counters and heartbeats tell."""

from time import monotonic
from typing import Any

from pointsman_router import EmitterLimits
from pointsman_router.boot import Boot
from pointsman_router.counters import DispatchCounters, Key
from pointsman_router.heartbeats import Heartbeats

KEY = Key("invoices", "canary", "extraction", 17)
ALL = 1_000_000
# Quiet even if it changed just now: no test waits for the clock.
AT_ONCE = -1.0


def new_boot(**limits: Any) -> Boot:
    """A boot without a thread."""
    return Boot(environment="prod", router_id="router-3", limits=EmitterLimits(**limits))


def beats_of(boot: Boot) -> Heartbeats:
    """Its heartbeats."""
    return Heartbeats(boot, lambda: 0, lambda: 0)


def told(counters: DispatchCounters, *, acknowledged: bool = False) -> dict[Key, tuple[int, int]]:
    """What the next heartbeat would tell, dispatched and finished; `acknowledged`: behind one that Kafka has."""
    if acknowledged:
        begun_at = monotonic()
        counters.acknowledged(counters.read(ALL), begun_at)
    return {one.key: (one.dispatched, one.finished) for one in counters.read(ALL)}


def ended(counters: DispatchCounters, key: Key) -> None:
    """One request that began and ended."""
    counter = counters.begin(key)
    if counter is not None:
        counters.finish(counter)
