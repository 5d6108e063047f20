"""`pointsman rollups`: compare the sums behind every measure with the raw rows, and make them again."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsman.exits import ATTENTION
from pointsman.moments import day_of
from pointsman.options import help_without_command, with_settings
from pointsman.settings import Settings
from pointsman.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from store.rollups.comparing import Comparable, Compared, Difference
    from store.sessions import Sessions

app = typer.Typer()

Since = Annotated[
    str | None, typer.Option(help="From this day on: 2026-11-21, or an age as 7d; else all.", metavar="DAY")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.callback(invoke_without_command=True)
def rollups(context: typer.Context) -> None:
    """The sums behind every measure: are they what the raw rows say?

    Example: pointsman rollups verify --since 7d
    """
    help_without_command(context)


@app.command("verify")
@with_settings("database_url", require=("database_url",))
def verify_command(*, since: Since = None, as_json: AsJson = False, settings: Settings) -> None:
    """Compare every sum with the raw rows that are stored, to the last nano-dollar and microsecond.

    Reads each day once; steer may go on beside it. Days of which retention or forget has deleted rows are named and
    left out. Closed weeks are compared with their days. Exit code 1 where something differs.

    Example: pointsman rollups verify --since 7d
    """
    from pointsman.database import checked_sessions
    from pointsman.replay.bar import days_bar
    from store.rollups.comparing import comparable_days, compare_day, compare_week, weeks_to_compare

    with checked_sessions(settings, "rollups verify") as sessions:
        comparable = comparable_days(sessions, since=_day(since))
        found: list[Compared] = []
        with days_bar("comparing", len(comparable.days)) as progress:
            for done, day in enumerate(comparable.days, 1):
                found.append(compare_day(sessions, day))
                progress(done)
        weeks = [compare_week(sessions, monday) for monday in weeks_to_compare(sessions, since=_day(since))]
    if as_json:
        _print_json(found, weeks, comparable)
    else:
        _print(found, weeks, comparable)
    if any(one.different for one in [*found, *weeks]):
        raise typer.Exit(ATTENTION)


@app.command("rebuild")
@with_settings("database_url", require=("database_url",))
def rebuild_command(
    *,
    since: Since = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the days that do not differ.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which days.")] = False,
    as_json: AsJson = False,
    settings: Settings,
) -> None:
    """Make the sums of days that differ from their raw rows again, each in one transaction.

    Steer waits while a day is made. Days of which retention or forget has deleted rows stay as they are: what is gone
    could not be counted any more. A closed week that differs from its days is opened, and steer merges it again.

    Example: pointsman rollups rebuild --since 2026-11-21
    """
    from pointsman.database import checked_sessions
    from pointsman.replay.bar import days_bar
    from store.rollups.comparing import comparable_days, compare_day
    from store.rollups.rebuilding import rebuild_day

    rebuilt: list[date] = []
    refused: list[date] = []
    with checked_sessions(settings, "rollups rebuild") as sessions:
        comparable = comparable_days(sessions, since=_day(since))
        with days_bar("rebuilding", len(comparable.days)) as progress:
            for done, day in enumerate(comparable.days, 1):
                if everything or compare_day(sessions, day).different:
                    (rebuilt if dry_run or rebuild_day(sessions, day) else refused).append(day)
                progress(done)
        reopened = _reopen(sessions, since, dry_run=dry_run)
    if as_json:
        left_out = {f"{day}": why for day, why in comparable.left_out}
        days = {"rebuilt": [f"{day}" for day in rebuilt], "refused": [f"{day}" for day in refused]}
        weeks = [f"{monday}" for monday in reopened]
        typer.echo(json.dumps({"dry_run": dry_run, **days, "reopened_weeks": weeks, "left_out": left_out}))
    else:
        for day in rebuilt:
            typer.echo(f"{day}  {'would be made again' if dry_run else 'made again'}")
        for day in refused:
            typer.echo(f"{day}  not made again: retention or forget has deleted raw rows of it meanwhile")
        for monday in reopened:
            typer.echo(f"{monday}  its week {'would be' if dry_run else 'is'} open until steer has merged it again")
        if not (rebuilt or refused or reopened):
            typer.echo(f"nothing differs in {counted(len(comparable.days), 'day')}")
        _tell_left_out(comparable)
    if refused:
        raise typer.Exit(ATTENTION)


def _reopen(sessions: "Sessions", since: str | None, *, dry_run: bool) -> "list[date]":
    """Open the closed weeks that differ from their days; which they are."""
    from store.rollups.comparing import compare_week, weeks_to_compare
    from store.rollups.rebuilding import reopen_week

    mondays = weeks_to_compare(sessions, since=_day(since))
    differ = [monday for monday in mondays if compare_week(sessions, monday).different]
    for monday in () if dry_run else differ:
        reopen_week(sessions, monday)
    return differ


def _day(since: str | None) -> "date | None":
    return None if since is None else day_of(since, "--since", now=datetime.now(UTC))


def _print(found: "Sequence[Compared]", weeks: "Sequence[Compared]", comparable: "Comparable") -> None:
    if not found:
        typer.echo("no day to compare")
    for what, one in [*(("", one) for one in found), *((" (closed week)", one) for one in weeks)]:
        told = f"{one.different:,} differ" if one.different else "same"
        typer.echo(f"{one.day}  {counted(one.rows, 'row'):>12}  {told}{what}")
        for difference in one.first:
            typer.echo(f"    {_sentence(difference)}")
    _tell_left_out(comparable)
    if any(one.different for one in [*found, *weeks]):
        first = min(one.day for one in [*found, *weeks] if one.different)
        typer.echo(f"make them again: pointsman rollups rebuild --since {first}")


def _tell_left_out(comparable: "Comparable") -> None:
    for day, why in comparable.left_out:
        typer.echo(f"{day}  left out: {why} has deleted raw rows of it")


def _sentence(difference: "Difference") -> str:
    from pointsman.terminal import harmless
    from store.rollups.weeks import WEEKS_TABLE

    key = ", ".join(f"{name} {value}" for name, value in difference.key.items()) or "a key without a name"
    where = harmless(f"{difference.table} {difference.bucket:%Y-%m-%d %H:%M} ({key})")
    if difference.stored is None:
        return f"{where}: is missing"
    source = "its days" if difference.table == WEEKS_TABLE else "raw rows"
    if difference.expected is None:
        return f"{where}: {source} know no such row"
    sides = zip(difference.columns, difference.stored, difference.expected, strict=True)
    changed = [f"{name} is {stored}, {source} say {expected}" for name, stored, expected in sides if stored != expected]
    return f"{where}: {'; '.join(changed)}"


def _print_json(found: "Sequence[Compared]", weeks: "Sequence[Compared]", comparable: "Comparable") -> None:
    for of, one in [*(("day", one) for one in found), *(("week", one) for one in weeks)]:
        typer.echo(
            json.dumps(
                {
                    of: f"{one.day}",
                    "rows": one.rows,
                    "different": one.different,
                    "first": list(map(_plain, one.first)),
                }
            )
        )
    for day, why in comparable.left_out:
        typer.echo(json.dumps({"day": f"{day}", "left_out": why}))


def _plain(difference: "Difference") -> dict[str, Any]:
    return {
        "table": difference.table,
        "bucket": difference.bucket.isoformat(),
        "key": dict(difference.key),
        "expected": _by_name(difference, difference.expected),
        "stored": _by_name(difference, difference.stored),
    }


def _by_name(difference: "Difference", values: "Sequence[str] | None") -> dict[str, str] | None:
    return None if values is None else dict(zip(difference.columns, values, strict=True))
