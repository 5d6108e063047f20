"""`pointsman topics`: create the topics that Pointsman reads and writes."""

import json
from typing import Annotated

import typer

from pointsman.options import help_without_command, with_settings
from pointsman.settings import KAFKA, Settings

app = typer.Typer()


@app.callback(invoke_without_command=True)
def topics(context: typer.Context) -> None:
    """The Kafka topics that Pointsman reads and writes.

    Example: pointsman topics create --partitions 12 --replication 3
    """
    help_without_command(context)


@app.command("create")
@with_settings(*KAFKA, "topic_prefix", require=("kafka_bootstrap",))
def create_command(
    *,
    partitions: Annotated[
        int, typer.Option(min=1, max=10_000, help="Partitions of traces, outcomes, heartbeats.", metavar="N")
    ] = 6,
    replication: Annotated[
        int, typer.Option(min=-1, help="Replication factor; -1: the broker's default.", metavar="N")
    ] = -1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """Create the topics that are missing, with the settings that Pointsman relies on; the others stay as they are.

    Traces, outcomes and heartbeats get the broker's time (LogAppendTime), the policy topic is compacted.

    Example: pointsman topics create --partitions 12 --replication 3
    """
    from ingest.topics import create_topics
    from pointsman.kafka import kafka_connection

    for topic in create_topics(
        kafka_connection(settings), prefix=settings.topic_prefix, partitions=partitions, replication=replication
    ):
        if as_json:
            typer.echo(json.dumps(topic._asdict()))
        else:
            noun = "partition" if topic.partitions == 1 else "partitions"
            state = "created" if topic.created else "is there already"
            asked = f" (not {partitions:,}: what is there stays)" if topic.asked != topic.partitions else ""
            typer.echo(f"{topic.name}: {state}, {topic.partitions} {noun}{asked}")
