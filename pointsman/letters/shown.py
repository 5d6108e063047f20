"""Dead letters for people and for programs."""

import sys
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from pointsman.terminal import harmless, harmless_bytes, is_narrow, print_table
from pointsman_contract.errors import REASON_MEANINGS, DeadLetterReason
from pointsman_contract.topics import place_of
from store.dead_letters import Letter, LetterLine

_SHOWN_BYTES = 2_000


def print_lines(lines: Sequence[LetterLine]) -> None:
    """A table, a line each."""
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
            "when (UTC)": f"{line.dead_at:%Y-%m-%d %H:%M:%S}",
            "where": place_of(line.topic, line.partition, line.offset),
            "reason": line.reason,
            "bytes": f"{line.payload_bytes:,}",
        }
        told = " · ".join(filter(None, (harmless(line.detail), _told_of_replays(line))))
        shown = [value for name, value in cells.items() if name not in left_out]
        table.add_row(*shown, Text(told))
    print_table(table)


def print_letter(letter: Letter, became: Sequence[int], *, full: bool) -> None:
    """One letter; `became` are the letters that it became again after a replay.

    A terminal gets the beginning of the payload, unless it is to be `full`.
    """
    line = letter.line
    meaning = REASON_MEANINGS.get(DeadLetterReason(line.reason), "") if line.reason in set(DeadLetterReason) else ""
    rows = {
        "id": str(line.id),
        "where": f"{line.topic}, partition {line.partition}, offset {line.offset}",
        "reason": f"{line.reason}: {meaning}",
        "what is wrong": line.detail,
        "broker time": f"{letter.broker_time:%Y-%m-%d %H:%M:%S.%f} UTC",
        "stored here": f"{line.dead_at:%Y-%m-%d %H:%M:%S.%f} UTC",
        "replay": _told_of_replays(line) or "none",
        "seems to be of": f"environment {line.environment or '?'}, route {line.route or '?'}",
        "key": "none" if letter.message_key is None else harmless_bytes(letter.message_key),
        "sha256": letter.payload_sha256.hex(),
        "bytes": f"{line.payload_bytes:,}",
    }
    if became:
        rows["replay"] += f"; became dead letter {', '.join(map(str, became))} again"
    for name, value in rows.items():
        typer.echo(f"{name + ':':<16}{harmless(value)}")
    if letter.payload is None:
        typer.echo("payload:        not kept (dead_letter_payload = hash)")
    elif letter.payload:
        shown = letter.payload if full or not sys.stdout.isatty() else letter.payload[:_SHOWN_BYTES]
        cut = f" (the first {len(shown):,} bytes)" if len(shown) < line.payload_bytes else ""
        typer.echo(f"payload{cut}:\n{harmless_bytes(shown)}")
        if len(shown) < len(letter.payload):
            typer.echo(f"all {len(letter.payload):,} that are kept: pointsman dead-letters show {line.id} --full")


def _told_of_replays(line: LetterLine) -> str:
    came = f"came back from a replay of {harmless(line.replay_of)}" if line.replay_of else ""
    went = ""
    began, ended = line.replay_began_at, line.replayed_at
    if began is not None and (ended is None or ended < began):
        went = f"a replay was cut short at {began:%Y-%m-%d %H:%M:%S} UTC"
    elif ended is not None:
        went = f"replayed {ended:%Y-%m-%d %H:%M:%S} UTC"
    return ", ".join(filter(None, (came, went)))


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON takes it."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def whole(letter: Letter, became: Sequence[int]) -> dict[str, Any]:
    """One letter in full, as JSON takes it."""
    return {
        **plain(letter.line._asdict()),
        "broker_time": letter.broker_time.isoformat(),
        "payload_sha256": letter.payload_sha256.hex(),
        "became_again": list(became),
        "payload": None if letter.payload is None else letter.payload.decode(errors="backslashreplace"),
        "payload_base64": None if letter.payload is None else b64encode(letter.payload).decode(),
        "payload_is_whole": letter.payload is not None and len(letter.payload) == letter.line.payload_bytes,
        "message_key": None if letter.message_key is None else letter.message_key.decode(errors="backslashreplace"),
    }
