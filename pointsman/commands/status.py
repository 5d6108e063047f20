"""`pointsman status`: one line for each route, and one word for all of them."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.exits import ATTENTION, BLIND, WELL, UsageError
from pointsman.moments import age_of
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    from datetime import timedelta

    from pointsman.screens.status import State, Status
    from store.sessions import Sessions

_CODES = {"calm": WELL, "attention": ATTENTION, "blind": BLIND}
_SHORTEST_S, _LONGEST_S = 60, 86_400


@with_settings("database_url", "environment", require=("database_url",))
def status(
    *,
    window: Annotated[str, typer.Option(help="How far back: 1m to 24h.", metavar="AGE")] = "15m",
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object; with --watch one a line.")] = False,
    settings: Settings,
) -> None:
    """Show how every route does now: traffic, success, cost, errors, escalation, P95, age of data, dead letters.

    Exit code 0: calm. 1: something needs attention, said in a sentence. 3: blind, because nothing arrived for five
    minutes, nothing is counted, or the database does not answer. A watch ends with the code of what it saw last; while
    the database does not answer it says since when and why, and goes on looking. Limits for measures belong to records.

    Example: pointsman status --watch
    """
    from pointsman.database import checked_sessions

    span = age_of(window, "--window")
    if not _SHORTEST_S <= span.total_seconds() <= _LONGEST_S:
        raise UsageError("--window: expected an age from 1m to 24h")
    if watch:
        state = _watch(settings, span, window, as_json=as_json)
    elif as_json:
        state = _told_once(settings, span, window)
    else:
        with checked_sessions(settings, "status") as sessions:
            state = _once(sessions, settings.environment, span, window).state
    raise typer.Exit(_CODES[state])


def _told_once(settings: Settings, span: "timedelta", window: str) -> "State":
    """For programs, which get an object also where the database is away."""
    from pointsman.commands.status_watch import Watch
    from pointsman.database import build_sessions

    sessions = build_sessions(settings, "status")
    try:
        seen = Watch(sessions, settings.environment, span, window).look()
    finally:
        sessions.close()
    typer.echo(json.dumps(seen.line))
    return seen.state


def _once(sessions: "Sessions", environment: str, span: "timedelta", window: str) -> "Status":
    from pointsman.screens.status_table import rendered
    from pointsman.terminal import is_narrow, print_table
    from pointsman.watching import look

    seen = look(sessions, environment, span)
    print_table(rendered(seen, window, narrow=is_narrow()))
    return seen


def _watch(settings: Settings, span: "timedelta", window: str, *, as_json: bool) -> "State":
    from pointsman.commands.status_watch import Watch, keep_watching
    from pointsman.database import build_sessions

    sessions = build_sessions(settings, "status")
    try:
        return keep_watching(Watch(sessions, settings.environment, span, window), as_json=as_json)
    finally:
        sessions.close()
