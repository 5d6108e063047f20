"""`pointsman offsets`: how far each partition is stored, and how to move it on one's own word."""

import json
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pointsman.exits import UsageError
from pointsman.options import help_without_command, with_settings
from pointsman.settings import KAFKA, Settings
from pointsman.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.partitions import Bounds
    from ingest.topic_state import TopicState
    from store.offsets import KnownPartition, ListedPartition
    from store.sessions import Sessions

app = typer.Typer()


class Move(NamedTuple):
    """A partition, where ingest would read on (None: it was never read), and where it shall."""

    partition: int
    stands: int | None
    bounds: "Bounds"
    to: int

    @property
    def begins_at(self) -> int:
        """The offset that ingest would read next."""
        return self.bounds.begin if self.stands is None else self.stands

    @property
    def skipped(self) -> int:
        """How many offsets are never read."""
        return max(0, self.to - self.begins_at)


@app.callback(invoke_without_command=True)
def offsets(context: typer.Context) -> None:
    """How far each partition is stored, and how to move it.

    Example: pointsman offsets list
    """
    help_without_command(context)


@app.command("list")
@with_settings("database_url", require=("database_url",))
def list_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List the next offset of every partition that was ever read, and the gaps that were noted.

    The cluster that moved last comes first. The partitions of an embedded broker that has ended stay in the list.

    Example: pointsman offsets list
    """
    from pointsman.database import checked_sessions
    from store import offsets as stored

    with checked_sessions(settings, "offsets") as sessions, sessions.read() as db:
        known = stored.all_offsets(db)
        gaps = stored.newest_gaps(db, limit=20)
    if as_json:
        for one in known:
            source = {**one.source._asdict(), "topic_id": str(one.source.topic_id)}
            typer.echo(json.dumps({**source, "next_offset": one.next_offset, "moved_at": one.moved_at.isoformat()}))
        for gap in gaps:
            typer.echo(json.dumps({"gap": {**gap._asdict(), "noted_at": gap.noted_at.isoformat()}}))
        return
    if not known:
        typer.echo("nothing was read yet")
        return
    _print(known)
    for gap in gaps:
        typer.echo(
            f"gap: {gap.topic}/{gap.partition} {gap.first:,} to {gap.next:,}"
            f" ({gap.reason}, {gap.noted_at:%Y-%m-%d %H:%M} UTC)"
        )


def _print(known: "Sequence[ListedPartition]") -> None:
    from rich.table import Table

    from pointsman.terminal import is_narrow, print_table

    table = Table(box=None, pad_edge=False, header_style="bold")
    columns: dict[str, Callable[[ListedPartition], str]] = {
        "topic": lambda one: one.source.topic,
        "partition": lambda one: str(one.source.partition),
        "next offset": lambda one: f"{one.next_offset:,}",
        "last moved (UTC)": lambda one: f"{one.moved_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "cluster": lambda one: one.source.cluster_id,
        "topic id": lambda one: str(one.source.topic_id),
    }
    if is_narrow():
        # `--json` has them.
        del columns["topic id"]
        if len({one.source.cluster_id for one in known}) == 1:
            del columns["cluster"]
    for name in columns:
        table.add_column(name, overflow="fold", justify="right" if name in ("partition", "next offset") else "left")
    for one in known:
        table.add_row(*(cell(one) for cell in columns.values()))
    print_table(table)


@app.command("reset")
@with_settings(*KAFKA, "database_url", require=("kafka_bootstrap", "database_url"))
def reset_command(
    *,
    topic: Annotated[str, typer.Option(help="The topic, with its prefix.", metavar="NAME")],
    partition: Annotated[int | None, typer.Option(min=0, help="Only this one; all without it.", metavar="N")] = None,
    to: Annotated[str, typer.Option("--to", help="start, end, or an offset.", metavar="OFFSET")] = "start",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before messages are skipped.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
    settings: Settings,
) -> None:
    """Move where ingest reads on, after a topic was re-created or lost messages. Nothing that is stored is touched.

    What is read again counts as duplicate; what is skipped is never stored, and noted as a gap: the command asks
    before. An ingest that runs goes on from there within seconds.

    Example: pointsman offsets reset --topic routing.traces --to start
    """
    from ingest.topic_state import topic_state
    from pointsman.database import checked_sessions
    from pointsman.kafka import kafka_connection
    from store.errors import OffsetsMoved
    from store.offsets import stored_offsets

    _refuse_foreign(topic, settings)
    state = topic_state(kafka_connection(settings), topic)
    if partition is not None and partition not in state.bounds:
        raise UsageError(f"{topic} has partitions 0 to {len(state.bounds) - 1}, no {partition}")
    numbers = sorted(state.bounds) if partition is None else [partition]
    targets = {number: _target(to, state.bounds[number]) for number in numbers}
    with checked_sessions(settings, "offsets") as sessions:
        with sessions.read() as db:
            known = stored_offsets(db, state.cluster_id, [topic])
        old = [one for one in known if one.source.topic_id != state.topic_id]
        stands = {one.source.partition: one.next_offset for one in known if one not in old}
        moves = [Move(number, stands.get(number), state.bounds[number], targets[number]) for number in numbers]
        if dry_run:
            _tell(topic, old, moves)
            return
        if skipped := 0 if yes else sum(move.skipped for move in moves):
            what = f"This skips {counted(skipped, 'offset')}, whose messages are not stored."
            typer.confirm(f"{what} Go on?", abort=True, err=True)
            # A question may stand for long.
            if topic_state(kafka_connection(settings), topic).topic_id != state.topic_id:
                raise OffsetsMoved(f"{topic} was re-created meanwhile; nothing was done, try again")
        done = _move(sessions, state, topic, moves, is_agreed=not yes)
    # Said only once it is true: a transaction may still fail at its end.
    _tell(topic, *done)


def _move(
    sessions: "Sessions", state: "TopicState", topic: str, moves: "Sequence[Move]", *, is_agreed: bool
) -> "tuple[Sequence[KnownPartition], Sequence[Move]]":
    """The incarnations that were forgotten, and the moves from where the partitions stood.

    Raises OffsetsMoved, with nothing done, where somebody has agreed and more offsets of a partition would be skipped.
    """
    from store import offsets as stored
    from store.errors import OffsetsMoved
    from store.received import Source

    with sessions.write() as db:
        old = stored.forget_incarnations(db, state.cluster_id, topic, state.topic_id)
        done = []
        for move in moves:
            source = Source(state.cluster_id, state.topic_id, topic, move.partition)
            stood = stored.reset_partition(db, source, move.bounds.begin, move.to)
            done.append(move if move.begins_at == stood else move._replace(stands=stood))
        if is_agreed and any(now.skipped > told.skipped for now, told in zip(done, moves, strict=True)):
            raise OffsetsMoved(f"{topic} was moved meanwhile, and more would be skipped; nothing was done, try again")
    return old, done


def _refuse_foreign(topic: str, settings: Settings) -> None:
    from ingest.reading import CARRIES

    # With whatever prefix: the command that ingest prints shall work where its own settings are not at hand.
    if not topic.endswith(tuple(CARRIES)):
        raise UsageError(
            f"ingest does not read {topic}; it reads {', '.join(settings.topic(name) for name in CARRIES)}"
        )


def _tell(topic: str, old: "Sequence[KnownPartition]", moves: "Sequence[Move]") -> None:
    for one in old:
        typer.echo(f"{topic}/{one.source.partition}: {one.source.topic_id} was stored up to {one.next_offset:,}")
    for move in moves:
        if move.stands == move.to:
            typer.echo(f"{topic}/{move.partition}: stays at {move.to:,}")
            continue
        stood = "not read yet" if move.stands is None else f"{move.stands:,}"
        skips = f", skips {counted(move.skipped, 'offset')}" if move.skipped else ""
        typer.echo(f"{topic}/{move.partition}: {stood} -> {move.to:,}{skips}")


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
