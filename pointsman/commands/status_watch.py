"""`pointsman status --watch`: looks again and again, also where the database is away meanwhile."""

import json
import threading
import time
from collections.abc import Callable
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
# A connection is given up after five.
_PATIENCE_S = 6.0


class Seen(NamedTuple):
    """One look: for people, and for programs."""

    state: State
    screen: RenderableType
    line: dict[str, Any]


class _Asking:
    """One question to the database, in a thread of its own: a host that stands still answers no statement, and Ctrl-C
    must not wait for it.
    """

    def __init__(self, ask: Callable[[], Status]) -> None:
        self._answer: Status | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._began = time.monotonic()
        threading.Thread(target=self._run, args=(ask,), name="look", daemon=True).start()

    def _run(self, ask: Callable[[], Status]) -> None:
        try:
            self._answer = ask()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
        self._ended.set()

    @property
    def asked_s(self) -> float:
        """For how long."""
        return time.monotonic() - self._began

    def wait(self) -> Status | None:
        """What it answered; None where it has not within six seconds of the question. Raises what looking raised."""
        if not self._ended.wait(max(0.0, _PATIENCE_S - self.asked_s)):
            return None
        if self._error is not None:
            raise self._error
        return self._answer


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
        self._asking: _Asking | None = None

    def look(self) -> Seen:
        """What there is to see; blind where nobody answers. Raises StoreDenied, WrongRevision, for good."""
        self._asking = asking = self._asking or _Asking(self._ask)
        try:
            status = asking.wait()
        except StoreAway as error:
            self._asking, self._is_known = None, False
            return self._blind(str(error))
        except BaseException:
            self._asking = None
            raise
        if status is None:
            return self._blind(f"it is there and has said nothing for {asking.asked_s:.0f} s")
        self._asking = None
        self._is_known, self._away_since, self._counted_until = True, None, status.counted_until
        return Seen(status.state, rendered(status, self._window, narrow=is_narrow()), plain(status))

    def _ask(self) -> Status:
        # What comes back may be another database: restored, or migrated.
        if not self._is_known:
            require_revision(self._sessions, head_revision(), known_revisions())
        return look(self._sessions, self._environment, self._span)

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
