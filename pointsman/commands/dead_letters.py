"""`pointsman dead-letters`: what could not be read, and why."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings
from pointsman_contract.errors import REASON_MEANINGS, DeadLetterReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.dead_letters import Letter, LetterLine

app = typer.Typer(no_args_is_help=True, help="Messages that could not be stored, and why.")

_SINCE = re.compile(r"^([0-9]{1,9})([smhd])$")
_HIGHEST_ID = 2**63 - 1
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@app.command("list")
@with_settings("database_url", require=("database_url",))
def list_command(
    *,
    reason: Annotated[
        DeadLetterReason | None,
        typer.Option(help="Only of this reason, as docs/contract.md names them.", metavar="REASON"),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only from this topic.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 90s, 15m, 24h, 7d.", metavar="AGE")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List dead letters, the newest first, with a count of each reason.

    Example: pointsman dead-letters list --reason invalid_field --since 24h
    """
    from pointsman.wiring import checked_sessions
    from store import dead_letters

    if topic is not None and not topic.isascii():
        raise UsageError("--topic: Kafka has no topics with such a name")
    after = _since(since)
    with checked_sessions(settings, "dead-letters") as sessions, sessions.read() as db:
        lines = dead_letters.newest(db, limit=limit, reason=reason.value if reason else None, topic=topic, since=after)
        counts = dead_letters.count_by_reason(db, topic=topic, since=after)
    if as_json:
        for line in lines:
            typer.echo(json.dumps(_plain(line._asdict())))
        return
    if not lines:
        typer.echo("no dead letters")
        return
    _print_table(lines)
    total = sum(count for _, count in counts)
    typer.echo(f"\n{len(lines):,} of {total:,} shown; " + ", ".join(f"{name} {count:,}" for name, count in counts))
    typer.echo("one of them in full: pointsman dead-letters show ID")


@app.command("show")
@with_settings("database_url", require=("database_url",))
def show_command(
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="The id that `list` prints.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    settings: Settings,
) -> None:
    """Show one dead letter in full: where it was, what is wrong with it, and its bytes.

    Example: pointsman dead-letters show 17
    """
    from pointsman.wiring import checked_sessions
    from store import dead_letters

    with checked_sessions(settings, "dead-letters") as sessions, sessions.read() as db:
        letter = dead_letters.find(db, letter_id) if 0 < letter_id <= _HIGHEST_ID else None
    if letter is None:
        raise UsageError(f"there is no dead letter {letter_id}")
    if as_json:
        typer.echo(json.dumps(_whole(letter)))
    else:
        _print_letter(letter)


def _since(age: str | None) -> datetime | None:
    if age is None:
        return None
    found = _SINCE.match(age)
    if found is None:
        raise UsageError(f"--since {age}: expected an age such as 90s, 15m, 24h or 7d")
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise UsageError(f"--since {age}: that is before time began") from error


def _print_table(lines: "Sequence[LetterLine]") -> None:
    from rich.table import Table
    from rich.text import Text

    from pointsman.terminal import harmless, is_narrow, print_table

    table = Table(box=None, pad_edge=False, header_style="bold")
    # What is wrong needs the place; `show` tells the rest.
    left_out = ("when (UTC)", "bytes") if is_narrow() else ()
    for name, style in (("id", "cyan"), ("when (UTC)", ""), ("where", ""), ("reason", "yellow"), ("bytes", "")):
        if name in left_out:
            continue
        table.add_column(name, style=style, no_wrap=True, justify="right" if name in ("id", "bytes") else "left")
    table.add_column("what is wrong", overflow="fold")
    for line in lines:
        cells = {
            "id": str(line.id),
            "when (UTC)": f"{line.dead_at:%m-%d %H:%M:%S}",
            "where": f"{line.topic}/{line.partition}@{line.offset}",
            "reason": line.reason,
            "bytes": f"{line.payload_bytes:,}",
        }
        shown = [value for name, value in cells.items() if name not in left_out]
        table.add_row(*shown, Text(harmless(line.detail)))
    print_table(table)


def _print_letter(letter: "Letter") -> None:
    from pointsman.terminal import harmless, harmless_bytes

    line = letter.line
    meaning = REASON_MEANINGS.get(DeadLetterReason(line.reason), "") if line.reason in set(DeadLetterReason) else ""
    rows = {
        "id": str(line.id),
        "where": f"{line.topic}, partition {line.partition}, offset {line.offset}",
        "reason": f"{line.reason}: {meaning}",
        "what is wrong": line.detail,
        "broker time": f"{letter.broker_time:%Y-%m-%d %H:%M:%S.%f} UTC",
        "stored here": f"{line.dead_at:%Y-%m-%d %H:%M:%S.%f} UTC",
        "seems to be of": f"environment {line.environment or '?'}, route {line.route or '?'}",
        "key": "none" if letter.message_key is None else harmless_bytes(letter.message_key),
        "sha256": letter.payload_sha256.hex(),
        "bytes": f"{line.payload_bytes:,}",
    }
    for name, value in rows.items():
        typer.echo(f"{name + ':':<16}{harmless(value)}")
    if letter.payload is None:
        typer.echo("payload:        not kept (dead_letter_payload = hash)")
    elif letter.payload:
        cut = f" (the first {len(letter.payload):,} bytes)" if len(letter.payload) < line.payload_bytes else ""
        typer.echo(f"payload{cut}:\n{harmless_bytes(letter.payload)}")


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _whole(letter: "Letter") -> dict[str, Any]:
    return {
        **_plain(letter.line._asdict()),
        "broker_time": letter.broker_time.isoformat(),
        "payload_sha256": letter.payload_sha256.hex(),
        "payload": None if letter.payload is None else letter.payload.decode(errors="backslashreplace"),
        "payload_base64": None if letter.payload is None else b64encode(letter.payload).decode(),
        "payload_is_whole": letter.payload is not None and len(letter.payload) == letter.line.payload_bytes,
        "message_key": None if letter.message_key is None else letter.message_key.decode(errors="backslashreplace"),
    }
