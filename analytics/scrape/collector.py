"""What Prometheus sees of routes: the last refresh, as a whole, and nothing once it is old."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from analytics.scrape import families
from analytics.scrape.today import Today
from analytics.scrape.window import Window
from store.rollups.freshness import clock
from store.sessions import Sessions

# It goes on while the machine is suspended, where there is such a clock: so old is what it shows then.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
STALE_AFTER_S = 120.0


class _Snapshot(NamedTuple):
    """All samples of one reading, and when it was begun."""

    metrics: tuple[Metric, ...]
    begun: float


class MeasureMetrics(Collector):
    """`refresh` is a task of who leads; a scrape reads no database and may come at any time, in any thread."""

    def __init__(
        self,
        sessions: Sessions,
        registry: CollectorRegistry,
        *,
        leads: Callable[[], bool] = lambda: True,
        clock_s: Callable[[], float] = lambda: time.clock_gettime(_CLOCK),
        today: Today | None = None,
        window: Window | None = None,
    ) -> None:
        """`leads` is asked at each scrape: figures of who leads no more would be shown beside those of the next."""
        self._sessions = sessions
        self._leads = leads
        self._clock_s = clock_s
        self._today = today or Today()
        self._window = window or Window()
        self._snapshot: _Snapshot | None = None
        registry.register(self)

    def refresh(self) -> int:
        """Read the rollups once; returns how many rows that were. Raises StoreAway: what was read before gets old."""
        begun = self._clock_s()
        with self._sessions.snapshot() as db:
            now, minutes_from = clock(db)
            of_day, day_rows = self._today.read(db, now)
            of_window, window_rows = self._window.read(db, now, minutes_from)
        refreshed = families.REFRESHED.empty()
        refreshed.add_sample(families.REFRESHED.name, {}, now.timestamp())
        self._snapshot = _Snapshot((*of_day, *of_window, refreshed, self._folded()), begun)
        return day_rows + window_rows

    def _folded(self) -> Metric:
        metric = families.FOLDED.empty()
        for of, sets in {**self._today.folded, "measures": self._window.folded}.items():
            metric.add_sample(families.FOLDED.name, {"of": of}, sets)
        return metric

    @override
    def collect(self) -> Iterable[Metric]:
        """The last refresh, for two minutes and while this process leads; else nothing at all."""
        snapshot = self._snapshot
        if snapshot is None or not self._leads() or self._clock_s() - snapshot.begun > STALE_AFTER_S:
            return ()
        return snapshot.metrics

    def describe(self) -> Iterable[Metric]:
        """Every family that it may show, so that no other collector takes a name of them."""
        return [family.empty() for family in families.FAMILIES]
