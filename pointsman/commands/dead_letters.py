"""`pointsman dead-letters`: what could not be read, and why."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import help_without_command, with_settings
from pointsman.settings import Settings
from pointsman_contract.errors import DeadLetterReason

app = typer.Typer()

AGE = re.compile(r"^([0-9]{1,9})([smhd])$")
HIGHEST_ID = 2**63 - 1
ReasonOption = Annotated[
    DeadLetterReason | None, typer.Option(help="Only of this reason, as docs/contract.md names them.", metavar="REASON")
]
TopicOption = Annotated[str | None, typer.Option(help="Only from this topic.", metavar="NAME")]
SinceOption = Annotated[str | None, typer.Option(help="Only of the last 90s, 15m, 24h, 7d.", metavar="AGE")]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@app.callback(invoke_without_command=True)
def dead_letters(context: typer.Context) -> None:
    """Messages that could not be stored, and why.

    Example: pointsman dead-letters list --since 24h
    """
    help_without_command(context)


@app.command("list")
@with_settings("database_url", require=("database_url",))
def list_command(
    *,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.", metavar="N")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List dead letters, the newest first, with a count of each reason.

    Example: pointsman dead-letters list --reason invalid_field --since 24h
    """
    from pointsman.database import checked_sessions
    from pointsman.letters.shown import plain, print_lines
    from store import dead_letters

    after = since_age(since)
    refuse_impossible_topic(topic)
    with checked_sessions(settings, "dead-letters") as sessions, sessions.read() as db:
        lines = dead_letters.newest(db, limit=limit, reason=reason.value if reason else None, topic=topic, since=after)
        counts = dead_letters.count_by_reason(db, topic=topic, since=after)
    if as_json:
        for line in lines:
            typer.echo(json.dumps(plain(line._asdict())))
        return
    if not lines:
        typer.echo("none of them" if reason or topic or since else "no dead letters")
        return
    print_lines(lines)
    total = sum(count for _, count in counts)
    typer.echo(f"\n{len(lines):,} of {total:,} shown; " + ", ".join(f"{name} {count:,}" for name, count in counts))
    typer.echo("one of them in full: pointsman dead-letters show ID")


@app.command("show")
@with_settings("database_url", require=("database_url",))
def show_command(
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="The id that `list` prints.")],
    *,
    full: Annotated[bool, typer.Option("--full", help="All bytes that are kept, also on a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    settings: Settings,
) -> None:
    """Show one dead letter: where it was, what is wrong with it, and its bytes.

    A terminal gets the first 2,000 of them, a file or a pipe all that are kept.

    Example: pointsman dead-letters show 17
    """
    from pointsman.database import checked_sessions
    from pointsman.letters.shown import print_letter, whole
    from store import dead_letters

    with checked_sessions(settings, "dead-letters") as sessions, sessions.read() as db:
        letter = dead_letters.find(db, letter_id) if 0 < letter_id <= HIGHEST_ID else None
        became = dead_letters.replayed_as(db, letter.line) if letter is not None else []
    if letter is None:
        raise UsageError(f"there is no dead letter {letter_id}")
    if as_json:
        typer.echo(json.dumps(whole(letter, became)))
    else:
        print_letter(letter, became, full=full)


def since_age(age: str | None) -> datetime | None:
    """The moment that an age such as 24h names. Raises UsageError."""
    if age is None:
        return None
    found = AGE.match(age)
    if found is None:
        raise UsageError(f"--since {age}: expected an age such as 90s, 15m, 24h or 7d")
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise UsageError(f"--since {age}: that is before time began") from error


def refuse_impossible_topic(topic: str | None) -> None:
    """Raises UsageError where no topic can have this name: the database would have to be asked in vain."""
    if topic is not None and not topic.isascii():
        raise UsageError("--topic: Kafka has no topics with such a name")
