"""`pointsman status --watch`: looks again and again, also where the database is away meanwhile."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from migrations.revisions import head_revision, known_revisions
from pointsman.screens.status import State, Status, age
from pointsman.screens.status_table import plain, rendered
from pointsman.terminal import harmless, is_narrow, keys_unseen, print_table
from pointsman.watching import look
from store.errors import StoreAway
from store.revision import require_revision
from store.sessions import Sessions

_EVERY_S = 2.0


class Seen(NamedTuple):
    """One look: for people, and for programs."""

    state: State
    screen: RenderableType
    line: dict[str, Any]


class Watch:
    """Looks at a database that may go away and come back. Remembers since when it has been away."""

    def __init__(self, sessions: Sessions, environment: str, span: timedelta, window: str) -> None:
        self._sessions = sessions
        self._environment = environment
        self._span = span
        self._window = window
        self._away_since: datetime | None = None
        self._counted_until: datetime | None = None
        self._is_known = False

    def look(self) -> Seen:
        """What there is to see; blind where nobody answers. Raises StoreDenied, WrongRevision, for good."""
        try:
            # What comes back may be another database: restored, or migrated.
            if not self._is_known:
                require_revision(self._sessions, head_revision(), known_revisions())
            status = look(self._sessions, self._environment, self._span)
        except StoreAway as error:
            self._is_known = False
            return self._blind(str(error))
        self._is_known, self._away_since, self._counted_until = True, None, status.counted_until
        return Seen(status.state, rendered(status, self._window, narrow=is_narrow()), plain(status))

    def _blind(self, why: str) -> Seen:
        now = datetime.now(UTC)
        self._away_since = self._away_since or now
        away = f"the database has not answered since {self._away_since:%H:%M:%S} UTC ({age(now, self._away_since)})"
        head = Text.assemble(("blind", "bold red"), f"  {now:%Y-%m-%d %H:%M:%S} UTC, {away}")
        screen = Group(head, Text(f"  {harmless(why)}"), Text("  looks again every two seconds, until Ctrl-C"))
        return Seen("blind", screen, plain(Status("blind", [f"{away}: {why}"], [], now, self._counted_until)))


def keep_watching(watch: Watch, *, as_json: bool) -> State:
    """Until Ctrl-C; the state that was seen last. Raises KeyboardInterrupt where nothing was seen yet."""
    console = Console(highlight=False)
    state: State | None = None
    try:
        seen = watch.look()
        state = seen.state
        if as_json or not console.is_terminal:
            while True:
                _print(seen, as_json=as_json)
                time.sleep(_EVERY_S)
                seen = watch.look()
                state = seen.state
        with keys_unseen(), Live(seen.screen, console=console, auto_refresh=False) as live:
            while True:
                time.sleep(_EVERY_S)
                seen = watch.look()
                state = seen.state
                live.update(seen.screen, refresh=True)
    except KeyboardInterrupt:
        if state is None:
            raise
    return state


def _print(seen: Seen, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(seen.line))
    else:
        print_table(seen.screen)
