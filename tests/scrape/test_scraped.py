"""A real Prometheus scrapes what the rollups of a real PostgreSQL say, and its queries give those figures."""

import threading
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client import CollectorRegistry

from analytics.scrape.collector import MeasureMetrics
from pointsman.http import Healthz, StatusServer
from store.rollups.tick import tick
from store.sessions import Sessions
from tests import queries
from tests.builders import attempt
from tests.scrape.shown import paid, recent
from tests.services.prometheus import get_json, prometheus, until_found
from tests.store.feed import Feed

_WITHIN_S = 20.0


class Watched(NamedTuple):
    """Prometheus at an address, and what it scrapes."""

    address: str
    metrics: MeasureMetrics
    leads: threading.Event

    def url(self, expression: str) -> str:
        """Of a query at this moment."""
        return f"http://{self.address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"

    def value(self, expression: str, *, of: float | None = None) -> float:
        """The only value of a query, once there is one (once it is `of`)."""

        def found(answer: Any) -> list[float]:
            values = [float(one["value"][1]) for one in answer["data"]["result"]]
            return values if of is None or values == [of] else []

        (value,) = until_found(self.url(expression), found, within_s=_WITHIN_S)
        return float(value)


@pytest.fixture
def watched(prometheus_programs: Path, sessions: Sessions, tmp_path: Path) -> Iterator[Watched]:
    """Scraped twice a second; the rules are the deployment's."""
    registry = CollectorRegistry()
    leads = threading.Event()
    leads.set()
    metrics = MeasureMetrics(sessions, registry, leads=leads.is_set)
    server = StatusServer("127.0.0.1", 0, registry, lambda: Healthz(well=True, body={}))
    server.start()
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(queries.RULES / "measures.yml")],
        "scrape_configs": [
            {"job_name": "pointsman", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]},
        ],
    }
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    try:
        with prometheus(prometheus_programs, tmp_path, file) as address:
            yield Watched(address, metrics, leads)
    finally:
        server.close()


def test_queries_give_the_figures_of_the_rollups(feed: Feed, sessions: Sessions, watched: Watched) -> None:
    """Requests, a rate, spend, an alert; quantiles from the histogram within 5 %, from the measure within 1 %."""
    # Evenly between two edges: there the histogram's straight line is right.
    seconds = [1 + 1.5 * (number + 0.5) / 300 for number in range(300)]
    started = datetime.now(UTC) - timedelta(minutes=2)
    feed.send(
        *(
            recent(started_at=started, duration_s=one, outcome="success", attempts=(paid("0.5", ttft_s=one / 10),))
            for one in seconds
        )
    )
    tick(sessions)
    watched.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)") == 300
    assert watched.value("sum(pointsman_spend_usd_total)") == pytest.approx(150)
    of_histogram = "histogram_quantile(0.95, sum by (le) (pointsman_{}_seconds_bucket))"
    assert watched.value(of_histogram.format("request_duration")) == pytest.approx(seconds[284], rel=0.05)
    assert watched.value(of_histogram.format("attempt_ttft")) == pytest.approx(seconds[284] / 10, rel=0.05)
    quantile = watched.value('pointsman_measure{measure="duration", quantile="0.95"}')
    assert quantile == pytest.approx(seconds[284], rel=0.01)
    assert watched.value('pointsman_measure{measure="eventual_success_rate"}') == 1
    assert watched.value('pointsman_measure{measure="cost_per_success"}') == pytest.approx(0.5)
    assert watched.value("pointsman_measure_low{measure='attempt_error_rate'}") == 0

    broken = attempt(status="error", injection="succeeded")
    feed.send(*(recent(attempts=(broken,)) for _ in range(100)))
    tick(sessions)
    watched.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)", of=400) == 400
    assert watched.value("sum(rate(pointsman_requests_total[1m]))") > 0
    assert watched.value('pointsman_measure{measure="attempt_error_rate"}') == 0.25
    firing = 'ALERTS{alertname="PointsmanInjectionSucceeded", alertstate="firing", route="invoices"}'
    assert watched.value(firing) == 1
    assert watched.value('count(ALERTS{alertname="PointsmanErrorRateHigh"})') == 1


def test_every_query_of_the_dashboard_is_understood(feed: Feed, sessions: Sessions, watched: Watched) -> None:
    """By Prometheus itself; those of requests and measures find something."""
    feed.send(recent(outcome="success", duration_s=1.0, attempts=(paid("1", ttft_s=0.5, output_chars=100),)))
    tick(sessions)
    watched.metrics.refresh()
    watched.value("sum(pointsman_requests_total)")
    for expression in queries.of_dashboard("routes.json"):
        answer = get_json(watched.url(queries.for_all(expression)))
        assert answer["status"] == "success", expression
        plain = 'measure="task_success_rate"' in expression or "pointsman_requests_today" in expression
        assert answer["data"]["result"] or not plain, expression


def test_who_leads_no_more_leaves_no_old_figures(feed: Feed, sessions: Sessions, watched: Watched) -> None:
    """Once the collector shows nothing, a query finds nothing: Prometheus does not repeat the last sample."""
    feed.send(recent())
    tick(sessions)
    watched.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)") == 1
    watched.leads.clear()
    until_found(
        watched.url("pointsman_requests_total"), lambda answer: not answer["data"]["result"], within_s=_WITHIN_S
    )
    assert watched.value("up") == 1
