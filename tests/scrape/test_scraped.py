"""A real Prometheus scrapes what the rollups of a real PostgreSQL say, and its queries give those figures."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry

from analytics.scrape.collector import MeasureMetrics
from pointsman.http import Healthz, StatusServer
from pointsman_contract.decode import encode
from store.rollups.tick import tick
from store.sessions import Sessions
from tests import queries
from tests.builders import attempt
from tests.ingest.deployment import Deployment
from tests.scrape.shown import paid, recent
from tests.scrape.watched import Watched, scraping
from tests.services.prometheus import complaints
from tests.store.feed import Feed


class Served(NamedTuple):
    """Metrics on a port of their own; `leads` may be taken away."""

    metrics: MeasureMetrics
    port: int
    leads: threading.Event


@pytest.fixture
def served(sessions: Sessions) -> Iterator[Served]:
    """By the server of every process."""
    registry = CollectorRegistry()
    leads = threading.Event()
    leads.set()
    metrics = MeasureMetrics(sessions, registry, leads=leads.is_set)
    server = StatusServer("127.0.0.1", 0, registry, lambda: Healthz(well=True, body={}))
    server.start()
    yield Served(metrics, server.port, leads)
    server.close()


@pytest.fixture
def watched(prometheus_programs: Path, served: Served, tmp_path: Path) -> Iterator[Watched]:
    """Prometheus that scrapes them."""
    with scraping(prometheus_programs, tmp_path, served.port) as running:
        yield running


def test_queries_give_the_figures_of_the_rollups(
    feed: Feed, sessions: Sessions, served: Served, watched: Watched
) -> None:
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
    served.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)") == 300
    assert watched.value("sum(pointsman_spend_usd_total)") == pytest.approx(150)
    of_histogram = "histogram_quantile(0.95, sum by (le) (pointsman_{}_seconds_bucket))"
    assert watched.value(of_histogram.format("request_duration")) == pytest.approx(seconds[284], rel=0.05)
    assert watched.value(of_histogram.format("attempt_ttft")) == pytest.approx(seconds[284] / 10, rel=0.05)
    quantile = watched.value('pointsman_measure{measure="duration", q="0.95"}')
    assert quantile == pytest.approx(seconds[284], rel=0.01)
    assert watched.value('pointsman_measure{measure="eventual_success_rate"}') == 1
    assert watched.value('pointsman_measure{measure="cost_per_success"}') == pytest.approx(0.5)
    assert watched.value('pointsman_measure_low{measure="attempt_error_rate"}') == 0

    broken = attempt(status="error", injection="succeeded")
    feed.send(*(recent(attempts=(broken,)) for _ in range(100)))
    tick(sessions)
    served.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)", of=400) == 400
    assert watched.value("sum(rate(pointsman_requests_total[1m]))") > 0
    assert watched.value('pointsman_measure{measure="attempt_error_rate"}') == 0.25
    firing = 'ALERTS{alertname="PointsmanInjectionSucceeded", alertstate="firing", route="invoices"}'
    assert watched.value(firing) == 1
    assert watched.value('count(ALERTS{alertname="PointsmanErrorRateHigh"})') == 1


def test_every_query_of_the_dashboard_is_understood(
    feed: Feed, sessions: Sessions, served: Served, watched: Watched
) -> None:
    """By Prometheus itself; those of requests and measures find something."""
    feed.send(recent(outcome="success", duration_s=1.0, attempts=(paid("1", ttft_s=0.5, output_chars=100),)))
    tick(sessions)
    served.metrics.refresh()
    watched.value("sum(pointsman_requests_total)")
    for expression in queries.of_dashboard("routes.json"):
        is_plain = 'measure="task_success_rate"' in expression or "pointsman_requests_today" in expression
        assert watched.found(queries.for_all(expression)) or not is_plain, expression


def test_who_leads_no_more_leaves_no_old_figures(
    feed: Feed, sessions: Sessions, served: Served, watched: Watched
) -> None:
    """Once the collector shows nothing, a query finds nothing: Prometheus does not repeat the last sample."""
    feed.send(recent())
    tick(sessions)
    served.metrics.refresh()
    assert watched.value("sum(pointsman_requests_total)") == 1
    served.leads.clear()
    watched.wait_for_nothing("pointsman_requests_total")
    assert watched.value("up") == 1


def test_a_running_up_is_scraped(on_kafka: Deployment, prometheus_programs: Path, tmp_path: Path) -> None:
    """From Kafka over the store and the rollups to a query: one process shows ingest, tasks and routes, and where all
    is well no alert fires, and promtool has nothing to say of names and labels.
    """
    on_kafka.create_topics()
    process = on_kafka.start(command="up")
    on_kafka.publish(on_kafka.traces, [encode(recent(outcome="success", attempts=(paid("2"),))) for _ in range(20)])
    with scraping(prometheus_programs, tmp_path, process.port) as watched:
        assert watched.value("sum(pointsman_requests_total)", of=20) == 20
        assert watched.value("sum(pointsman_spend_usd_total)") == 40
        assert watched.value('pointsman_measure{measure="task_success_rate"}', of=1) == 1
        assert watched.value('sum(pointsman_ingest_messages_total{result="stored"})') == 20
        assert watched.value('pointsman_task_rows_total{task="rollups"}') == 20
        assert watched.value("pointsman_leader") == 1
        assert watched.found('ALERTS{alertstate="firing"}') == []
        assert watched.value("pointsman_partitions_ahead") == 7
    assert complaints(prometheus_programs, process.port) == ""
