"""Processes that tick, and end or stand still where they are told to.

For each line of its input (`most`, and at which statement what happens: "200 0 kill") this process makes a child by
fork, which costs nothing beside a start of Python, says its number, and how it ended once it has. A child with a
statement takes one tick, one with 0 ticks until it is killed. A child whose `most` is 0 closes a week instead.
"""

import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event

from store.errors import StoreAway
from store.rollups.closing import close_a_week
from store.rollups.tick import tick
from store.sessions import Sessions

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Moment:
    """Before the n-th statement, counted from the first after the session was prepared; a commit is one too."""

    def __init__(self, at: int, what: str) -> None:
        self._left = at
        self._prepared = False
        self._what = _SIGNALS[what]
        event.listen(Engine, "before_cursor_execute", self.before_statement)
        event.listen(Engine, "commit", self.before_commit)

    def before_statement(self, _db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Count a statement."""
        self._prepared = self._prepared or "CREATE TEMPORARY TABLE" not in statement
        self.before_commit()

    def before_commit(self, *_: Any) -> None:
        """Count a commit, except that of the preparation."""
        if self._prepared:
            self.strike()

    def strike(self) -> None:
        """Do it when its time has come."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._what)


def say(word: str) -> None:
    """Tell the test that waits for it."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def work(url: str, most: int, at: int, what: str) -> str:
    """Tick; says how it went."""
    sessions = Sessions(url)
    if at:
        Moment(at, what)
        try:
            if most:
                tick(sessions, most=most)
            else:
                close_a_week(sessions, rest=timedelta())
        except StoreAway:
            return "away"
        return "done"
    while True:
        with suppress(StoreAway):
            tick(sessions, most=most)


def main() -> None:
    """Make children, one after the other."""
    url = sys.argv[1]
    say("ready")
    for line in sys.stdin:
        most, at, what = line.split()
        child = os.fork()
        if child == 0:
            os._exit(0 if work(url, int(most), int(at), what) == "done" else 1)
        say(str(child))
        _, status = os.waitpid(child, 0)
        say(str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
