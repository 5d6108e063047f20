"""`pointsman dead-letters replay`: send dead letters back into the topics that they came from."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.commands.dead_letters import (
    HIGHEST_ID,
    ReasonOption,
    SinceOption,
    TopicOption,
    refuse_impossible_topic,
    since_age,
)
from pointsman.exits import ATTENTION, UsageError
from pointsman.options import with_settings
from pointsman.settings import KAFKA, Settings
from pointsman_contract.errors import PointsmanError
from pointsman_contract.topics import place_of

if TYPE_CHECKING:
    from ingest.connection import KafkaConnection
    from pointsman.letters.replay import LetterReplay
    from store.replays import Asked
    from store.sessions import Sessions

_SHOWN = 20
_MOST = 1_000_000


@with_settings(*KAFKA, "database_url", require=("kafka_bootstrap", "database_url"))
def replay_command(  # noqa: PLR0913 - each flag of a command is an argument
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Only these, as `list` prints them.")
    ] = None,
    *,
    at_most: Annotated[
        int | None, typer.Option("--max", min=1, max=_MOST, help="At most so many, the oldest first.", metavar="N")
    ] = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also those that were replayed before, and replays that came back.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, the summary last.")] = False,
    settings: Settings,
) -> None:
    """Send dead letters back into the topics that they came from: the same value and key, marked by a header.

    For messages that can be stored now, after an upgrade or a changed setting. Ingest stores them as `replayed`: they
    are kept, and are evidence for nothing. What cannot be stored now either becomes a dead letter again, which a second
    replay leaves alone unless it is forced. Letters whose bytes were not kept whole are refused; the others go.

    Example: pointsman dead-letters replay --reason too_many_routes --since 24h --max 1000
    """
    from pointsman.database import checked_sessions
    from pointsman.kafka import kafka_connection
    from pointsman.letters.replay import LetterReplay
    from store.replays import Asked, newest_id

    if at_most is None and not ids:
        raise UsageError("say how many at most: --max N, or which: ID...")
    refuse_impossible_topic(topic)
    asked = _asked(ids or [], Asked(0, None, reason.value if reason else None, topic, since_age(since), force))
    with checked_sessions(settings, "dead-letters") as sessions:
        with sessions.read() as db:
            replay = LetterReplay(asked._replace(up_to=newest_id(db)), at_most or _MOST)
        replay.look(sessions)
        if dry_run:
            _show(replay, sessions, as_json=as_json)
        else:
            _send(replay, sessions, kafka_connection(settings))
    _tell(replay, as_json=as_json, dry_run=dry_run)
    if replay.refused or replay.missing:
        raise typer.Exit(ATTENTION)


def _asked(ids: list[int], filtered: "Asked") -> "Asked":
    """These ids, each once, or what the filters say. Raises UsageError."""
    if not ids:
        return filtered
    if filtered.reason or filtered.topic is not None or filtered.since is not None:
        raise UsageError("either ids, or --reason, --topic and --since")
    for one in ids:
        if not 0 < one <= HIGHEST_ID:
            raise UsageError(f"there is no dead letter {one}")
    return filtered._replace(ids=tuple(dict.fromkeys(ids)))


def _show(replay: "LetterReplay", sessions: "Sessions", *, as_json: bool) -> None:
    wanted = replay.to_send if as_json else min(replay.to_send, _SHOWN)
    shown = after = 0
    # By pages: each holds payloads.
    while shown < wanted and (some := replay.letters(sessions, after=after, limit=min(_SHOWN, wanted - shown))):
        for letter in some:
            place = place_of(letter.topic, letter.partition, letter.offset)
            size = len(letter.value or b"")
            if as_json:
                typer.echo(json.dumps({"id": letter.id, "where": place, "reason": letter.reason, "bytes": size}))
            else:
                typer.echo(f"{letter.id:>8}  {place}  {letter.reason}  {size:,} bytes")
        shown, after = shown + len(some), some[-1].id
    if replay.to_send > shown and not as_json:
        typer.echo(f"     and  {replay.to_send - shown:,} more")


def _send(replay: "LetterReplay", sessions: "Sessions", connection: "KafkaConnection") -> None:
    from ingest.producer import KafkaPublisher
    from pointsman.replay.bar import publishing_bar

    if not replay.free:
        return
    if replay.cut_short:
        typer.echo(
            f"pointsman: {replay.cut_short:,} of them were under way when an earlier replay was cut short:"
            " Kafka may get them twice, and ingest stores a trace or heartbeat once",
            err=True,
        )
    try:
        with KafkaPublisher(connection) as publisher, publishing_bar(replay.to_send) as progress:
            replay.run(sessions, publisher, progress)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"interrupted: {_so_far(replay)}") from error
    except PointsmanError:
        if replay.replayed or replay.under_way:
            typer.echo(f"pointsman: {_so_far(replay)}", err=True)
        raise


def _so_far(replay: "LetterReplay") -> str:
    left = f"; {replay.under_way:,} more were under way and are sent again next time" if replay.under_way else ""
    return f"{replay.replayed:,} of {replay.to_send:,} dead letters were replayed{left}"


def _tell(replay: "LetterReplay", *, as_json: bool, dry_run: bool) -> None:
    from store.replays import REFUSALS

    sent = replay.to_send if dry_run else replay.replayed
    left = max(0, replay.free - sent)
    if as_json:
        counts = {name: refused.letters for name, refused in replay.refused.items()}
        summary = {"dry_run": dry_run, "replayed": 0 if dry_run else sent, "would_replay": sent if dry_run else None}
        rest = {"left": left, "refused": counts, "left_alone": replay.passed_over, "not_there": replay.missing}
        typer.echo(json.dumps({**summary, **rest}))
        return
    noun, was = ("dead letter", "was") if sent == 1 else ("dead letters", "were")
    typer.echo(f"{sent:,} {noun} {'would be' if dry_run else was} replayed")
    if left:
        typer.echo(f"{left:,} more could be: run it again")
    if replay.passed_over:
        typer.echo(f"{replay.passed_over:,} left alone: replayed before, or a replay that came back; see --force")
    for name, refused in replay.refused.items():
        first = f" (the first: {refused.first_id})" if refused.letters > 1 else f" ({refused.first_id})"
        typer.echo(f"{refused.letters:,} not replayed{first}: the {REFUSALS[name]}")
    if replay.missing:
        typer.echo(f"not there: {', '.join(map(str, replay.missing[:_SHOWN]))}")
