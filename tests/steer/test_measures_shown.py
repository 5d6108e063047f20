"""Of all processes that steer, the one that leads shows what routes do."""

from tests.ingest.process import IngestProcess
from tests.steer.site import Site

# The first reading may come before the first tick; the next one is 15 s later.
_SHOWN_WITHIN_S = 30.0
_ROUTE = {
    "environment": "prod",
    "route": "invoices",
    "route_kind": "",
    "task_class": "extraction",
    "arm": "baseline",
}


def wait_requests(process: IngestProcess, count: int) -> None:
    """Wait until it shows so many of today."""
    process.wait_until(
        lambda: process.metric("pointsman_requests_total", **_ROUTE) == count,
        f"{count} requests",
        within_s=_SHOWN_WITHIN_S,
    )


def test_only_the_leader_shows_measures(site: Site) -> None:
    """Its task reads the rollups by the clock; whoever stands by shows no figure of a route until it takes over."""
    first, second = site.leader(), site.standby()
    site.send(7)
    wait_requests(first, 7)
    assert first.metric("pointsman_measures_refreshed_timestamp_seconds") is not None
    assert second.metric("pointsman_requests_total", **_ROUTE) is None
    assert second.metric("pointsman_measures_refreshed_timestamp_seconds") is None
    assert first.terminate() == 0
    wait_requests(second, 7)
    assert second.metric("pointsman_task_failures_total", task="measures") == 0
