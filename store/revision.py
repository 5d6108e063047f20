"""The schema's revision: no process migrates by itself, each refuses a wrong one and prints the command."""

from sqlalchemy import Connection, inspect, text

from store.errors import StoreDenied, WrongRevision
from store.sessions import Sessions

VERSION_TABLE = "alembic_version"
MIGRATE = "run: pointsman migrate"


def current_revision(db: Connection) -> str | None:
    """The revision that the database is at; None where there is no schema yet."""
    if not inspect(db).has_table(VERSION_TABLE):
        return None
    return db.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()


def refuse_other_encodings(db: Connection) -> None:
    """Raise StoreDenied where the database could not hold every text: a route's name in it would end the process."""
    encoding = db.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreDenied(f"the database has the encoding {encoding}; make one with: CREATE DATABASE … ENCODING 'UTF8'")


def require_revision(sessions: Sessions, head: str, known: frozenset[str]) -> None:
    """Pass where the database is at `head`.

    `known` are all revisions of this version: one outside of them comes from a newer Pointsman.
    Raises WrongRevision with the command that helps, StoreDenied where the encoding is not UTF-8, StoreAway.
    """
    with sessions.read() as db:
        refuse_other_encodings(db)
        found = current_revision(db)
    if found == head:
        return
    if found is None:
        raise WrongRevision(f"the database has no schema yet; {MIGRATE}")
    refuse_unknown(found, known)
    raise WrongRevision(f"the database is at revision {found}, this version needs {head}; {MIGRATE}")


def refuse_unknown(found: str | None, known: frozenset[str]) -> None:
    """Raise WrongRevision where the database is at a revision that only a newer Pointsman can know."""
    if found is not None and found not in known:
        raise WrongRevision(f"the database is at revision {found}, which this version does not know; upgrade Pointsman")
