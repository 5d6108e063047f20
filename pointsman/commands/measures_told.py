"""What `pointsman measures` says beside its figures: the span, how fresh it is, and why there is nothing to show."""

import difflib
from typing import TYPE_CHECKING

from pointsman.lateness import SLOW
from pointsman.terminal import harmless
from pointsman.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from analytics.report import Asked
    from store.rollups.freshness import Freshness
    from store.sessions import Sessions

_MOST_NAMED = 5


def nothing(sessions: "Sessions", asked: "Asked", cannot_split: "Sequence[str]" = ()) -> str:
    """Why there is nothing to show, in sentences that name what would be found elsewhere."""
    from analytics.report import read_family

    if cannot_split:
        return f"nothing to show: {_whys(asked, cannot_split)}"
    everywhere = asked._replace(by=["environment", "route"], step=None, where={})
    seen = read_family(sessions, "request", everywhere, ["requests"])
    here = seen[seen["environment"] == asked.where["environment"]]
    own = here[here["route"] == asked.where["route"]] if "route" in asked.where else here
    if len(own):
        requests = counted(int(own["requests"].sum()), "request")
        return f"nothing to show: {requests} in this span, but what was asked for has no data"
    if len(here):
        found = f"no requests of this route in this span, but of {_nearest(asked, here)}"
    else:
        found = f"no requests in this span{_elsewhere(seen)}"
    return "\n".join([found, *_not_counted(sessions)])


def _nearest(asked: "Asked", here: "pd.DataFrame") -> str:
    """Routes of this environment: those that look like what was asked for, else the busiest."""
    busiest = list(here.sort_values("requests", ascending=False)["route"])
    alike = difflib.get_close_matches(str(asked.where["route"]), busiest, n=_MOST_NAMED)
    named = [harmless(route) for route in (alike or busiest)[:_MOST_NAMED]]
    return f"{', '.join(named)}: --route {named[0]}"


def _elsewhere(seen: "pd.DataFrame") -> str:
    """The environments that have some."""
    named = [harmless(name) for name in sorted(set(seen["environment"]))[:_MOST_NAMED]]
    return f", but of environment {', '.join(named)}: --environment {named[0]}" if named else ""


def _not_counted(sessions: "Sessions") -> list[str]:
    """Why what was sent may not be there yet."""
    from store.leases import STEER, holder_of
    from store.rollups.freshness import read_freshness

    with sessions.read() as db:
        behind = read_freshness(db).behind.total_seconds()
        leader = holder_of(db, STEER)
    told = [f"what came in the last {max(1, round(behind)):,} s is not counted yet"] if behind else []
    return [*told, *(["nobody leads, so nothing is counted: run pointsman steer, or up"] if leader is None else [])]


def left_out(asked: "Asked", cannot_split: "Sequence[str]") -> str:
    """The measures that the columns cannot keep apart, by the columns that they have not."""
    return "\n".join(f"left out, {why}" for why in _whys(asked, cannot_split).split("\n"))


def _whys(asked: "Asked", cannot_split: "Sequence[str]") -> str:
    """A line for each reason."""
    from analytics.measures.registry import REGISTRY

    keys = {measure.name: measure.keys for measure in REGISTRY}
    columns = [*asked.by, *asked.where]
    if not any(measure.splits_by(columns) for measure in REGISTRY):
        return f"no measure is kept apart by all of {', '.join(asked.by)}"
    missing = {name: [key for key in columns if key not in keys[name]] for name in keys}
    whys = {", ".join(missing[name]) for name in cannot_split}
    return "\n".join(
        f"not kept apart by {why}: {', '.join(n for n in cannot_split if ', '.join(missing[n]) == why)}"
        for why in sorted(whys)
    )


def told_of_span(sessions: "Sessions", asked: "Asked", *, whose: str = "") -> str:
    """The span as it was covered, whose traffic (as the flag says, or `whose`), and how fresh it is."""
    from analytics.report import span_of
    from store.rollups.freshness import read_freshness

    with sessions.read() as db:
        fresh = read_freshness(db)
    span = span_of(asked.parts)
    whose = whose or {"user": "user traffic", "probe": "probes", "all": "all traffic"}[asked.traffic]
    # Parts are whole minutes, hours or days; nothing was counted of what is still to come of the last one.
    until = min(span[1], fresh.now) if span else None
    told = [f"{span[0]:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC" if span else "an empty span", whose]
    told.append(", ".join(f"{name} {value}" for name, value in asked.where.items()))
    if fresh.read_until is not None:
        told.append(f"counted up to {fresh.read_until:%H:%M:%S}")
    return "; ".join([*told, *_lateness(fresh)])


def lateness(sessions: "Sessions") -> str:
    """That what was read is not all, for who reads figures alone; '' where it is."""
    from store.rollups.freshness import read_freshness

    with sessions.read() as db:
        return "; ".join(_lateness(read_freshness(db)))


def _lateness(fresh: "Freshness") -> list[str]:
    if fresh.read_until is None:
        return ["nothing is counted yet: does pointsman steer (or up) run?"]
    behind = f"{fresh.behind.total_seconds():,.0f} s behind: does pointsman steer (or up) run?"
    return [behind] if fresh.behind > SLOW else []
