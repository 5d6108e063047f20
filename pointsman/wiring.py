"""Every object graph of the long-running processes, each built in one function."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics

from ingest.backoff import Backoff
from ingest.broker import GroupConsumer
from ingest.health import Health
from ingest.loop import Ingest
from ingest.metrics import IngestMetrics
from ingest.pending import BatchLimits, PendingBatch
from ingest.reading import CARRIES
from ingest.stopping import StopRules
from migrations.revisions import head_revision, known_revisions
from pointsman.http import Healthz, StatusServer
from pointsman.kafka import kafka_connection
from pointsman.settings import Settings
from pointsman.steer.health import SteerHealth, steer_health
from pointsman.steer.leadership import Leadership, holder_name
from pointsman.steer.metrics import SteerMetrics
from pointsman.steer.schedule import Schedule
from pointsman.steer.task import Task
from pointsman.steer.tasks import RollUp, close_weeks, keep_partitions
from pointsman.version import VERSION
from store.batches import BatchStore
from store.days import Days
from store.errors import StoreAway
from store.ingest_store import IngestStore
from store.price_book import CachedPriceBook
from store.revision import require_revision
from store.routes import AdmittedRoutes
from store.sessions import Sessions

log = structlog.get_logger()

# Whoever holds it leads: one of all processes on a database.
_LEASE = "steer"


@dataclass
class IngestService:
    """Ingest as a service of the process, with what it measures."""

    ingest: Ingest
    name: str = "ingest"

    @property
    def health(self) -> Health:
        """Whether messages reach the store."""
        return self.ingest.health

    def run(self) -> None:
        """Read until stopped."""
        self.ingest.run()

    def stop(self) -> None:
        """Finish the batch and leave the group."""
        self.ingest.stop()


@dataclass(frozen=True)
class Steer:
    """What runs by the clock in the one process that leads: two services."""

    leadership: Leadership
    schedule: Schedule

    @property
    def health(self) -> SteerHealth:
        """Whether this process does what it has to, be it to stand by."""
        return steer_health(self.schedule.tasks, self.schedule.records, self.leadership.standing, time.monotonic())

    @property
    def services(self) -> tuple[Schedule, Leadership]:
        """What a process runs of it."""
        return self.schedule, self.leadership


def build_registry(settings: Settings) -> CollectorRegistry:
    """A registry that says who is scraped."""
    disable_created_metrics()
    registry = CollectorRegistry()
    info = Gauge(
        "pointsman_info", "Version and environment of this process.", ["version", "environment"], registry=registry
    )
    info.labels(VERSION, settings.environment).set(1)
    return registry


def build_ingest(settings: Settings, sessions: Sessions, metrics: IngestMetrics) -> IngestService:
    """One consumer with its batch, its rules and its way into the store. Raises SettingsError."""
    carries = {settings.topic(name): model for name, model in CARRIES.items()}
    days = Days(sessions, raw_retention=settings.raw_retention)
    keep_payloads = settings.dead_letter_payload == "keep"
    prices = CachedPriceBook(sessions)
    batches = BatchStore(sessions, days, AdmittedRoutes(sessions), prices, keep_payloads=keep_payloads)
    limits = BatchLimits(
        max_messages=settings.batch_max_messages,
        max_bytes=settings.batch_max_bytes,
        max_age_s=settings.batch_max_age_s,
    )
    rules = StopRules(
        in_a_row=settings.dead_letters_in_a_row, storage_limit_bytes=settings.dead_letter_storage_limit_bytes
    )

    connection = kafka_connection(settings)

    def connect() -> GroupConsumer:
        return GroupConsumer(connection, group=settings.consumer_group, topics=carries)

    return IngestService(
        Ingest(connect, IngestStore(sessions, batches, days), carries, PendingBatch(limits), rules, metrics)
    )


def build_steer(
    settings: Settings,
    sessions: Sessions,
    registry: CollectorRegistry,
    *,
    days_ahead: Callable[[int], None] = lambda _: None,
) -> Steer:
    """What the leader does by the clock, and who leads; `days_ahead` is told how many days are ready."""
    # Only who steers needs pandas.
    from analytics.scrape.collector import MeasureMetrics

    metrics = SteerMetrics(registry)
    work_ended = threading.Event()
    leadership = Leadership(sessions, _LEASE, holder_name(), work_ended=work_ended)
    days = Days(sessions, raw_retention=settings.raw_retention)

    def leads() -> bool:
        return leadership.lease is not None

    rollups = RollUp(sessions, go_on=leads, fresh=metrics.rollups_are_fresh)
    partitions = partial(keep_partitions, sessions, days, ready=days_ahead)
    measures = MeasureMetrics(sessions, registry, leads=leads)
    tasks = (
        Task("rollups", timedelta(seconds=2), rollups.run),
        # It may wait for a reader as long as that reads.
        Task("partitions", timedelta(minutes=10), partitions, left_at_end=True),
        Task("measures", timedelta(seconds=15), measures.refresh),
        # A merge that is cut has done nothing.
        Task("weeks", timedelta(minutes=5), partial(close_weeks, sessions, go_on=leads), left_at_end=True),
    )
    return Steer(leadership, Schedule(tasks, leadership, metrics, work_ended))


def build_server(
    settings: Settings, registry: CollectorRegistry, *, ingest: IngestService | None = None, steer: Steer | None = None
) -> StatusServer:
    """The port of /metrics and /healthz, which is well where all that runs here is. Raises SettingsError where the port
    is taken.
    """

    def health() -> Healthz:
        reading = None if ingest is None else ingest.health
        steered = None if steer is None else steer.health
        parts = [part for part in (reading, steered) if part is not None]
        body: dict[str, Any] = {"state": parts[0].state, "detail": parts[0].detail, "version": VERSION}
        if steered is not None:
            body["steer"] = steered.body
        return Healthz(all(part.well for part in parts), body)

    return StatusServer(settings.http_host, settings.http_port, registry, health)


def await_schema(sessions: Sessions, waiting: Callable[[str], None]) -> None:
    """Wait for the database, however long it takes; `waiting` is told why, each time.

    Raises WrongRevision, StoreDenied.
    """
    backoff = Backoff()
    head, known = head_revision(), known_revisions()
    while True:
        try:
            require_revision(sessions, head, known)
        except StoreAway as error:
            waiting(str(error))
            time.sleep(backoff.next_s())
        else:
            return
