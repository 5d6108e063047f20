"""`pointsman prices reprice`: prices of today's book for what is stored already."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.exits import ATTENTION, UsageError
from pointsman.moments import moment_of
from pointsman.options import with_settings
from pointsman.settings import Settings
from pointsman.wording import counted
from pointsman_contract.errors import PointsmanError

if TYPE_CHECKING:
    from pointsman.prices.repricing import Repricing


@with_settings("database_url", require=("database_url",))
def reprice_command(
    *,
    since: Annotated[str, typer.Option(help="From this date, or time with a zone, or age such as 7d.", metavar="TIME")],
    until: Annotated[
        str | None, typer.Option(help="Up to this one, not included; until now without it.", metavar="TIME")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only attempts of this model, by its name.", metavar="NAME")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not compare first, and do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    settings: Settings,
) -> None:
    """Price anew what started in a period, by the price book as it stands now; shows the difference, then asks.

    Costs that a router told stay. Nothing that is stored is changed: the new costs stand beside the old ones, and count
    in their place. The human review that outcomes tell keeps its cost. A run that is cut short is finished by the next.

    Example: pointsman prices reprice --since 2026-11-01 --until 2026-11-15 --dry-run
    """
    from pointsman.database import checked_sessions
    from pointsman.prices.repricing import Repricing
    from pointsman.replay.bar import days_bar
    from store.price_book import entries
    from store.pricing import PriceBook

    begin, end = _period(since, until)
    with checked_sessions(settings, "prices") as sessions:
        with sessions.read() as db:
            book = PriceBook(one.entry for one in entries(db))
        repricing = Repricing(book, begin, end, model)
        days = len(repricing.days(sessions))
        _tell_left_out(repricing.left_out(sessions))
        if dry_run or not yes:
            with days_bar("comparing ", days) as progress:
                repricing.compare(sessions, progress)
            _show(repricing, as_json=as_json, dry_run=dry_run)
        if dry_run:
            return
        if not yes and repricing.changed:
            typer.confirm(f"This gives {_attempts(repricing.changed)} other costs. Go on?", abort=True, err=True)
        with days_bar("repricing ", days) as progress, _told_how_far(repricing):
            repricing.write(sessions, progress)
    if as_json:
        _tell_json(repricing, dry_run=False)
    else:
        typer.echo(_done(repricing))
    _tell_left_out(repricing.skipped)
    if repricing.skipped:
        raise typer.Exit(ATTENTION)


def _period(since: str, until: str | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    begin = moment_of(since, "--since", now=now)
    end = moment_of(until, "--until", now=now) if until is not None else now
    if begin >= end:
        raise UsageError("--since is not before --until")
    return begin, end


def _tell_left_out(days: Sequence[date]) -> None:
    for day in days:
        typer.echo(f"{day}  left out: raw rows of it were deleted, and its sums cannot be made again", err=True)


@contextmanager
def _told_how_far(repricing: "Repricing") -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"interrupted: {_done(repricing)}; run it again to go on") from error
    except PointsmanError:
        typer.echo(f"pointsman: {_done(repricing)}; run it again to go on", err=True)
        raise


def _attempts(count: int) -> str:
    return counted(count, "attempt")


def _done(repricing: "Repricing") -> str:
    return f"gave {_attempts(repricing.written)} other costs, {counted(len(repricing.rebuilt), 'day')} rebuilt"


def _show(repricing: "Repricing", *, as_json: bool, dry_run: bool) -> None:
    from pointsman.prices.shown import print_totals

    if as_json:
        if dry_run:
            _tell_json(repricing, dry_run=True)
        return
    if not repricing.totals:
        typer.echo("the period holds nothing that the price book prices")
        return
    print_totals(repricing.totals)
    typer.echo(
        f"{_attempts(repricing.changed)} would have other costs" if dry_run or repricing.changed else "no change"
    )


def _tell_json(repricing: "Repricing", *, dry_run: bool) -> None:
    models = {name: totals._asdict() for name, totals in repricing.totals.items()}
    done = {"written": repricing.written, "rebuilt_days": [f"{day}" for day in repricing.rebuilt]}
    typer.echo(json.dumps({"dry_run": dry_run, "changed": repricing.changed, **done, "models": models}))
