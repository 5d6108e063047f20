"""`pointsman forget`: delete what is stored of one session or one tenant."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.exits import ATTENTION, UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings
from pointsman.wording import counted
from pointsman_contract.errors import PointsmanError
from pointsman_contract.fields import MAX_TEXT

if TYPE_CHECKING:
    from pointsman.forgetting import Forgetting
    from store.forgetting import Whose

_KAFKA = (
    "Kafka still holds what its retention has not deleted. It comes back where it is read again (offsets reset,"
    " dead-letters replay), and what a router sends from now on is stored as ever; see docs/operating.md"
)


@with_settings("database_url", require=("database_url",))
def forget(
    *,
    session: Annotated[str | None, typer.Option(help="The session_id of its traces.", metavar="ID")] = None,
    tenant: Annotated[str | None, typer.Option(help="The tenant of its traces.", metavar="NAME")] = None,
    only_environment: Annotated[
        str | None, typer.Option("--environment", help="Only in this environment; in all without it.", metavar="NAME")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not count first, and do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    settings: Settings,
) -> None:
    """Delete traces with their attempts and outcomes, and dead letters, of one session or one tenant.

    Asks before it deletes. Works in small transactions beside a running ingest; one that is cut short is continued by
    the next run. Dead letters go where the value follows the name of the field; the command says how many it could not
    look into.

    Example: pointsman forget --session 9f1c2ab0 --dry-run
    """
    from pointsman.database import checked_sessions
    from pointsman.forgetting import Forgetting
    from pointsman.replay.bar import days_bar
    from store.forgetting import stored_days

    forgetting = Forgetting(_whose(session, tenant, only_environment))
    with checked_sessions(settings, "forget") as sessions:
        days = len(stored_days(sessions))
        if dry_run or not yes:
            with days_bar("counting  ", days) as progress:
                forgetting.count(sessions, progress)
        if dry_run:
            _tell(forgetting, as_json=as_json, dry_run=True)
            return
        if not yes:
            if not forgetting.found_anything:
                _tell(forgetting, as_json=as_json, dry_run=False)
                return
            _ask(forgetting)
        try:
            with days_bar("forgetting", days) as progress:
                forgetting.delete(sessions, progress)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"interrupted: {_deleted(forgetting)}; run it again to go on") from error
        except PointsmanError:
            typer.echo(f"pointsman: {_deleted(forgetting)}; run it again to go on", err=True)
            raise
    _tell(forgetting, as_json=as_json, dry_run=False)
    if forgetting.stored_meanwhile:
        raise typer.Exit(ATTENTION)


def _whose(session: str | None, tenant: str | None, environment: str | None) -> "Whose":
    from store.forgetting import Whose

    if (session is None) == (tenant is None):
        raise UsageError("say whose: either --session ID or --tenant NAME")
    for flag, value in (("--session", session), ("--tenant", tenant), ("--environment", environment)):
        # '' is what traces have that name none: it would forget nearly everybody.
        if value is not None and not (0 < len(value) <= MAX_TEXT and "\0" not in value and _is_text(value)):
            raise UsageError(f"{flag}: expected 1 to {MAX_TEXT} characters of UTF-8")
    return (
        Whose("tenant", tenant, environment)
        if session is None and tenant
        else Whose("session_id", session or "", environment)
    )


def _is_text(value: str) -> bool:
    # Python hands bytes that are no UTF-8 over as surrogates.
    return value.encode(errors="ignore").decode() == value


def _ask(forgetting: "Forgetting") -> None:
    _tell_what_stays(forgetting, err=True)
    traces, letters = counted(forgetting.found_traces, "trace"), counted(forgetting.found_letters, "dead letter")
    typer.confirm(
        f"This deletes {traces} with attempts and outcomes, and {letters}{_sums(forgetting)}. Go on?",
        abort=True,
        err=True,
    )


def _sums(forgetting: "Forgetting") -> str:
    found = forgetting.found_sums
    return f", and takes the tenant's name off {counted(found, 'daily sum')}" if found else ""


def _deleted(forgetting: "Forgetting") -> str:
    gone = forgetting.deleted
    return (
        f"deleted {counted(gone.traces, 'trace')}, {counted(gone.attempts, 'attempt')},"
        f" {counted(gone.outcomes, 'outcome')} and {counted(forgetting.deleted_letters, 'dead letter')}"
    )


def _tell(forgetting: "Forgetting", *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        gone = {**_rows(forgetting), "dead_letters": forgetting.deleted_letters}
        found = {
            "traces": forgetting.found_traces,
            "dead_letters": forgetting.found_letters,
            "tenant_sums": forgetting.found_sums,
        }
        rest = {
            "dry_run": dry_run,
            "letters_that_mention_it": forgetting.mentions,
            "letters_unseen": forgetting.hidden._asdict(),
            "renamed_rollups": forgetting.renamed_rollups,
            "stored_meanwhile": forgetting.stored_meanwhile,
        }
        typer.echo(json.dumps({("found" if dry_run else "deleted"): found if dry_run else gone, **rest}))
        return
    if dry_run:
        traces, letters = counted(forgetting.found_traces, "trace"), counted(forgetting.found_letters, "dead letter")
        typer.echo(f"would delete {traces} with attempts and outcomes, and {letters}{_sums(forgetting)}")
    else:
        typer.echo(_deleted(forgetting))
        if forgetting.renamed_rollups:
            typer.echo(f"renamed: {counted(forgetting.renamed_rollups, 'daily sum')} of the tenant, now of `forgotten`")
    _tell_what_stays(forgetting)
    if not dry_run:
        typer.echo(_KAFKA)


def _rows(forgetting: "Forgetting") -> dict[str, int]:
    gone = forgetting.deleted
    return {"traces": gone.traces, "attempts": gone.attempts, "outcomes": gone.outcomes}


def _tell_what_stays(forgetting: "Forgetting", *, err: bool = False) -> None:
    hidden = forgetting.hidden
    if forgetting.mentions:
        first = ", ".join(map(str, forgetting.first_mentions))
        typer.echo(
            f"stays: the value stands somewhere else in {counted(forgetting.mentions, 'dead letter')} ({first});"
            " look at them: pointsman dead-letters show ID",
            err=err,
        )
    if hidden.hashed:
        typer.echo(f"not looked into: {counted(hidden.hashed, 'dead letter')} of which only the hash is kept", err=err)
    if hidden.cut:
        typer.echo(
            f"not wholly looked into: {counted(hidden.cut, 'dead letter')} cut at 64 KiB; the rest was never stored",
            err=err,
        )
    if forgetting.stored_meanwhile:
        typer.echo(
            f"stays for now: {counted(forgetting.stored_meanwhile, 'trace')} came meanwhile, or steer has not counted"
            " them or an outcome of theirs yet: run it again when no more come"
        )
