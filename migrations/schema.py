"""Run migrations on a database, and what Alembic may compare."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from migrations.revisions import known_revisions
from store.days import PARTITION_NAME
from store.errors import WrongRevision
from store.revision import current_revision, refuse_other_encodings, refuse_unknown
from store.sessions import Sessions

# Two people who migrate at the same moment take turns.
_MIGRATING = 0x706F_696E_7473 + 2


def alembic_config(db: Connection | None = None) -> Config:
    """Alembic's settings, with the connection that it shall use."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = db
    return config


def migrate(sessions: Sessions, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade to `revision` in one transaction; returns the revisions before and after. Raises StoreError."""
    return _run(sessions, revision, upgrade=True)


def migrate_down(sessions: Sessions, revision: str) -> tuple[str | None, str | None]:
    """Downgrade to `revision` ("base": no schema), dropping what later revisions hold. Raises StoreError."""
    return _run(sessions, revision, upgrade=False)


def _run(sessions: Sessions, revision: str, *, upgrade: bool) -> tuple[str | None, str | None]:
    with sessions.write() as db:
        db.exec_driver_sql("SET LOCAL statement_timeout = 0")
        # The other's turn lasts as long as its migration; tables are waited for as briefly as ever.
        db.exec_driver_sql("SET LOCAL lock_timeout = 0")
        db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        db.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
        refuse_other_encodings(db)
        before = current_revision(db)
        refuse_unknown(before, known_revisions())
        try:
            (command.upgrade if upgrade else command.downgrade)(alembic_config(db), revision)
        except CommandError as error:
            raise WrongRevision(f"this version has no revision {revision}: {error}") from error
        after = current_revision(db)
    return before, after


def is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """Day partitions are made by ingest and maintenance, not by migrations."""
    return not (kind == "table" and name is not None and PARTITION_NAME.match(name))
