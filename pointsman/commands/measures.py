"""`pointsman measures`: what a route costs and how well it works, over any span and by any key."""

from typing import Annotated

import typer

from pointsman.commands.measures_asked import Words, asked_for, chosen_of
from pointsman.commands.measures_views import show_economics, show_measures, show_swap
from pointsman.exits import UsageError
from pointsman.options import with_settings
from pointsman.settings import Settings

By = Annotated[
    str | None,
    typer.Option(
        help="Keep these apart, by comma: model, task_class, arm, protocol, effort, language, context, hour, day,"
        " route, provider, role, …",
        metavar="KEYS",
    ),
]
View = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="economics: what the cascade costs and saves. swap: a candidate beside the model that serves, on the"
        " same prompts (shadows).",
        metavar="economics|swap",
    ),
]


@with_settings("database_url", "environment", require=("database_url",))
def measures(  # noqa: PLR0913 - each is a flag
    *,
    route: Annotated[str | None, typer.Option(help="Only this route; else each of them.", metavar="NAME")] = None,
    since: Annotated[
        str, typer.Option(help="From when on: 7d, 6h, 2026-11-21, 2026-11-21T14:00.", metavar="TIME")
    ] = "24h",
    until: Annotated[str | None, typer.Option(help="Until when; else until now.", metavar="TIME")] = None,
    by: By = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", help="Only this one, as people call it; may come again.", metavar="NAME"),
    ] = None,
    traffic: Annotated[
        str, typer.Option(help="Whose: user (no shadow, no probe), probe, or all.", metavar="user|probe|all")
    ] = "user",
    view: View = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    settings: Settings,
) -> None:
    """Show measures of a span of time, each with its count, coverage and 95 % interval.

    Reads sums, never traces. A measure that a key cannot keep apart is named and left out. What is not known is no
    data (-), never 0. With hour or day among the keys, small plots show the course. docs/measures.md defines them.

    Example: pointsman measures --route invoices --since 7d --by model
    """
    from pointsman.database import checked_sessions

    chosen = chosen_of(measure or [])
    _refuse(as_json=as_json, as_csv=as_csv, view=view, traffic=traffic, is_chosen=bool(chosen))
    with checked_sessions(settings, "measures") as sessions:
        keys = by if by is not None else "" if route or view == "economics" else "route"
        words = Words(settings.environment, route, since, until, keys, traffic)
        asked = asked_for(sessions, words, chosen)
        if view == "economics":
            show_economics(sessions, asked, as_json=as_json, as_csv=as_csv)
        elif view == "swap":
            show_swap(sessions, asked, as_json=as_json, as_csv=as_csv)
        else:
            show_measures(sessions, asked, chosen, as_json=as_json, as_csv=as_csv)


def _refuse(*, as_json: bool, as_csv: bool, view: str | None, traffic: str, is_chosen: bool) -> None:
    if as_json and as_csv:
        raise UsageError("--json and --csv: one of them")
    if view not in (None, "economics", "swap"):
        raise UsageError(f"--as: expected economics or swap, not {view!r}")
    if view is not None and is_chosen:
        raise UsageError(f"--as {view} has figures of its own: leave out --measure")
    if view == "swap" and traffic == "probe":
        raise UsageError("--as swap compares users' requests: no probe has a shadow")
    if traffic not in ("user", "probe", "all"):
        raise UsageError(f"--traffic: expected user, probe or all, not {traffic!r}")
