"""Every object graph of the long-running processes, each built in one function."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

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
from migrations.schema import head_revision, known_revisions
from pointsman.http import Healthz, StatusServer
from pointsman.kafka import kafka_connection
from pointsman.schedule import Maintenance
from pointsman.settings import Settings
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


@dataclass
class IngestService:
    """Ingest as a service of the process, with what it measures."""

    ingest: Ingest
    name: str = "ingest"

    def run(self) -> None:
        """Read until stopped."""
        self.ingest.run()

    def stop(self) -> None:
        """Finish the batch and leave the group."""
        self.ingest.stop()


def build_registry(settings: Settings) -> CollectorRegistry:
    """A registry that says who is scraped."""
    disable_created_metrics()
    registry = CollectorRegistry()
    info = Gauge(
        "pointsman_info", "Version and environment of this process.", ["version", "environment"], registry=registry
    )
    info.labels(VERSION, settings.environment).set(1)
    return registry


def build_sessions(settings: Settings, role: str) -> Sessions:
    """Connections that name the process in pg_stat_activity."""
    return Sessions(settings.database_url.get_secret_value(), application=f"pointsman {role}")


@contextmanager
def checked_sessions(settings: Settings, role: str) -> Iterator[Sessions]:
    """Connections to a database that has this version's schema, for one command.

    Raises WrongRevision with the command that helps, StoreAway, StoreDenied.
    """
    sessions = build_sessions(settings, role)
    try:
        require_revision(sessions, head_revision(), known_revisions())
        yield sessions
    finally:
        sessions.close()


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


def build_rebuild(_sessions: Sessions) -> Callable[[date], None]:
    """What brings the rollups of a day up to the costs that hold now, once `prices reprice` has changed them.

    There are no rollups yet: nothing has to be done.
    """

    def rebuild(_day: date) -> None:
        """Would read the day again, with `repriced_attempts` in place of what it replaces."""

    return rebuild


def build_maintenance(settings: Settings, sessions: Sessions, metrics: IngestMetrics) -> Maintenance:
    """The schedule of day partitions and retention."""
    days = Days(sessions, raw_retention=settings.raw_retention)
    return Maintenance(sessions, days, maintained=metrics.days_ahead.set)


def build_server(settings: Settings, registry: CollectorRegistry, ingest: IngestService) -> StatusServer:
    """The port of /metrics and /healthz. Raises SettingsError where it is taken."""

    def health() -> Healthz:
        now: Health = ingest.ingest.health
        return Healthz(now.well, {"state": now.state, "detail": now.detail, "version": VERSION})

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
