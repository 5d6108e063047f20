"""`pointsman ingest`, `pointsman steer` and `pointsman up`: the long-running processes."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import KAFKA, Settings, SettingsError

_DATA_DIR = "pointsman-data"
SERVICE_SETTINGS = (
    *KAFKA,
    "database_url",
    "environment",
    "topic_prefix",
    "consumer_group",
    "http_host",
    "http_port",
    "raw_retention",
    "batch_max_messages",
    "batch_max_bytes",
    "batch_max_age_s",
    "dead_letter_payload",
    "dead_letters_in_a_row",
    "dead_letter_storage_limit_bytes",
)
STEER_SETTINGS = ("database_url", "environment", "http_host", "http_port", "raw_retention")


@with_settings(*SERVICE_SETTINGS, require=("kafka_bootstrap", "database_url"))
def ingest(*, settings: Settings) -> None:
    """Read traces, outcomes and heartbeats from Kafka into PostgreSQL, each exactly once.

    As many processes as the topics have partitions may run side by side. Where Kafka or the database is away, it waits
    and goes on alone; SIGTERM finishes the batch and leaves within 10 seconds.

    Example: POINTSMAN_KAFKA_BOOTSTRAP=kafka:9092 POINTSMAN_DATABASE_URL=postgresql://pointsman@db/pointsman pointsman
    ingest
    """
    from pointsman.process import Stopping
    from pointsman.serving import serve

    stopping = Stopping()
    with stopping.on_signals():
        serve(settings, stopping, with_steer=False)


@with_settings(*STEER_SETTINGS, require=("database_url",))
def steer(*, settings: Settings) -> None:
    """Do what runs by the clock, rollups and partitions, in one process of all that run: the others stand by.

    A stand-by takes over within 15 seconds of a leader that was killed or stands still, and at once where it ends in
    good order. `up` does the same beside ingest. Where the database is away, it waits and goes on alone; SIGTERM
    finishes what is under way and leaves within 10 seconds. It makes and drops days, so it logs in as the owner of the
    tables, or as a member of it.

    Example: POINTSMAN_DATABASE_URL=postgresql://pointsman@db/pointsman pointsman steer --http-port 8475
    """
    from pointsman.process import Stopping
    from pointsman.serving import serve_steer

    stopping = Stopping()
    with stopping.on_signals():
        serve_steer(settings, stopping)


@with_settings(*SERVICE_SETTINGS)
def up(
    *,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start Kafka (Tansu, in memory) and PostgreSQL from the wheels.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(help=f"Where the embedded PostgreSQL keeps its data. [default: {_DATA_DIR}]", metavar="DIR"),
    ] = None,
    kafka_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port of the embedded Kafka; a free one without it.")
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(help="A new file for the addresses while it runs, as POINTSMAN_ variables.", metavar="FILE"),
    ] = None,
    migrate_first: Annotated[
        bool, typer.Option("--migrate", help="Bring an older embedded database to this version first.")
    ] = False,
    settings: Settings,
) -> None:
    """Run everything in one process: ingest, what `steer` does, /metrics and /healthz.

    With --embedded nothing else is needed: topics are created, a new database gets its schema, and both services stop
    with the process. The embedded Kafka keeps messages in memory only.

    Example: pointsman up --embedded --env-file pointsman.env
    """
    from pointsman.envfile import remove_stale_env_file
    from pointsman.process import StoppedEarly, Stopping
    from pointsman.serving import EMBEDDED_STOP_WITHIN_S, serve, serve_embedded

    if not embedded and (migrate_first or kafka_port is not None or data_dir is not None):
        raise UsageError(
            "--data-dir, --kafka-port and --migrate go with --embedded; for your own database run: pointsman migrate"
        )
    if not embedded:
        try:
            settings.require("kafka_bootstrap", "database_url")
        except SettingsError as error:
            raise UsageError(f"{error}; without both, for a first look: pointsman up --embedded") from error
    remove_stale_env_file(env_file)
    stopping = Stopping()
    with stopping.on_signals(), suppress(StoppedEarly):
        if not embedded:
            serve(settings, stopping, with_steer=True, env_file=env_file)
            return
        with stopping.held_up_by_nothing(EMBEDDED_STOP_WITHIN_S):
            directory = data_dir or Path(_DATA_DIR)
            serve_embedded(settings, stopping, directory, kafka_port, migrate_first=migrate_first, env_file=env_file)
