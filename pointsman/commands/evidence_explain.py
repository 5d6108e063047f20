"""`pointsman evidence explain`: how evidence about a rate grew, and where it decided."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsman.commands.evidence_flags import (
    Alpha,
    Counts,
    Incidents,
    Level,
    Limit,
    Margin,
    Planned,
    Plot,
    wrong_numbers_told,
)
from pointsman.exits import ATTENTION
from pointsman.options import with_settings
from pointsman.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analytics.evidence import RateAdvance, RateEvidence
    from analytics.evidence.course import Course, Step
    from pointsman.evidence.counts import Look

# From here on it takes about a second.
_MANY_LOOKS, _TOLD_EACH = 50_000, 1000


@with_settings()
def explain_command(  # noqa: PLR0913 - each is a flag
    *,
    limit: Limit,
    planned: Planned,
    counts: Counts,
    alpha: Alpha = 0.01,
    incidents: Incidents = "count",
    level: Level = 0.05,
    margin: Margin = 0.0,
    plot: Plot = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, with every look.")] = False,
    settings: Settings,
) -> None:
    """Show how evidence about a rate grew look by look, where it decided, and the rate with its interval.

    A look is a stretch of time, a second or a day: how many requests began in it (n), and how many of them are bad.
    E to fail is what a fair bet against "the rate is at most the limit" has grown to, E to pass one against "it is at
    least the limit". Exit code 1 where it fails. 0 is no leave to advance: that is the verdict PASS alone.

    Example: pointsman evidence explain --limit 0.005 --planned 100000 --counts canary.csv --plot canary.svg
    """
    del settings
    from analytics.evidence import RateAdvance, RateEvidence
    from pointsman.evidence.plots import check_plot, draw_course, save
    from pointsman.screens.evidence import print_course

    if plot is not None:
        check_plot(plot)
    with wrong_numbers_told():
        to_fail = RateEvidence(limit, planned=planned, alpha=alpha, incidents=incidents)
        to_pass = RateAdvance(limit, margin=margin, level=level)
    course = _course(counts, to_fail, to_pass)
    if plot is not None:
        save(draw_course(course, limit=limit, alpha=alpha, level=level), plot)
    if as_json:
        _write_json(course, to_fail, to_pass)
    else:
        print_course(course, to_fail, to_pass)
    if course.failed is not None:
        raise typer.Exit(ATTENTION)


def _course(counts: Path, to_fail: "RateEvidence", to_pass: "RateAdvance") -> "Course":
    from analytics.evidence.course import course_of
    from pointsman.evidence.counts import read_counts
    from pointsman.replay.bar import counting_bar

    looks = read_counts(counts)
    _warn_of_long_looks(looks, to_fail)
    if len(looks) < _MANY_LOOKS:
        return course_of(looks, to_fail, to_pass)
    with counting_bar("looking", len(looks)) as progress:
        return course_of(_told(looks, progress), to_fail, to_pass)


def _warn_of_long_looks(looks: "Sequence[Look]", to_fail: "RateEvidence") -> None:
    block = to_fail.block
    longer = 0 if block is None else sum(n > block for n, _ in looks)
    if longer:
        typer.echo(
            f"pointsman: warning: {longer:,} of {len(looks):,} looks are longer than a block of {block:,} requests: a"
            " burst within one counts as spread over all of it, so that it can decide; give shorter looks",
            err=True,
        )


def _told(looks: "Sequence[Look]", progress: "Callable[[int], None]") -> "Iterator[Look]":
    for done, look in enumerate(looks):
        if done % _TOLD_EACH == 0:
            progress(done)
        yield look
    progress(len(looks))


def _write_json(course: "Course", evidence: "RateEvidence", advance: "RateAdvance") -> None:
    from pointsman.screens.evidence import verdict_of

    last = course.steps[-1]
    found = {
        "verdict": verdict_of(course),
        **evidence.state()["parameters"],
        **advance.state()["parameters"],
        "looks": last.look,
        "n": last.n,
        "bad": last.bad,
        "log_e_to_fail": last.log_e_to_fail,
        "largest_log_e_to_fail": evidence.highest,
        "p_value": evidence.p_value,
        "log_e_to_pass": last.log_e_to_pass,
        "largest_log_e_to_pass": advance.highest,
        "failed_at": _step_json(course.failed),
        "passed_at": _step_json(course.passed),
        "estimate": evidence.estimate._asdict(),
        "path": [_step_json(step) for step in course.steps],
    }
    typer.echo(json.dumps(found))


def _step_json(step: "Step | None") -> dict[str, Any] | None:
    return None if step is None else step._asdict()
