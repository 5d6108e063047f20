"""`pointsman measures`: what a route costs and how well it works, over any span and by any key."""

import json
import math
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsman.exits import UsageError
from pointsman.moments import moment_of
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from analytics.measures.table import MeasuresTable
    from analytics.report import Asked
    from store.sessions import Sessions

_STEPS = ("minute", "hour", "day")
# What economics compares is kept apart by these.
_MORE = ("task_class", "protocol", "route_kind")
_BEHIND_S = 30
_MOST_NAMED = 5


@with_settings("database_url", "environment", require=("database_url",))
def measures(  # noqa: PLR0913 - each is a flag
    *,
    route: Annotated[str | None, typer.Option(help="Only this route; else each of them.", metavar="NAME")] = None,
    since: Annotated[
        str, typer.Option(help="From when on: 7d, 6h, 2026-11-21, 2026-11-21T14:00.", metavar="TIME")
    ] = "24h",
    until: Annotated[str | None, typer.Option(help="Until when; else until now.", metavar="TIME")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Keep these apart, by comma: model, task_class, arm, protocol, effort, language, context, hour, day,"
            " route, provider, role, …",
            metavar="KEYS",
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", help="Only this one, as people call it; may come again.", metavar="NAME"),
    ] = None,
    traffic: Annotated[
        str, typer.Option(help="Whose: user (no shadow, no probe), probe, or all.", metavar="user|probe|all")
    ] = "user",
    view: Annotated[
        str | None, typer.Option("--as", help="economics: what the cascade costs and saves.", metavar="economics")
    ] = None,
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

    _refuse(as_json=as_json, as_csv=as_csv, view=view, traffic=traffic)
    with checked_sessions(settings, "measures") as sessions:
        keys = by if by is not None else "" if route or view else "route"
        asked = _asked(sessions, settings.environment, route, (since, until), keys, measure or [], traffic)
        if view == "economics":
            _economics(sessions, asked, as_json=as_json, as_csv=as_csv)
        else:
            _measures(sessions, asked, as_json=as_json, as_csv=as_csv)


def _refuse(*, as_json: bool, as_csv: bool, view: str | None, traffic: str) -> None:
    if as_json and as_csv:
        raise UsageError("--json and --csv: one of them")
    if view not in (None, "economics"):
        raise UsageError(f"--as: expected economics, not {view!r}")
    if traffic not in ("user", "probe", "all"):
        raise UsageError(f"--traffic: expected user, probe or all, not {traffic!r}")


def _asked(
    sessions: "Sessions",
    environment: str,
    route: str | None,
    span: tuple[str, str | None],
    by: str,
    measures: list[str],
    traffic: Any,
) -> "Asked":
    from analytics.frames import ALL_KEYS, BUCKET
    from analytics.report import Asked
    from store.rollups.reading import cover

    now, minutes_from = _clock(sessions)
    since = moment_of(span[0], "--since", now=now)
    until = now if span[1] is None else moment_of(span[1], "--until", now=now)
    if until <= since:
        raise UsageError("--until: expected a time behind --since")
    names = [name.strip() for name in by.split(",") if name.strip()]
    steps: list[Any] = [name for name in names if name in _STEPS]
    keys = [name for name in names if name not in _STEPS]
    known = sorted(ALL_KEYS - {BUCKET})
    if unknown := [name for name in keys if name not in known]:
        raise UsageError(f"--by: there is no {', '.join(unknown)}; there are {', '.join([*_STEPS, *known])}")
    if len(steps) > 1 or len(set(names)) < len(names):
        raise UsageError("--by: each key once, and one of minute, hour and day")
    step = steps[0] if steps else None
    if step == "minute" and since < minutes_from:
        raise UsageError(f"--by minute: minutes are kept since {minutes_from:%Y-%m-%d} only")
    where = {"environment": environment} | ({"route": route} if route else {})
    parts = cover(since, until, minutes_from=minutes_from, coarsest=step or "day")
    return Asked(parts, keys, step, where, traffic, _only(measures))


def _clock(sessions: "Sessions") -> tuple[datetime, datetime]:
    from store.rollups.freshness import clock

    with sessions.read() as db:
        return clock(db)


def _only(measures: list[str]) -> list[str] | None:
    from pointsman_contract.measures import closest_measures, measure_named

    if not measures:
        return None
    found = []
    for text in measures:
        meant = measure_named(text)
        if meant is None:
            near = closest_measures(text)
            hint = f"; near it: {', '.join(near)}" if near else "; docs/measures.md lists them"
            raise UsageError(f"--measure: there is no {text!r}{hint}")
        found.append(meant.measure.name)
    return list(dict.fromkeys(found))


def _measures(sessions: "Sessions", asked: "Asked", *, as_json: bool, as_csv: bool) -> None:
    from analytics.report import report
    from pointsman.screens.measures import HEADLINES

    if as_json or as_csv:
        table = report(sessions, asked)
        _write(table.rows, as_json=as_json)
        if table.cannot_split:
            typer.echo(_left_out(asked, table), err=True)
        return
    chosen = list(asked.only or [])
    if not chosen and asked.columns:
        # What a line has room for; programs get all.
        asked = asked._replace(only=[column.measure for column in HEADLINES])
    _show(sessions, asked, report(sessions, asked), chosen)


def _show(sessions: "Sessions", asked: "Asked", table: "MeasuresTable", chosen: list[str]) -> None:
    from analytics.report import buckets_of
    from pointsman.screens import measures as screen
    from pointsman.screens.rows import rows_of
    from pointsman.terminal import print_words
    from pointsman_contract.measures import QUANTILES

    rows = rows_of(table.rows, asked.by)
    if not rows:
        typer.echo("nothing to show" if table.cannot_split and chosen else _nothing(sessions, asked))
    elif asked.step is not None:
        screen.print_over_time(rows, asked.by, buckets_of(asked), quantiles=QUANTILES if chosen else ())
    elif asked.by:
        screen.print_groups(rows, asked.by, chosen)
    else:
        screen.print_one_group(rows)
    print_words(f"\n{_told_of_span(sessions, asked)}")
    if table.cannot_split and (chosen or not asked.columns):
        typer.echo(_left_out(asked, table))


def _nothing(sessions: "Sessions", asked: "Asked") -> str:
    """That there is nothing; with the environments of which there is something."""
    from analytics.report import read_family
    from pointsman.terminal import harmless

    everywhere = {name: value for name, value in asked.where.items() if name != "environment"}
    asked = asked._replace(by=["environment"], step=None, where=everywhere)
    found = read_family(sessions, "request", asked, ["requests"])["environment"]
    elsewhere = [harmless(name) for name in sorted(found)[:_MOST_NAMED]]
    hint = f", but of environment {', '.join(elsewhere)}: --environment {elsewhere[0]}" if elsewhere else ""
    return f"no requests in this span{hint}"


def _left_out(asked: "Asked", table: "MeasuresTable") -> str:
    from analytics.measures.registry import REGISTRY

    keys = {measure.name: measure.keys for measure in REGISTRY}
    missing = {name: [key for key in [*asked.columns, *asked.where] if key not in keys[name]] for name in keys}
    whys = {", ".join(missing[name]) for name in table.cannot_split}
    return "\n".join(
        f"left out, not kept apart by {why}: {', '.join(n for n in table.cannot_split if ', '.join(missing[n]) == why)}"
        for why in sorted(whys)
    )


def _told_of_span(sessions: "Sessions", asked: "Asked") -> str:
    """The span as it was covered, whose traffic, and how fresh it is."""
    from analytics.report import span_of
    from store.rollups.freshness import read_freshness

    with sessions.read() as db:
        fresh = read_freshness(db)
    span = span_of(asked.parts)
    whose = {"user": "user traffic", "probe": "probes", "all": "all traffic"}[asked.traffic]
    told = [f"{span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC" if span else "an empty span", whose]
    told.append(", ".join(f"{name} {value}" for name, value in asked.where.items()))
    if fresh.read_until is None:
        told.append("nothing is counted yet: does pointsman steer (or up) run?")
    else:
        told.append(f"counted up to {fresh.read_until:%H:%M:%S}")
        if fresh.behind.total_seconds() > _BEHIND_S:
            told.append(f"{fresh.behind.total_seconds():,.0f} s behind: does pointsman steer (or up) run?")
    return "; ".join(told)


def _economics(sessions: "Sessions", asked: "Asked", *, as_json: bool, as_csv: bool) -> None:
    from analytics.economics import GROUPS, READS, cascade_economics
    from analytics.frames import REQUEST_KEYS
    from analytics.report import read_family
    from pointsman.screens.economics import print_economics
    from pointsman.terminal import print_words

    by = [name for name in asked.columns if name not in GROUPS]
    if unknown := [name for name in by if name not in REQUEST_KEYS]:
        raise UsageError(f"--as economics: requests are not kept apart by {', '.join(unknown)}")
    table = cascade_economics(read_family(sessions, "request", asked._replace(by=[*asked.by, *_MORE]), READS), by)
    if as_json or as_csv:
        _write(table, as_json=as_json)
        return
    if table.empty:
        typer.echo(_nothing(sessions, asked))
    else:
        print_economics(table, by)
    print_words(f"\n{_told_of_span(sessions, asked)}")


def _write(rows: "pd.DataFrame", *, as_json: bool) -> None:
    """For programs: what is not known is null or empty, what has no end is null or inf."""
    if not as_json:
        rows.to_csv(sys.stdout, index=False)
        return
    for record in rows.to_dict("records"):
        typer.echo(json.dumps({name: _plain(value) for name, value in record.items()}))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, datetime) else value
