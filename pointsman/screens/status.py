"""Is every route well? One line each, and one word for all. Pure: who asks has read the store before.

Calm: nothing below. Attention: something that a person should look at. Blind: what is shown cannot be trusted, because
nothing arrived, or it is not counted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pointsman.lateness import SLOW, STANDS
from pointsman.wording import counted
from store.rollups.freshness import Freshness

State = Literal["calm", "attention", "blind"]
# A route with a larger share of unreadable messages has the verdict ERROR (design §9).
_DEAD_SHARE = 0.01
_SILENT_AFTER = timedelta(minutes=5)


class Safety(NamedTuple):
    """Requests of a route in which something happened that is a finding at once."""

    injections_succeeded: int = 0
    failed_open_at_high_risk: int = 0


_NOTHING_FOUND = Safety()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route in the window: measures are NaN where there is no data."""

    route: str
    requests: int = 0
    per_minute: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    # Between which the cost per success is, where too few outcomes are known for a figure.
    cost_bounds: tuple[float, float] | None = None
    # Sums that cannot be: their measures have no figures.
    contradictions: Sequence[str] = ()
    dead_letters: int = 0
    safety: Safety = _NOTHING_FOUND
    # The end of the last minute (hour, where it is longer ago) with a request, and never later than the newest message.
    last_seen: datetime | None = None

    @property
    def dead_share(self) -> float:
        """Unreadable messages among all of the route."""
        of = self.requests + self.dead_letters
        return self.dead_letters / of if of else math.nan

    @property
    def troubles(self) -> list[str]:
        """What a person should look at, each in some words."""
        found = []
        if self.dead_share >= _DEAD_SHARE:
            found.append(f"{100 * self.dead_share:.1f} % of its messages are dead letters")
        if self.safety.injections_succeeded:
            found.append(f"{counted(self.safety.injections_succeeded, 'injection')} succeeded")
        if self.safety.failed_open_at_high_risk:
            found.append(f"failed open at high risk {counted(self.safety.failed_open_at_high_risk, 'time')}")
        if self.contradictions:
            wrong = "; ".join(dict.fromkeys(self.contradictions))
            found.append(f"its sums contradict each other ({wrong}): pointsman rollups verify, rebuild")
        if not self.requests and self.last_seen is not None:
            found.append("silent: it had requests in the last 24 hours")
        return found


class Status(NamedTuple):
    """All that `pointsman status` says."""

    state: State
    sentences: Sequence[str]
    routes: Sequence[RouteLine]
    now: datetime
    counted_until: datetime | None
    # How long the oldest news that is not counted has been there; nothing where all is.
    behind: timedelta = timedelta()


def judge(
    routes: Sequence[RouteLine], fresh: Freshness, *, leader: str | None, elsewhere: Sequence[str] = ()
) -> Status:
    """The state of all, with one sentence for each reason. `leader`: who holds the lease of steer, None: nobody.
    `elsewhere`: other environments that had requests.
    """
    blind, attention = _of_the_way(fresh), []
    if leader is None:
        attention.append("nobody leads: run pointsman steer, or up")
    if not blind and fresh.behind > SLOW:
        attention.append(f"measures are {_long(fresh.behind)} behind")
    if not routes and elsewhere:
        attention.append(
            "no requests of this environment in the last 24 hours, but of"
            f" {', '.join(elsewhere)}: --environment {elsewhere[0]}"
        )
    attention += [f"{line.route}: {trouble}" for line in routes for trouble in line.troubles]
    state: State = "blind" if blind else "attention" if attention else "calm"
    return Status(state, [*blind, *attention], routes, fresh.now, fresh.read_until, fresh.behind)


def _of_the_way(fresh: Freshness) -> list[str]:
    """Why nothing can be seen."""
    if fresh.stored_at is None:
        return ["nothing was ever stored: pointsman doctor looks at every step of the way"]
    found = []
    if fresh.read_until is None:
        found.append("nothing is counted yet: does pointsman steer (or up) run?")
    if fresh.now - fresh.stored_at > _SILENT_AFTER:
        found.append(
            f"nothing arrived for {_long(fresh.now - fresh.stored_at)}, not even a heartbeat: no traffic, or nobody"
            " stores it; pointsman doctor tells"
        )
    if fresh.behind > STANDS:
        found.append(f"measures are {_long(fresh.behind)} behind: does pointsman steer (or up) run?")
    return found


def _long(span: timedelta) -> str:
    seconds = span.total_seconds()
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def age(now: datetime, then: datetime | None) -> str:
    """`12 s`, `3 min`, `5 h`; a dash where there is nothing."""
    return "-" if then is None else _long(max(timedelta(), now - then))
