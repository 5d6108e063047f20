"""`pointsman prices`: what models and people cost."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pointsman.exits import ATTENTION, UsageError
from pointsman.moments import moment_of
from pointsman.options import help_without_command, with_settings
from pointsman.settings import Settings
from pointsman.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.prices.lines import PlacedEntry
    from pointsman.prices.plan import ImportPlan
    from store.price_book import ListedEntry
    from store.price_entries import PriceEntry

app = typer.Typer()

_MOST_MODELS = 1000


@app.callback(invoke_without_command=True)
def prices(context: typer.Context) -> None:
    """What models and people cost: attempts without a cost of their own are priced by this book when they are stored.

    Example: pointsman prices list
    """
    help_without_command(context)


@app.command("import")
@with_settings("database_url", require=("database_url",))
def import_command(  # noqa: PLR0913 - each flag of a command is an argument
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="CSV or JSON: see docs/prices.md.")] = None,
    *,
    origin: Annotated[
        Literal["genai-prices"] | None,
        typer.Option("--from", help="Take list prices from this package (the extra `prices`).", metavar="genai-prices"),
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option(help="With --from: only of this provider; may be repeated.", metavar="NAME")
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="With --from: add what differs from then on, as of then.", metavar="TIME")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Withdraw entries of the same provider, model and valid_from.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before entries are withdrawn.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    settings: Settings,
) -> None:
    """Add dated prices to the book: all of a file, or nothing. What is there already changes nothing.

    Entries are never changed: a new price has a later valid_from, and one that was wrong is withdrawn by --replace and
    stays in the list. Ingest has the new book within 10 seconds; what is stored already keeps its costs until
    `prices reprice`.

    Example: pointsman prices import prices.csv --dry-run
    """
    from pointsman.database import checked_sessions
    from pointsman.prices.plan import plan_import
    from store import price_book

    where, found, left_out = _read(file, origin, provider or [], valid_from)
    with checked_sessions(settings, "prices") as sessions:
        with sessions.read() as db:
            book = [one.entry for one in price_book.entries(db)]
        plan = plan_import(found, book, replace=replace, only_news=valid_from is not None)
        _refuse(where, plan.problems)
        if plan.withdrawn and not (dry_run or yes):
            for entry in plan.withdrawn:
                typer.echo(f"withdraws price {entry.price_id}: {entry}", err=True)
            typer.confirm(f"This withdraws {counted(len(plan.withdrawn), 'price')}. Go on?", abort=True, err=True)
        if plan.new and not dry_run:
            gone, known = ([entry.price_id for entry in some] for some in (plan.withdrawn, book))
            with sessions.write() as db:
                price_book.add_entries(db, plan.new, withdraw=gone, known=known)
    _tell_import(plan, book, left_out, as_json=as_json, dry_run=dry_run)


def _read(
    file: Path | None, origin: str | None, providers: list[str], valid_from: str | None
) -> "tuple[str, Sequence[PlacedEntry], dict[str, int]]":
    """Where the prices are from, the prices, and what was left out. Raises UsageError once every problem is told."""
    from pointsman.prices.files import FileUnreadable, read_file
    from pointsman.prices.genai import entries_of_package
    from pointsman.prices.lines import Gathered, gather, line_of

    if (file is None) == (origin is None):
        raise UsageError("say from where: either a FILE or --from genai-prices")
    if file is None:
        since = None if valid_from is None else moment_of(valid_from, "--valid-from", now=datetime.now(UTC))
        found, left_out = entries_of_package(providers, since)
        return "genai-prices", found, left_out
    if providers or valid_from is not None:
        raise UsageError("--provider and --valid-from go with --from: a file says both itself")
    gathered = Gathered()
    lines = []
    source = file.name.encode(errors="replace").decode()
    try:
        for raw in read_file(file):
            if isinstance(raw, str):
                gathered.problems.append(raw)
            elif (line := line_of(raw.place, raw.fields, source, gathered.problems)) is not None:
                lines.append(line)
    except FileUnreadable as error:
        raise UsageError(str(error)) from error
    gather(lines, gathered)
    if not lines and not gathered.problems:
        raise UsageError(f"{file} holds no prices")
    _refuse(str(file), gathered.problems)
    return str(file), gathered.entries, {}


def _refuse(where: str, problems: "Sequence[str]") -> None:
    from pointsman.prices.shown import tell_problems

    if problems:
        tell_problems(where, problems)
        raise UsageError(f"{counted(len(problems), 'problem')}; nothing was imported")


def _tell_import(
    plan: "ImportPlan", book: "Sequence[PriceEntry]", left_out: dict[str, int], *, as_json: bool, dry_run: bool
) -> None:
    from pointsman.prices.shadowed import sentence, shadowed

    gone = {entry.price_id for entry in plan.withdrawn}
    given_way = shadowed(plan.new, [entry for entry in book if entry.price_id not in gone])
    if as_json:
        numbers = {"new": len(plan.new), "withdrawn": len(plan.withdrawn), "unchanged": plan.unchanged}
        shadows = {str(own): sorted({entry.model for entry in before}) for own, before in given_way.items()}
        typer.echo(json.dumps({"dry_run": dry_run, **numbers, "left_out": left_out, "shadowed": shadows}))
        return
    if not plan.new:
        typer.echo(f"nothing changed: {plan.unchanged:,} in the book already")
    else:
        adds, withdraws = ("would add", "withdraw") if dry_run else ("added", "withdrew")
        withdrawn = f", {withdraws} {len(plan.withdrawn):,}" if plan.withdrawn else ""
        typer.echo(f"{adds} {len(plan.new):,}{withdrawn}; {plan.unchanged:,} in the book already")
    for why, count in left_out.items():
        typer.echo(f"left out: {count:,} {why}")
    for own, before in given_way.items():
        typer.echo(f"list prices {'would ' if dry_run else ''}{sentence(own, before)}")
    past = min((entry.valid_from for entry in [*plan.new, *plan.withdrawn]), default=None)
    if past is not None and past < datetime.now(UTC):
        holds = "would hold for what is stored after the import" if dry_run else "hold for what is stored from now on"
        typer.echo(f"they {holds}; for what is stored already: pointsman prices reprice")


@app.command("list")
@with_settings("database_url", require=("database_url",))
def list_command(
    *,
    at: Annotated[
        str | None, typer.Option(help="Only what holds at this date, or time with a zone.", metavar="TIME")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Only entries for this model, by name or pattern.", metavar="NAME")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Also entries that were withdrawn.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """List the entries of the price book: USD for a million tokens, calls or requests, or for an hour.

    Example: pointsman prices list --model gpt-5.4 --at 2026-11-01
    """
    from pointsman.database import checked_sessions
    from pointsman.prices.shown import entry_json, print_entries
    from store import price_book
    from store.price_entries import matches

    moment = moment_of(at, "--at", now=datetime.now(UTC)) if at is not None else None
    with checked_sessions(settings, "prices") as sessions, sessions.read() as db:
        listed = price_book.entries(db, withdrawn=withdrawn)

    def is_wanted(one: "ListedEntry") -> bool:
        entry = one.entry
        return (moment is None or entry.valid_from <= moment < entry.until) and (
            model is None or model == entry.model or matches(entry.model, model)
        )

    wanted = sorted(filter(is_wanted, listed), key=lambda one: (one.entry.provider, one.entry.model, one.entry.rank))
    if as_json:
        for one in wanted:
            typer.echo(json.dumps(entry_json(one)))
    elif wanted:
        print_entries(wanted)
    else:
        typer.echo("none of them" if listed else "the price book is empty; see: pointsman prices import --help")


@app.command("check")
@with_settings("database_url", require=("database_url",))
def check_command(
    *,
    since: Annotated[
        str, typer.Option(help="An age such as 24h or 7d, a date, or a time with a zone.", metavar="TIME")
    ] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """Find what is stored without a cost: attempts by provider and model, and the time of people. 1 if there is any.

    Says whether the book has a price by now (then `prices reprice` helps), has none, or has an entry that lacks one for
    something that was used.

    Example: pointsman prices check --since 30d
    """
    from pointsman.database import checked_sessions
    from pointsman.prices.shown import print_unpriced, unpriced_json
    from store import price_book, unpriced

    after = moment_of(since, "--since", now=datetime.now(UTC))
    with checked_sessions(settings, "prices") as sessions, sessions.read() as db:
        book = [one.entry for one in price_book.entries(db)]
        models = unpriced.unpriced_models(db, book, since=after, limit=_MOST_MODELS)
        reviews = unpriced.unpriced_reviews(db, since=after)
    if as_json:
        for one in models:
            typer.echo(json.dumps(unpriced_json(one)))
        if any(reviews):
            typer.echo(json.dumps({"human_review": reviews._asdict()}))
    elif models:
        print_unpriced(models)
    if not as_json and any(reviews):
        typer.echo(
            f"human review without a rate: {counted(reviews.traces, 'trace')}, {counted(reviews.outcomes, 'outcome')}"
        )
    if models or any(reviews):
        raise typer.Exit(ATTENTION)
    if not as_json:
        typer.echo(f"everything since {after:%Y-%m-%d %H:%M} UTC has a cost")
