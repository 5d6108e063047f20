"""Reads what `pointsman status` shows: one look at every route of an environment."""

from datetime import datetime, timedelta

import pandas as pd

from analytics.report import Asked, read_family, report
from pointsman.screens.status import RouteLine, Safety, Status, judge
from pointsman.screens.status_table import COLUMNS
from store.leases import holder_of
from store.rollups.freshness import clock, dead_letters_by_route, read_freshness, routes_seen
from store.rollups.reading import Part, cover
from store.sessions import Sessions

LEASE = "steer"
_REMEMBERED = timedelta(hours=24)
_P95 = 0.95
_MOST_NAMED = 5
_UNSAFE = ("injection_succeeded", "failed_open")


def look(sessions: Sessions, environment: str, window: timedelta) -> Status:
    """The last `window`, by whole minutes. Raises StoreAway."""
    with sessions.snapshot() as db:
        now, minutes_from = clock(db)
        fresh = read_freshness(db)
        letters = dead_letters_by_route(db, now - window)
        everywhere = routes_seen(db, now - _REMEMBERED)
        leader = holder_of(db, LEASE)
    seen = {one.route: one.hour for one in everywhere if one.environment == environment}
    elsewhere = sorted({one.environment for one in everywhere} - {environment})[:_MOST_NAMED]
    parts = cover(now - window, now, minutes_from=minutes_from)
    asked = Asked(parts, ["route"], where={"environment": environment}, only=[name for name, _, _ in COLUMNS])
    table = report(sessions, asked).rows
    safety = _safety(read_family(sessions, "request", asked._replace(by=["route", "risk"]), _UNSAFE))
    minutes = _last_minutes(sessions, asked)
    routes = sorted({*seen, *table["route"], *(route for where, route in letters if where == environment and route)})
    lines = []
    for route in routes:
        rows = table[(table["route"] == route) & (table["quantile"].isna() | (table["quantile"] == _P95))]
        figures = dict(zip(rows["measure"], rows["value"], strict=True))
        counts = rows.loc[rows["measure"] == "escalation_rate", "count"]
        requests = int(counts.sum())
        lines.append(
            RouteLine(
                route=route,
                requests=requests,
                per_minute=requests * 60 / asked.seconds,
                figures=figures,
                dead_letters=letters.get((environment, route), 0),
                safety=safety.get(route, Safety()),
                last_seen=minutes.get(route) or _end_of_hour(seen.get(route), now),
            )
        )
    lines.sort(key=lambda line: -line.requests)
    return judge(lines, fresh, leader=None if leader is None else leader.holder, elsewhere=elsewhere)


def _end_of_hour(hour: datetime | None, now: datetime) -> datetime | None:
    return None if hour is None else min(now, hour + timedelta(hours=1))


def _last_minutes(sessions: Sessions, asked: Asked) -> dict[str, datetime]:
    """The end of the last minute of the window in which each route had a request."""
    parts = [Part("minute", part.begin, part.end) for part in asked.parts]
    sums = read_family(sessions, "request", asked._replace(parts=parts, step="minute"), ())
    last = sums.groupby("route")["bucket"].max()
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
