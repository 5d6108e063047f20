"""Start what a long-running process needs, run it, and take it down again."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog
from pydantic import SecretStr

from ingest.metrics import IngestMetrics
from ingest.topics import create_topics
from migrations.revisions import head_revision
from migrations.schema import migrate
from pointsman.database import build_sessions
from pointsman.embedded.broker import embedded_broker
from pointsman.embedded.guarded import GuardedProcess
from pointsman.embedded.postgres import embedded_postgres, refuse_unusable_directory
from pointsman.embedded.watch import Watch
from pointsman.envfile import written_env_file
from pointsman.http import StatusServer, refuse_taken_port
from pointsman.interpreter import Interpreter
from pointsman.process import STOP_WITHIN_S, Service, Stopping, finished_unless_asked, run_services
from pointsman.settings import KAFKA, Settings, variable
from pointsman.wiring import (
    await_schema,
    build_ingest,
    build_registry,
    build_server,
    build_steer,
)
from store.errors import WrongRevision
from store.revision import current_revision
from store.sessions import Sessions

log = structlog.get_logger()

_EMBEDDED_PARTITIONS = 3
# Until both embedded services have stopped too, which have 5 and 20 s before they are killed.
EMBEDDED_STOP_WITHIN_S = STOP_WITHIN_S + 35.0


def serve_embedded(
    settings: Settings,
    stopping: Stopping,
    data_dir: Path,
    kafka_port: int | None,
    *,
    migrate_first: bool,
    env_file: Path | None,
) -> None:
    """`serve` with Kafka and PostgreSQL from the wheels, which stop with it. Raises EmbeddedError, StoppedEarly."""
    # Before anything is made or started.
    refuse_taken_port(settings.http_host, settings.http_port)
    with ExitStack() as stack:
        with stopping.starting():
            settings, watch = _start_embedded(stack, settings, data_dir, kafka_port, migrate_first=migrate_first)
        serve(settings, stopping, with_steer=True, env_file=env_file, watched=[watch])


def _start_embedded(
    stack: ExitStack, settings: Settings, data_dir: Path, kafka_port: int | None, *, migrate_first: bool
) -> tuple[Settings, Watch]:
    """Kafka and PostgreSQL from the wheels, until the stack unwinds; the settings with their addresses, and a watch.

    Raises EmbeddedError where one of them does not start.
    """
    ignored = [variable(name) for name in (*KAFKA, "database_url") if name in settings.model_fields_set]
    if ignored:
        log.warning("settings_not_used", settings=ignored, why="--embedded brings Kafka and PostgreSQL of its own")
    refuse_unusable_directory(data_dir)
    processes: list[GuardedProcess] = []
    bootstrap = stack.enter_context(embedded_broker(port=kafka_port, started=processes.append))
    database = stack.enter_context(embedded_postgres(data_dir, started=processes.append))
    own = {"kafka_bootstrap": bootstrap, "database_url": SecretStr(database.url)}
    kept = {name: getattr(settings, name) for name in settings.model_fields_set - set(KAFKA)}
    settings = Settings(**(kept | own))
    _bring_to_schema(settings, data_dir, migrate_first=migrate_first)
    create_topics(bootstrap, prefix=settings.topic_prefix, partitions=_EMBEDDED_PARTITIONS, replication=1)
    return settings, Watch(processes)


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


def serve(
    settings: Settings,
    stopping: Stopping,
    *,
    with_steer: bool,
    env_file: Path | None = None,
    watched: Sequence[Service] = (),
) -> None:
    """Ingest with /metrics and /healthz until asked to stop; waits for Kafka and the database where they are away.

    `with_steer` it also does what runs by the clock, if it leads. `watched` are further services that run beside it.
    Raises SettingsError, WrongRevision, StoreDenied, IngestStopped.
    """
    with stopping.held_up_by_nothing():
        with ExitStack() as stack:
            registry = build_registry(settings)
            metrics = IngestMetrics(registry)
            sessions = _open_sessions(stack, settings, "ingest")
            service = build_ingest(settings, sessions, metrics)
            services: list[Service] = [service, Interpreter(), *watched]
            steer = None
            if with_steer:
                # A pool of its own: neither waits for the other's connections.
                others = _open_sessions(stack, settings, "steer")
                steer = build_steer(settings, others, registry, days_ahead=metrics.days_ahead.set)
                services += steer.services
            server = build_server(settings, registry, ingest=service, steer=steer)
            _listen(stack, settings, server)
            stack.enter_context(written_env_file(env_file, settings, server.port, stopping))

            def wait_for_schema() -> None:
                await_schema(sessions, service.ingest.wait_for_store)

            if finished_unless_asked(wait_for_schema, stopping):
                run_services(services, stopping)
        log.info("stopped")


def serve_steer(settings: Settings, stopping: Stopping) -> None:
    """What runs by the clock, or a stand-by for it, with /metrics and /healthz until asked to stop.

    Waits for the database where it is away. Raises SettingsError, WrongRevision, StoreDenied.
    """
    with stopping.held_up_by_nothing():
        with ExitStack() as stack:
            registry = build_registry(settings)
            sessions = _open_sessions(stack, settings, "steer")
            steer = build_steer(settings, sessions, registry)
            _listen(stack, settings, build_server(settings, registry, steer=steer))

            def wait_for_schema() -> None:
                await_schema(sessions, steer.leadership.unsure)

            if finished_unless_asked(wait_for_schema, stopping):
                run_services(steer.services, stopping)
        log.info("stopped")


def _open_sessions(stack: ExitStack, settings: Settings, role: str) -> Sessions:
    sessions = build_sessions(settings, role)
    stack.callback(sessions.close)
    return sessions


def _listen(stack: ExitStack, settings: Settings, server: StatusServer) -> None:
    server.start()
    stack.callback(server.close)
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    log.info("listening", url=f"http://{host}:{server.port}", serves=["/metrics", "/healthz"])
