"""`pointsman offsets`: how far each partition is stored, and how to move it on one's own word."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import KAFKA, Settings

if TYPE_CHECKING:
    from ingest.partitions import Bounds

app = typer.Typer(no_args_is_help=True, help="How far each partition is stored, and how to move it.")


@app.command("list")
@with_settings("database_url", require=("database_url",))
def list_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List the next offset of every partition that was ever read, and the gaps that were noted.

    Example: pointsman offsets list
    """
    from rich.table import Table

    from pointsman.terminal import print_table
    from pointsman.wiring import checked_sessions
    from store import offsets

    with checked_sessions(settings, "offsets") as sessions, sessions.read() as db:
        known = offsets.all_offsets(db)
        gaps = offsets.newest_gaps(db, limit=20)
    if as_json:
        for one in known:
            typer.echo(
                json.dumps(
                    {**one.source._asdict(), "topic_id": str(one.source.topic_id), "next_offset": one.next_offset}
                )
            )
        for gap in gaps:
            typer.echo(json.dumps({"gap": {**gap._asdict(), "noted_at": gap.noted_at.isoformat()}}))
        return
    if not known:
        typer.echo("nothing was read yet")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("topic", "partition", "next offset", "topic id", "cluster"):
        table.add_column(name, justify="right" if name in ("partition", "next offset") else "left")
    for one in known:
        source = one.source
        table.add_row(
            source.topic, str(source.partition), f"{one.next_offset:,}", str(source.topic_id), source.cluster_id
        )
    print_table(table)
    for gap in gaps:
        typer.echo(
            f"gap: {gap.topic}/{gap.partition} {gap.first:,} to {gap.next:,}"
            f" ({gap.reason}, {gap.noted_at:%Y-%m-%d %H:%M} UTC)"
        )


@app.command("reset")
@with_settings(*KAFKA, "database_url", require=("kafka_bootstrap", "database_url"))
def reset_command(
    *,
    topic: Annotated[str, typer.Option(help="The topic, with its prefix.")],
    partition: Annotated[int | None, typer.Option(min=0, help="Only this partition; all without it.")] = None,
    to: Annotated[str, typer.Option("--to", help="start, end, or an offset.", metavar="OFFSET")] = "start",
    settings: Settings,
) -> None:
    """Move where ingest reads on, after a topic was re-created or lost messages. Nothing that is stored is touched.

    What is read again counts as duplicate; what is skipped is noted as a gap.

    Example: pointsman offsets reset --topic routing.traces --to start
    """
    from ingest.reading import CARRIES
    from ingest.topic_state import topic_state
    from pointsman.kafka import kafka_connection
    from pointsman.wiring import checked_sessions
    from store import offsets
    from store.received import Source

    # With whatever prefix: the command that ingest prints shall work where its own settings are not at hand.
    if not topic.endswith(tuple(CARRIES)):
        raise UsageError(
            f"ingest does not read {topic}; it reads {', '.join(settings.topic(name) for name in CARRIES)}"
        )
    state = topic_state(kafka_connection(settings), topic)
    if partition is not None and partition not in state.bounds:
        raise UsageError(f"{topic} has partitions 0 to {len(state.bounds) - 1}, no {partition}")
    numbers = sorted(state.bounds) if partition is None else [partition]
    targets = {number: _target(to, state.bounds[number]) for number in numbers}
    # Said only once it is true: a transaction may still fail at its end.
    said: list[str] = []
    with checked_sessions(settings, "offsets") as sessions, sessions.write() as db:
        said += [
            f"{topic}/{old.source.partition}: {old.source.topic_id} was stored up to {old.next_offset:,}"
            for old in offsets.forget_incarnations(db, state.cluster_id, topic, state.topic_id)
        ]
        for number, target in targets.items():
            stood = offsets.reset_partition(db, Source(state.cluster_id, state.topic_id, topic, number), target)
            said.append(f"{topic}/{number}: {'not read yet' if stood is None else f'{stood:,}'} -> {target:,}")
    for line in said:
        typer.echo(line)


def _target(to: str, bounds: "Bounds") -> int:
    if to == "start":
        return bounds.begin
    if to == "end":
        return bounds.end
    if not to.isdecimal():
        raise UsageError(f"--to {to}: expected start, end, or an offset")
    if not bounds.begin <= int(to) <= bounds.end:
        raise UsageError(f"--to {to}: Kafka holds the offsets {bounds.begin:,} to {bounds.end:,}")
    return int(to)
