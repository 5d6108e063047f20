"""Reads what `pointsman status` shows: one look at every route of an environment."""

import math
from datetime import datetime, timedelta

import pandas as pd

from analytics.errors import contradiction_in
from analytics.report import Asked, family_sums, kept_of, read_frames, tabled
from pointsman.screens.rows import Figures, rows_of
from pointsman.screens.status import RouteLine, Safety, Status, judge
from pointsman.screens.status_table import COLUMNS
from store.leases import STEER, holder_of
from store.rollups.freshness import clock, dead_letters_by_route, read_freshness, routes_seen
from store.rollups.reading import Database, Part, await_report, cover
from store.sessions import Sessions

_REMEMBERED = timedelta(hours=24)
_P95 = 0.95
_MOST_NAMED = 5
_UNSAFE = ("injection_succeeded", "failed_open")


def look(sessions: Sessions, environment: str, window: timedelta) -> Status:
    """The last `window`, by whole minutes. Raises StoreAway."""
    names = [name for name, _, _ in COLUMNS]
    # All of it at one moment: what a tick adds between two looks would be in one figure and not in the other.
    with sessions.snapshot() as db:
        await_report(db)
        now, minutes_from = clock(db)
        fresh = read_freshness(db)
        letters = dead_letters_by_route(db, now - window)
        everywhere = routes_seen(db, now - _REMEMBERED)
        leader = holder_of(db, STEER)
        parts = cover(now - window, now, minutes_from=minutes_from)
        where = {"environment": environment}
        asked = Asked(parts, ["route"], where=where, only=names, counted_until=now - fresh.behind)
        frames = read_frames(db, asked, kept_of(asked))
        unsafe = family_sums(db, "request", asked._replace(by=["route", "risk"]), _UNSAFE)
        last = _minutes(db, asked)
        sums = family_sums(db, "request", asked, ["requests"])
    seen = {one.route: one.hour for one in everywhere if one.environment == environment}
    elsewhere = sorted({one.environment for one in everywhere} - {environment})[:_MOST_NAMED]
    table, safety, minutes = tabled(frames, asked).rows, _safety(unsafe), _last_minutes(last)
    requests = {str(route): int(count) for route, count in zip(sums["route"], sums["requests"], strict=True)}
    routes = sorted({*seen, *table["route"], *(route for where, route in letters if where == environment and route)})
    # No request is newer than the newest message; both are known to the minute or the hour only.
    newest = now if fresh.read_until is None else min(now, fresh.read_until)
    lines = []
    for route in routes:
        rows = table[(table["route"] == route) & (table["quantile"].isna() | (table["quantile"] == _P95))]
        of_route = {row.measure: row for row in rows_of(rows, ["route"])}
        last_seen = minutes.get(route) or _end_of_hour(seen.get(route))
        lines.append(
            RouteLine(
                route=route,
                requests=requests.get(route, 0),
                per_minute=requests.get(route, 0) * 60 / asked.seconds if asked.seconds else math.nan,
                figures={name: row.value for name, row in of_route.items()},
                cost_bounds=_bounds(of_route.get("cost_per_success")),
                contradictions=[what for row in of_route.values() if (what := contradiction_in(row.note))],
                dead_letters=letters.get((environment, route), 0),
                safety=safety.get(route, Safety()),
                last_seen=None if last_seen is None else min(last_seen, newest),
            )
        )
    lines.sort(key=lambda line: -line.requests)
    return judge(lines, fresh, leader=None if leader is None else leader.holder, elsewhere=elsewhere)


def _bounds(row: Figures | None) -> tuple[float, float] | None:
    """What stands for the figure where too few outcomes are known."""
    if row is None or math.isnan(row.bound_low) or not math.isnan(row.value):
        return None
    return row.bound_low, row.bound_high


def _end_of_hour(hour: datetime | None) -> datetime | None:
    return None if hour is None else hour + timedelta(hours=1)


def _minutes(db: Database, asked: Asked) -> pd.DataFrame:
    """The minutes of the window in which each route had a request."""
    parts = [Part("minute", part.begin, part.end) for part in asked.parts]
    return family_sums(db, "request", asked._replace(parts=parts, step="minute"), ())


def _last_minutes(minutes: pd.DataFrame) -> dict[str, datetime]:
    """The end of the last one of each route."""
    last = minutes.groupby("route")["bucket"].max()
    return {str(route): pd.Timestamp(minute).to_pydatetime() + timedelta(minutes=1) for route, minute in last.items()}


def _safety(sums: pd.DataFrame) -> dict[str, Safety]:
    found: dict[str, Safety] = {}
    for row in sums.to_dict("records"):
        before = found.get(row["route"], Safety())
        found[row["route"]] = Safety(
            before.injections_succeeded + int(row["injection_succeeded"]),
            before.failed_open_at_high_risk + (int(row["failed_open"]) if row["risk"] == "high" else 0),
        )
    return found
