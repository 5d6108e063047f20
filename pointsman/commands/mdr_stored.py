"""`pointsman mdr list | show | diff`: the records that are stored."""

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pointsman.exits import ATTENTION, UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    from pointsman_contract.record import CompiledRecord
    from store.record_revisions import RevisionSummary


@with_settings("database_url", require=("database_url",))
def list_command(
    record: Annotated[
        str | None, typer.Argument(metavar="ID", help="The revisions of this record.", show_default=False)
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List the records that were applied, or all revisions of one of them, the newest first.

    Example: pointsman mdr list invoices-2026-11
    """
    from pointsman.database import checked_sessions
    from pointsman.screens.records import print_records, print_revisions
    from store import model_records

    with checked_sessions(settings, "mdr") as sessions, sessions.read() as db:
        listed = model_records.listed(db)
        revisions = model_records.revisions(db, record) if record is not None else []
    if record is not None:
        if not revisions:
            raise UsageError(f"no record {record} is stored; see: pointsman mdr list")
        for one in revisions if as_json else ():
            typer.echo(json.dumps(_summary_json(one)))
        if not as_json:
            print_revisions(revisions)
        return
    for known in listed if as_json else ():
        rollout = (
            None
            if known.rollout is None
            else known.rollout._asdict() | {"changed_at": known.rollout.changed_at.isoformat()}
        )
        typer.echo(json.dumps(_summary_json(known.current) | {"revisions": known.revisions, "rollout": rollout}))
    if not as_json and listed:
        print_records(listed)
    elif not as_json:
        typer.echo("no record was applied yet; see: pointsman mdr apply --help")


def _summary_json(one: "RevisionSummary") -> dict[str, Any]:
    return {
        "id": one.record_id,
        "number": one.number,
        "revision": one.revision,
        "current": one.is_current,
        "environment": one.environment,
        "route": one.route,
        "candidate": one.candidate,
        "applied_at": one.applied_at.isoformat(),
        "applied_by": one.applied_by,
        "last_applied_at": one.last_applied_at.isoformat(),
        "last_applied_by": one.last_applied_by,
    }


@with_settings("database_url", require=("database_url",))
def show_command(
    record: Annotated[
        str, typer.Argument(metavar="ID[@REVISION]", help="A record, or one revision: invoices-2026-11@2.")
    ],
    *,
    source: Annotated[bool, typer.Option("--source", help="The Markdown as it was applied.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    settings: Settings,
) -> None:
    """Show what a stored record says, in words. REVISION is a number, the beginning of a hash, or `previous`.

    Example: pointsman mdr show invoices-2026-11
    """
    from alerts.records.json_form import stages_json, triggers_json
    from pointsman.database import checked_sessions
    from pointsman.records.stored import reference_of, stored
    from pointsman.screens.records import print_record_words, revision_line

    reference = reference_of(record)
    if reference is None:
        raise UsageError(f"{record!r} is no record: expected its id, as `pointsman mdr list` shows it")
    with checked_sessions(settings, "mdr") as sessions:
        found = stored(sessions, reference)
    if as_json:
        parts = {
            "record": found.record.model_dump(mode="json"),
            "triggers": triggers_json(found.record.triggers),
            "stages": stages_json(found.record.stages),
        }
        typer.echo(json.dumps(_summary_json(found) | parts | ({"source": found.content} if source else {})))
    elif source:
        typer.echo(found.content, nl=False)
    else:
        typer.echo(revision_line(found))
        print_record_words(found.record)


class _Side(NamedTuple):
    name: str
    record: "CompiledRecord"
    text: str


@with_settings("database_url")
def diff_command(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A file, or a stored record: ID[@REVISION].")],
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="The same.", show_default=False)] = None,
    *,
    text: Annotated[bool, typer.Option("--text", help="The lines that differ, prose too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each difference, a line each.")] = False,
    settings: Settings,
) -> None:
    """Show what differs between two records, and which evidence would begin anew.

    With one argument: a file against what is stored of its record, or a stored record against its revision before.
    Exit code 0: they mean the same, 1: they differ.

    Example: pointsman mdr diff invoices.md
    """
    from alerts.records.differences import differences
    from pointsman.screens.records import difference_json, print_differences

    if text and as_json:
        raise UsageError("--text and --json are two forms: ask for one of them")
    before, after = _sides(old, new, settings)
    changed = differences(before.record, after.record)
    lines = list(
        difflib.unified_diff(before.text.split("\n"), after.text.split("\n"), before.name, after.name, lineterm="")
    )
    if as_json:
        for one in changed:
            typer.echo(json.dumps(difference_json(one)))
    elif text:
        typer.echo("\n".join(lines)) if lines else typer.echo("the same text")
    else:
        typer.echo(f"{before.name} -> {after.name}")
        print_differences(changed)
        if not changed and lines:
            typer.echo("the prose differs: --text shows it")
    if changed or (text and lines):
        raise typer.Exit(ATTENTION)


def _sides(old: str, new: str | None, settings: Settings) -> tuple[_Side, _Side]:
    """What is compared, the older first. Raises UsageError."""
    if new is not None:
        return _side(old, settings), _side(new, settings)
    if Path(old).exists() or old == "-":
        file = _file(old)
        return _stored(file.record.id, settings), file
    return _stored(f"{old}@previous" if "@" not in old else old, settings), _stored(old.partition("@")[0], settings)


def _side(name: str, settings: Settings) -> _Side:
    return _file(name) if Path(name).exists() or name == "-" else _stored(name, settings)


def _file(name: str) -> _Side:
    from alerts.records.compiling import compile_record
    from alerts.records.reading import stored_text
    from pointsman.records.files import read_record_file

    compiled = compile_record(read_record_file(Path(name)))
    if compiled.record is None:
        raise UsageError(f"{name} has errors; see: pointsman mdr lint {name}")
    return _Side(name, compiled.record, stored_text(compiled.text))


def _stored(name: str, settings: Settings) -> _Side:
    from pointsman.database import checked_sessions
    from pointsman.records.stored import reference_of, stored

    reference = reference_of(name)
    if reference is None:
        raise UsageError(f"{name!r} is neither a file nor a record: expected a path, or ID[@REVISION]")
    settings.require("database_url")
    with checked_sessions(settings, "mdr") as sessions:
        found = stored(sessions, reference)
    return _Side(f"{found.record_id}@{found.number}", found.record, found.content)
