"""`pointsman doctor`: is everything as it must be, and what helps where it is not?"""

import json
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.options import with_settings
from pointsman.settings import KAFKA, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.doctor.findings import Finding

_COLORS = {"ok": "green", "warning": "yellow", "problem": "red", "wrong": "red", "blind": "magenta"}
_INDENT = 9
_WIDEST = 110


@with_settings(
    *KAFKA,
    "database_url",
    "environment",
    "topic_prefix",
    "consumer_group",
    "raw_retention",
    "dead_letter_storage_limit_bytes",
    # A finding of its own.
    warn_of_misspelt=False,
)
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: Settings,
) -> None:
    """Check settings, Kafka, PostgreSQL, topics, clocks, lag, who leads, rollups, prices, days and dead letters.

    It changes nothing. One line for each check, and below it what helps. Exit code 0 also with warnings, 1 with a
    problem, 2 where settings are wrong, 3 where a service did not answer.

    Example: pointsman doctor
    """
    from pointsman.doctor.checks import examine, exit_code
    from pointsman.doctor.observe import observe

    findings = examine(observe(settings))
    for finding in findings:
        if as_json:
            typer.echo(json.dumps(finding._asdict()))
        else:
            _print(finding)
    if not as_json:
        typer.echo(_summary(findings))
    if code := exit_code(findings):
        raise typer.Exit(code)


def _print(finding: "Finding") -> None:
    from pointsman.terminal import harmless

    level = f"{finding.level.value:<{_INDENT}}"
    if not os.environ.get("NO_COLOR"):
        level = typer.style(level, fg=_COLORS[finding.level.value])
    typer.echo(level + _folded(f"{finding.check}: {harmless(finding.detail)}"))
    if finding.fix:
        typer.echo(" " * _INDENT + _folded(f"→ {harmless(finding.fix)}"))


def _folded(text: str) -> str:
    """For a terminal in its width; for a file or a pipe one line."""
    if not sys.stdout.isatty():
        return text
    width = min(shutil.get_terminal_size().columns, _WIDEST) - _INDENT
    lines = textwrap.wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * (_INDENT + 2)).join(lines)


def _summary(findings: "Sequence[Finding]") -> str:
    counts = [
        (sum(one.level.value == level for one in findings), level) for level in ("problem", "wrong", "blind", "warning")
    ]
    told = ", ".join(
        f"{count} {level}{'s' if count > 1 and level in ('problem', 'warning') else ''}"
        for count, level in counts
        if count
    )
    return told or "all well"
