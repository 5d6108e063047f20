"""The views of `pointsman measures`: the measures themselves, `--as economics` and `--as swap`."""

from typing import TYPE_CHECKING

import typer

from pointsman.commands.measures_rows import write_rows
from pointsman.commands.measures_told import lateness, left_out, nothing, told_of_span
from pointsman.exits import UsageError, say
from pointsman.terminal import print_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.measures.table import MeasuresTable
    from analytics.report import Asked
    from pointsman.screens.rows import Figures
    from pointsman_contract.measures import MeasureMeant
    from store.sessions import Sessions

# What economics compares is kept apart by these, and what a swap compares by those.
_OF_A_CASCADE = ("task_class", "protocol", "route_kind")
_OF_A_SWAP = ("model", "baseline_model")
_SWAPS = ("swap_input_tokens", "swap_input_cost", "swap_output_tokens", "swap_cost")


def show_measures(
    sessions: "Sessions", asked: "Asked", chosen: "Sequence[MeasureMeant]", *, as_json: bool, as_csv: bool
) -> None:
    """Those that were chosen, or all that a line has room for; programs get all."""
    from analytics.report import report
    from pointsman.screens.measures import HEADLINES

    if as_json or as_csv:
        _write(sessions, asked, report(sessions, asked), as_json=as_json)
        return
    if not chosen and asked.columns:
        asked = asked._replace(only=[column.measure for column in HEADLINES])
    table = report(sessions, asked)
    rows = _wanted(table, asked, chosen)
    if rows:
        _print(asked, rows, chosen)
    else:
        # Of measures that nobody chose, those that could not be shown matter only where none could.
        is_told = chosen or len(table.cannot_split) == len(set(asked.only or ()))
        print_words(nothing(sessions, asked, table.cannot_split if is_told else ()))
    print_words(f"\n{told_of_span(sessions, asked)}")
    if rows and table.cannot_split and (chosen or not asked.columns):
        print_words(left_out(asked, table.cannot_split))


def _write(sessions: "Sessions", asked: "Asked", table: "MeasuresTable", *, as_json: bool) -> None:
    """Who gets no row is told why, beside the output."""
    write_rows(table.rows, as_json=as_json)
    if len(table.rows) and (late := lateness(sessions)):
        say(late)
    if not len(table.rows):
        say(nothing(sessions, asked, table.cannot_split))
    elif table.cannot_split:
        typer.echo(left_out(asked, table.cannot_split), err=True)


def _wanted(table: "MeasuresTable", asked: "Asked", chosen: "Sequence[MeasureMeant]") -> "list[Figures]":
    """Its rows, of a measure that was chosen with a quantile only that one."""
    from pointsman.screens.rows import rows_of

    everything = {one.measure.name for one in chosen if one.quantile is None}
    some = {(one.measure.name, one.quantile) for one in chosen}
    return [
        row
        for row in rows_of(table.rows, asked.by)
        if not chosen or row.measure in everything or row.quantile is None or (row.measure, row.quantile) in some
    ]


def _print(asked: "Asked", rows: "Sequence[Figures]", chosen: "Sequence[MeasureMeant]") -> None:
    from pointsman.screens import chosen as chosen_screen
    from pointsman.screens import measures as screen
    from pointsman.screens import over_time

    if asked.step is not None:
        over_time.print_over_time(rows, asked.by, over_time.Axis.of(asked), is_chosen=bool(chosen))
    elif not asked.by:
        screen.print_one_group(rows)
    elif chosen:
        chosen_screen.print_chosen(rows, asked.by)
    else:
        screen.print_groups(rows, asked.by)


def show_economics(sessions: "Sessions", asked: "Asked", *, as_json: bool, as_csv: bool) -> None:
    """What the cascade costs and achieves beside sending all to the premium route."""
    from analytics.economics import GROUPS, MONEY, READS, cascade_economics
    from analytics.frames import REQUEST_KEYS
    from analytics.report import read_family
    from pointsman.screens.economics import print_economics

    by = [name for name in asked.columns if name not in GROUPS]
    if unknown := [name for name in by if name not in REQUEST_KEYS]:
        raise UsageError(f"--as economics: requests are not kept apart by {', '.join(unknown)}")
    wide = asked._replace(by=list(dict.fromkeys([*asked.by, *_OF_A_CASCADE])))
    table = cascade_economics(read_family(sessions, "request", wide, READS), by)
    if as_json or as_csv:
        write_rows(table, as_json=as_json, money=MONEY)
        if table.empty:
            say(nothing(sessions, asked))
        return
    if table.empty:
        print_words(nothing(sessions, asked))
    else:
        print_economics(table, by)
    print_words(f"\n{told_of_span(sessions, asked)}")


def show_swap(sessions: "Sessions", asked: "Asked", *, as_json: bool, as_csv: bool) -> None:
    """A candidate beside the model that serves, on the same prompts."""
    from analytics.frames import SHADOW_KEYS
    from analytics.report import read_family, report
    from pointsman.screens.rows import rows_of
    from pointsman.screens.swap import NO_SHADOWS, print_swap

    if unknown := [name for name in asked.columns if name not in SHADOW_KEYS]:
        raise UsageError(f"--as swap: shadows are not kept apart by {', '.join(unknown)}")
    wide = asked._replace(by=list(dict.fromkeys([*asked.by, *_OF_A_SWAP])), only=_SWAPS)
    table = report(sessions, wide)
    if as_json or as_csv:
        write_rows(table.rows, as_json=as_json)
        if table.rows.empty:
            say(NO_SHADOWS)
        return
    sums = read_family(sessions, "shadow", asked._replace(by=[], step=None), ["shadows", "paired"])
    shadows, paired = (int(sums[name].sum()) for name in ("shadows", "paired"))
    if shadows:
        print_swap(rows_of(table.rows, wide.by), wide, shadows=shadows, paired=paired)
    else:
        print_words(NO_SHADOWS)
    print_words(f"\n{told_of_span(sessions, asked, whose='shadows of user traffic')}")
