"""`pointsman replay`: publish a file of traces."""

from pathlib import Path
from typing import Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import KAFKA, Settings
from pointsman_contract.topics import TRACES


@with_settings(*KAFKA, "topic_prefix", require=("kafka_bootstrap",))
def replay(
    file: Annotated[Path, typer.Argument(help="JSONL file: one pointsman.trace/1 a line.", metavar="FILE")],
    *,
    speed: Annotated[
        float | None, typer.Option(help="Publish as it happened, this many times as fast.", metavar="N")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Publish as fast as possible (the default).")] = False,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Leave the times; without it the last trace starts now.")
    ] = False,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Leave the trace ids; then a second run is all duplicates.")
    ] = False,
    environment: Annotated[str, typer.Option(help="Environment that the traces are published under.")] = "replay",
    settings: Settings,
) -> None:
    """Publish recorded traces to Kafka, with times shifted to now and new trace ids.

    Their environment is `replay` whatever POINTSMAN_ENVIRONMENT says, so that no real one is mixed with them.
    The whole file is checked first: with one line that breaks the contract nothing is sent.

    Example: pointsman replay azure-chat.jsonl --speed 60
    """
    from pointsman.kafka import kafka_connection
    from pointsman.replay.console import replay_file
    from pointsman.replay.plan import check_environment
    from pointsman.replay.tracefile import ReplayRefused

    if now and speed is not None:
        raise UsageError("--now and --speed exclude each other")
    if speed is not None and not 0 < speed < float("inf"):
        raise UsageError(f"--speed: expected a number over 0, not {speed:g}")
    if not file.exists():
        raise UsageError(f"there is no file {file}")
    if not file.is_file():
        raise UsageError(f"{file} is no regular file: it is read twice, first to check it and then to publish it")
    try:
        check_environment(environment)
    except ReplayRefused as error:
        raise UsageError(f"--{error}") from error
    summary = replay_file(
        file,
        connection=kafka_connection(settings),
        topic=settings.topic(TRACES),
        environment=environment,
        speed=speed,
        keep_times=keep_times,
        keep_ids=keep_ids,
    )
    typer.echo(summary)
