"""`pointsman mdr lint`: what is understood of a record, and what is wrong with it."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pointsman.exits import ATTENTION, UsageError, say
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    from alerts.records.compiling import Compiled
    from alerts.records.lints.traffic import Testable, Traffic
    from alerts.records.problem import Problem

# So much of the past says what a route's rate is.
_TRAFFIC_SINCE = timedelta(days=7)
FROM_STORE = "store"


@with_settings("database_url")
def lint_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Markdown files; - is standard input.", show_default=False)
    ],
    *,
    traffic: Annotated[
        str | None,
        typer.Option(
            help="Requests of the route, 1200/day or 5/s, to see whether triggers can be tested in the stages' time;"
            " store: its own of the last 7 days.",
            metavar="TRAFFIC",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the problems.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file, a line each.")] = False,
    settings: Settings,
) -> None:
    """Print back what is understood of records, in words, with units and defaults, and every problem with its line.

    Exit code 0: clean (or warnings only), 1: errors, 2: wrong use. Needs no settings and no database (but for
    `--traffic store`).

    Example: pointsman mdr lint records/*.md --strict --traffic 1200/day
    """
    from pointsman.records.files import STANDARD_INPUT, read_record_file

    if [str(file) for file in files].count(STANDARD_INPUT) > 1:
        raise UsageError("- is standard input, which can be read once")
    # All are read before anything is said: a name that is mistyped is not to be found at the end of a long output.
    contents = [(str(file), read_record_file(file)) for file in files]
    failed = False
    for number, (name, raw) in enumerate(contents):
        linted = _lint(name, raw, traffic, settings)
        failed |= any(strict or told.severity == "error" for told in linted.problems)
        if as_json:
            typer.echo(json.dumps(_json(linted)))
            continue
        if number and not quiet:
            typer.echo("")
        _tell(linted, quiet=quiet)
    if failed:
        raise typer.Exit(ATTENTION)


class _Linted(NamedTuple):
    name: str
    compiled: "Compiled"
    problems: "list[Problem]"
    traffic: "Traffic | None"
    tested: "list[Testable]"


def _lint(name: str, raw: bytes, traffic: str | None, settings: Settings) -> _Linted:
    from alerts.records.compiling import compile_record
    from alerts.records.lints.registry import problems_of

    compiled = compile_record(raw)
    known = None if traffic is None else _traffic(traffic, compiled, settings)
    tested, untested = ([], []) if known is None else _tested(compiled, known)
    problems = sorted([*problems_of(compiled), *untested], key=lambda told: (told.line, told.column))
    return _Linted(name, compiled, problems, known, tested)


def _json(linted: _Linted) -> dict[str, Any]:
    from alerts.records.json_form import as_json
    from alerts.records.lints.traffic import not_estimated

    power: dict[str, Any] = {}
    if linted.traffic is not None:
        power["power"] = [_power_json(one) for one in linted.tested]
        power["not_estimated"] = not_estimated(linted.compiled)
    return {"file": linted.name} | as_json(linted.compiled, linted.problems) | power


def _tell(linted: _Linted, *, quiet: bool) -> None:
    from alerts.records.lints.traffic import not_estimated
    from pointsman.screens.records import print_power, print_problems, print_understood, summary

    if linted.compiled.text and not quiet:
        print_understood(linted.compiled)
        if linted.traffic is not None:
            print_power(linted.tested, not_estimated(linted.compiled), linted.traffic)
        typer.echo("")
    print_problems(linted.name, linted.problems)
    if not quiet:
        typer.echo(f"{linted.name}: {summary(linted.problems)}")


def _traffic(text: str, compiled: "Compiled", settings: Settings) -> "Traffic | None":
    """What the flag says, or the store knows. None of a record whose route is not known. Raises UsageError."""
    from alerts.records.lints.traffic import Traffic
    from pointsman.evidence.traffic import traffic_of

    if text != FROM_STORE:
        read = traffic_of(text, "--traffic")
        return Traffic(read.per_second, str(read))
    settings.require("database_url")
    record = compiled.record
    if record is None:
        return None
    from pointsman.database import checked_sessions
    from pointsman.wording import lasting
    from store import model_records

    with checked_sessions(settings, "mdr") as sessions, sessions.snapshot() as db:
        since = datetime.now(UTC) - _TRAFFIC_SINCE
        found = model_records.traffic(db, record.environment, record.route, since=since)
    if found is None:
        say(
            f"warning: {record.environment}/{record.route} had no request in the last 7 days, so whether its triggers"
            " can be tested is not known; say how many are expected, such as --traffic 1200/day"
        )
        return None
    told = f"{found.per_second * 86_400:,.0f} requests a day (measured over {lasting(found.seconds)})"
    return Traffic(found.per_second, told)


def _tested(compiled: "Compiled", traffic: "Traffic") -> "tuple[list[Testable], list[Problem]]":
    from alerts.records.lints.traffic import limits_of, testable, untestable
    from pointsman.records.power import SIMULATIONS, SimulatedPower
    from pointsman.replay.bar import counting_bar
    from pointsman.wording import lasting

    runs = SIMULATIONS * len(limits_of(compiled))
    with counting_bar("simulating", runs) if runs else nullcontext() as progress:
        power = SimulatedPower(progress) if progress else SimulatedPower()
        tested = testable(compiled, traffic, power)
    return tested, list(untestable(compiled, traffic, tested, lasting))


def _power_json(one: "Testable") -> dict[str, Any]:
    return {
        "text": one.sentence,
        "limit": one.limit,
        "canary_requests": round(one.canary_requests),
        "to_fail_requests": one.power.to_fail,
        "to_fail_s": None if one.fails_after_s is None else round(one.fails_after_s),
        "to_pass_requests": one.power.to_pass,
        "to_pass_s": [None if seconds is None else round(seconds) for seconds in one.passes_after_s],
    }
