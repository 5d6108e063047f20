"""Start what a long-running process needs, run it, and take it down again."""

from contextlib import ExitStack
from pathlib import Path

import structlog
from pydantic import SecretStr

from ingest.metrics import IngestMetrics
from ingest.topics import create_topics
from migrations.schema import head_revision, migrate
from pointsman.embedded import embedded_broker, embedded_postgres
from pointsman.envfile import written_env_file
from pointsman.process import Service, Stopping, run_services
from pointsman.settings import Settings
from pointsman.wiring import (
    await_schema,
    build_ingest,
    build_maintenance,
    build_registry,
    build_server,
    build_sessions,
)
from store.errors import WrongRevision
from store.revision import current_revision

log = structlog.get_logger()

_EMBEDDED_PARTITIONS = 3


def start_embedded(
    stack: ExitStack, settings: Settings, data_dir: Path, kafka_port: int | None, *, migrate_first: bool
) -> Settings:
    """Kafka and PostgreSQL from the wheels, until the stack unwinds; returns the settings with their addresses.

    Raises EmbeddedError where one of them does not start.
    """
    bootstrap = stack.enter_context(embedded_broker(port=kafka_port))
    database = stack.enter_context(embedded_postgres(data_dir))
    settings = settings.model_copy(update={"kafka_bootstrap": bootstrap, "database_url": SecretStr(database.url)})
    _bring_to_schema(settings, data_dir, migrate_first=migrate_first)
    create_topics(bootstrap, prefix=settings.topic_prefix, partitions=_EMBEDDED_PARTITIONS, replication=1)
    return settings


def _bring_to_schema(settings: Settings, data_dir: Path, *, migrate_first: bool) -> None:
    """A database without a schema has nothing to migrate from and gets one; an older one waits for a person."""
    sessions = build_sessions(settings, "migrate")
    try:
        with sessions.read() as db:
            found = current_revision(db)
        if found is None or migrate_first:
            migrate(sessions)
        elif found != head_revision():
            raise WrongRevision(
                f"the database in {data_dir} is at revision {found}, this version needs {head_revision()};"
                f" run: pointsman up --embedded --data-dir {data_dir} --migrate"
            )
    finally:
        sessions.close()


def serve(settings: Settings, stopping: Stopping, *, with_maintenance: bool, env_file: Path | None = None) -> None:
    """Ingest with /metrics and /healthz until asked to stop; waits for Kafka and the database where they are away.

    Raises SettingsError, WrongRevision, StoreDenied, IngestStopped.
    """
    registry = build_registry(settings)
    metrics = IngestMetrics(registry)
    sessions = build_sessions(settings, "ingest")
    service = build_ingest(settings, sessions, metrics)
    server = build_server(settings, registry, service)
    server.start()
    try:
        log.info("listening", url=f"http://{settings.http_host}:{server.port}", serves=["/metrics", "/healthz"])
        with written_env_file(env_file, settings, server.port):

            def waiting(why: str) -> None:
                service.ingest.wait_for_store(why)

            if await_schema(sessions, stopping.asked, waiting):
                services: list[Service] = [service]
                if with_maintenance:
                    services.append(build_maintenance(settings, sessions, metrics))
                run_services(services, stopping)
    finally:
        server.close()
        sessions.close()
    log.info("stopped")
