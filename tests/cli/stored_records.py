"""What the tests of stored records share: the command, and a rollout as the loop would store it."""

import json
from pathlib import Path
from typing import Any

from store.sessions import Sessions
from tests.cli.command import Said, pointsman
from tests.store.records import rolled_out

ID = "invoices-2026-11"


def mdr(url: str, *arguments: str | Path) -> Said:
    """Run `pointsman mdr` on a database."""
    return pointsman("mdr", *map(str, arguments), settings={"database_url": url})


def objects(said: Said) -> list[dict[str, Any]]:
    """The JSON objects that a command printed."""
    return [json.loads(line) for line in said.out.splitlines()]


def rolling(url: str, state: str, *, record_id: str = ID, number: int = 1) -> None:
    """A rollout of a revision."""
    sessions = Sessions(url)
    rolled_out(sessions, state, record_id, number)
    sessions.close()
