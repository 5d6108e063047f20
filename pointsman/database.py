"""The way to the database for commands: beside `wiring.py`, which would load Kafka's client for each of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from migrations.revisions import head_revision, known_revisions
from pointsman.settings import Settings
from store.revision import require_revision
from store.sessions import Sessions


def build_sessions(settings: Settings, role: str) -> Sessions:
    """Connections that name the process in pg_stat_activity."""
    return Sessions(settings.database_url.get_secret_value(), application=f"pointsman {role}")


@contextmanager
def checked_sessions(settings: Settings, role: str) -> Iterator[Sessions]:
    """Connections to a database that has this version's schema, for one command.

    Raises WrongRevision with the command that helps, StoreAway, StoreDenied.
    """
    sessions = build_sessions(settings, role)
    try:
        require_revision(sessions, head_revision(), known_revisions())
        yield sessions
    finally:
        sessions.close()
