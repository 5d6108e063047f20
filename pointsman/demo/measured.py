"""What the rollups hold of the replayed traces: read as every reader of measures does, never from a trace."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from analytics.report import Asked, read_family, report
from pointsman.replay.plan import ENVIRONMENT
from pointsman.screens.rows import Figures, rows_of
from store.rollups.freshness import clock, read_freshness
from store.rollups.reading import Part, cover
from store.sessions import Sessions

_SHOWN = ("eventual_success_rate", "cost_per_success", "escalation_rate", "tokenizer_compression", "ttft")
_QUANTILES = (None, 0.95)
_LOOK_S = 0.2
# Longer than any raw row is kept: nothing older is ever stored, or counted.
_BACK_TO = timedelta(days=365)


class Line(NamedTuple):
    """Measures by their name, of a route, a task class, or one of its models; of quantiles P95."""

    name: str
    figures: Mapping[str, Figures]

    @property
    def requests(self) -> float:
        """Of users; a model has those that it answered last."""
        return self.figures["escalation_rate"].count if "escalation_rate" in self.figures else 0.0


class Group(NamedTuple):
    """A route or a task class as a whole, and its models, the busiest first."""

    whole: Line
    models: Sequence[Line]


class Measured(NamedTuple):
    """One look at the rollups. `counted`: requests of everybody, shadows too. `behind`: whether steer has not yet read
    all that is stored. `until`: the broker's time of the newest message in the rollups.
    """

    routes: Sequence[Group] = ()
    counted: int = 0
    behind: bool = True
    until: datetime | None = None
    now: datetime | None = None


class Measures:
    """Reads what is replayed. Steer counts every two seconds; more often there is nothing to read."""

    def __init__(self, sessions: Sessions, *, every_s: float = 2.0) -> None:
        self._sessions = sessions
        self._every_s = every_s
        self._read_at = -every_s
        self._last = Measured()

    def recent(self) -> Measured:
        """What the rollups held a moment ago. Raises StoreAway."""
        if time.monotonic() - self._read_at >= self._every_s:
            self._last = self.read()
            self._read_at = time.monotonic()
        return self._last

    def read(self) -> Measured:
        """What they hold now. Raises StoreAway."""
        with self._sessions.read() as db:
            fresh = read_freshness(db)
        asked = Asked(self._all_of_it(), where={"environment": ENVIRONMENT}, traffic="all")
        counted = int(read_family(self._sessions, "request", asked, ["requests"])["requests"].sum())
        return Measured(self.groups("route"), counted, fresh.behind > timedelta(), fresh.read_until, fresh.now)

    def when_all_is_counted(self, *, within_s: float) -> Measured:
        """Wait until nothing that is stored is unread, or so long at the most. Raises StoreAway."""
        deadline = time.monotonic() + within_s
        while (last := self.read()).behind and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return last

    def groups(self, key: str) -> list[Group]:
        """By `route` or `task_class`, the busiest first. Raises StoreAway."""
        models = defaultdict(list)
        for (whole, _), line in self._lines([key, "model"]).items():
            models[whole].append(line)
        found = [Group(line, sorted(models[of], key=_size)) for (of,), line in self._lines([key]).items()]
        return sorted(found, key=lambda group: _size(group.whole))

    def _lines(self, by: Sequence[str]) -> dict[tuple[str, ...], Line]:
        asked = Asked(self._all_of_it(), by, where={"environment": ENVIRONMENT}, only=_SHOWN)
        found: dict[tuple[str, ...], dict[str, Figures]] = defaultdict(dict)
        for row in rows_of(report(self._sessions, asked).rows, by):
            if row.quantile in _QUANTILES and not row.part:
                found[row.group][row.measure] = row
        return {group: Line(group[-1], figures) for group, figures in found.items()}

    def _all_of_it(self) -> Sequence[Part]:
        """All that can be stored, to whole hours; no trace starts after its replay."""
        with self._sessions.read() as db:
            now, minutes_from = clock(db)
        return cover(now - _BACK_TO, now + timedelta(hours=1), minutes_from=minutes_from)


def _size(line: Line) -> tuple[float, str]:
    return (-line.requests, line.name)
