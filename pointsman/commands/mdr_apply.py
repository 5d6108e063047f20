"""`pointsman mdr apply`: a record becomes the one that is held to."""

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.exits import ATTENTION, UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings
from pointsman.wording import counted

if TYPE_CHECKING:
    from pointsman.records.applying import Checked, Done


@with_settings("database_url", require=("database_url",))
def apply_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Markdown files; - is standard input.", show_default=False)
    ],
    *,
    by: Annotated[str | None, typer.Option(help="Who applies them; else the user of this process.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse records with warnings too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file, a line each.")] = False,
    settings: Settings,
) -> None:
    """Store records: all of the files, or none. Every revision is kept; a content that is there already is not new.

    The revision that was applied last is the current one: to go back, apply the older content. A record with errors is
    refused, and so is one while another revision is in shadow or canary on the same environment and route.

    Example: pointsman mdr apply records/invoices.md
    """
    from pointsman.database import checked_sessions
    from pointsman.records.applying import apply_all

    checked = _checked(files, strict=strict)
    with checked_sessions(settings, "mdr") as sessions:
        done = apply_all(sessions, checked, by=by or _user(), dry_run=dry_run)
    for one in done:
        if as_json:
            typer.echo(json.dumps(_json(one, dry_run=dry_run)))
        else:
            _tell(one, dry_run=dry_run)


def _checked(files: list[Path], *, strict: bool) -> "list[Checked]":
    """Every file, compiled. Ends with the exit code of `lint` once every problem of every file is told."""
    from alerts.records.compiling import compile_record
    from alerts.records.lints.registry import problems_of
    from pointsman.records.applying import Checked
    from pointsman.records.files import read_record_file
    from pointsman.screens.records import problem_line, summary

    found: list[Checked] = []
    failed = False
    for file in files:
        compiled = compile_record(read_record_file(file))
        problems = problems_of(compiled)
        for told in problems:
            typer.echo(problem_line(str(file), told), err=True)
        if compiled.record is None or any(strict or told.severity == "error" for told in problems):
            failed = True
            typer.echo(f"{file}: {summary(problems)}", err=True)
        else:
            found.append(Checked(str(file), compiled.record, compiled.text, compiled.revision))
    if failed:
        typer.echo("nothing was applied", err=True)
        raise typer.Exit(ATTENTION)
    for number, one in enumerate(found):
        twin = next((other for other in found[:number] if other.record.id == one.record.id), None)
        if twin is not None:
            raise UsageError(f"{twin.name} and {one.name} both are the record {one.record.id}: apply one of them")
    return found


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _json(one: "Done", *, dry_run: bool) -> dict[str, object]:
    from pointsman.screens.records import difference_json

    return {
        "file": one.checked.name,
        "id": one.checked.record.id,
        "number": one.number,
        "revision": one.checked.revision,
        "new": one.is_new,
        "current_already": one.was_current,
        "read_otherwise": one.is_read_otherwise,
        "replaces": one.replaces,
        "differences": [difference_json(difference) for difference in one.changed or ()],
        "beside": list(one.beside),
        "dry_run": dry_run,
    }


def _tell(one: "Done", *, dry_run: bool) -> None:
    from pointsman.screens.records import print_differences

    record = one.checked.record
    number = "its next revision" if one.number is None else f"revision {one.number}"
    called = f"{record.id} {number} ({one.checked.revision[:12]})"
    if one.was_current:
        typer.echo(f"{called} is the current one already: nothing {'would change' if dry_run else 'changed'}")
        _tell_reading(one)
        return
    known = "" if one.is_new else ", known from before,"
    replaced = "" if one.replaces is None else f", in place of revision {one.replaces}"
    parts = f"{counted(len(record.triggers), 'trigger')}, {counted(len(record.stages), 'stage')}"
    verb = "would be" if dry_run else "is now"
    typer.echo(f"{called}{known} {verb} the current one{replaced}: {record.environment}/{record.route}, {parts}")
    if one.beside:
        others = ", ".join(one.beside)
        typer.echo(
            f"also about {record.environment}/{record.route}: {others}; only one of them can be rolled out at once"
        )
    _tell_reading(one)
    if one.changed is not None:
        print_differences(one.changed)
    elif one.replaces is not None:
        typer.echo(f"what differs is not known: another version stored revision {one.replaces}", err=True)


def _tell_reading(one: "Done") -> None:
    """What was agreed on stays; whoever believes this version's lint has to know."""
    if one.is_read_otherwise:
        told = "what another version read from this content stays in force, and this one reads it otherwise; see:"
        typer.echo(f"{told} pointsman mdr show {one.checked.record.id}", err=True)
