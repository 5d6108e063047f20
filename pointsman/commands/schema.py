"""`pointsman migrate`: bring the database to this version's schema."""

from typing import Annotated

import typer

from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings


@with_settings("database_url", "raw_retention")
def migrate_command(
    *,
    down_to: Annotated[
        str | None,
        typer.Option("--down-to", help="Go back to this revision (base: no schema). Deletes data.", metavar="REVISION"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before going down.")] = False,
    print_roles: Annotated[
        bool,
        typer.Option("--print-roles", help="Print the SQL of the roles with least rights, and do nothing else."),
    ] = False,
    settings: Settings,
) -> None:
    """Bring the database to this version's schema, in one transaction; a second run changes nothing.

    No other command migrates by itself: each refuses a schema that is not its own. (`up --embedded` gives a new
    database of its own the schema.)

    Example: pointsman migrate --database-url postgresql://pointsman@localhost/pointsman
    """
    from migrations.revisions import head_revision, known_revisions
    from migrations.schema import migrate, migrate_down
    from pointsman.database import build_sessions
    from store.days import Days
    from store.rights import roles_sql

    if print_roles:
        typer.echo(roles_sql(), nl=False)
        return
    settings.require("database_url")
    sessions = build_sessions(settings, "migrate")
    try:
        if down_to is not None:
            if down_to not in {"base", *known_revisions()}:
                raise UsageError(f"--down-to: this version has no revision {down_to!r}")
            if not yes:
                gone = "every table, with all that is stored" if down_to == "base" else "what later revisions hold"
                typer.confirm(f"Going down to {down_to} deletes {gone}. Go on?", abort=True, err=True)
            before, after = migrate_down(sessions, down_to)
        else:
            before, after = migrate(sessions)
        if after == head_revision():
            Days(sessions, raw_retention=settings.raw_retention).maintain()
    finally:
        sessions.close()
    if before == after:
        typer.echo(f"already at {after or 'no schema'}")
    else:
        typer.echo(f"{before or 'no schema'} -> {after or 'no schema'}")
