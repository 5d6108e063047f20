"""`pointsman ingest` and `pointsman up`: the long-running processes."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings

SERVICE_SETTINGS = (
    "kafka_bootstrap",
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
        serve(settings, stopping, with_maintenance=False)


@with_settings(*SERVICE_SETTINGS)
def up(
    *,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start Kafka (Tansu, in memory) and PostgreSQL from the wheels.")
    ] = False,
    data_dir: Annotated[Path, typer.Option(help="Where the embedded PostgreSQL keeps its data.", metavar="DIR")] = Path(
        "pointsman-data"
    ),
    kafka_port: Annotated[int | None, typer.Option(help="Port of the embedded Kafka; a free one without it.")] = None,
    env_file: Annotated[
        Path | None, typer.Option(help="Write the addresses to this file, as POINTSMAN_ variables.", metavar="FILE")
    ] = None,
    migrate_first: Annotated[
        bool, typer.Option("--migrate", help="Bring an older embedded database to this version first.")
    ] = False,
    settings: Settings,
) -> None:
    """Run everything in one process: ingest, partition maintenance, /metrics and /healthz.

    With --embedded nothing else is needed: topics are created, a new database gets its schema, and both services stop
    with the process. The embedded Kafka keeps messages in memory only.

    Example: pointsman up --embedded --env-file pointsman.env
    """
    from pointsman.process import Stopping
    from pointsman.serving import serve, start_embedded

    stopping = Stopping()
    with stopping.on_signals(), ExitStack() as stack:
        if embedded:
            settings = start_embedded(stack, settings, data_dir, kafka_port, migrate_first=migrate_first)
        elif migrate_first or kafka_port is not None:
            raise UsageError(
                "--migrate and --kafka-port go with --embedded; for your own database run: pointsman migrate"
            )
        settings.require("kafka_bootstrap", "database_url")
        serve(settings, stopping, with_maintenance=True, env_file=env_file)
