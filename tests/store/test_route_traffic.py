"""How much traffic a record's route has, as far as the rollups have counted."""

from datetime import UTC, datetime, timedelta

from store import model_records
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import trace
from tests.store.feed import Feed


def _traffic(sessions: Sessions, route: str, since: datetime) -> float | None:
    with sessions.snapshot() as db:
        found = model_records.traffic(db, "prod", route, since=since)
    return None if found is None else found.per_second


def test_traffic_is_requests_a_second(feed: Feed, sessions: Sessions) -> None:
    """Of users on all serving arms; over the whole time for a route that was there before, and for a new one from its
    first hour on.
    """
    now = datetime.now(UTC)
    for route, days in (("invoices", 30), ("new", 1)):
        feed.send(trace(route=route, started_at=now - timedelta(days=days)))
    lately = now - timedelta(hours=3)
    for route in ("invoices", "new", "none"):
        serving = () if route == "none" else ("baseline", "canary", "canary")
        feed.send(*(trace(route=route, started_at=lately, arm=arm) for arm in (*serving, "shadow")))
        feed.send(trace(route=route, started_at=lately, probe="golden"))
    feed.send(trace(environment="staging", started_at=lately))
    assert _traffic(sessions, "invoices", now - timedelta(days=7)) is None
    tick(sessions)
    day, week, long = timedelta(days=1), timedelta(days=7), timedelta(days=20)
    for since, route, requests, least, most in (
        (week, "invoices", 3, week, week),
        (long, "invoices", 3, long, long + timedelta(hours=1)),
        (week, "new", 4, day, day + timedelta(hours=1)),
    ):
        rate = _traffic(sessions, route, now - since)
        assert rate is not None
        assert least - timedelta(minutes=2) <= timedelta(seconds=requests / rate) <= most + timedelta(minutes=2)
    assert _traffic(sessions, "none", now - week) is None
    assert _traffic(sessions, "invoices", now - timedelta(hours=1)) is None
    assert _traffic(sessions, "invoices", now + timedelta(hours=1)) is None
