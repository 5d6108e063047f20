"""Plots of evidence as PNG or SVG, by matplotlib (the extra `plots`)."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.evidence import rate_interval
from analytics.evidence.course import Course, Step
from pointsman.evidence.planning import Answer, Asked
from pointsman.exits import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
# Distinct for people who see few colours too (Okabe and Ito).
FAIL, PASS, RATE, LIMIT, BLACK = "#D55E00", "#009E73", "#0072B2", "#666666", "#222222"
# No picture is wider in points.
_MOST_POINTS = 1500
_LOG_10 = math.log(10)
# Of log10 E: what lies beyond is not drawn.
_HIGHEST = 8.0
# So few looks are marked one by one.
_FEW = 40
_MOST_SPELLED = 10**9


def check_plot(path: Path) -> None:
    """Before long work: can a plot be drawn, and in this format? Raises UsageError."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot: expected a name that ends in {' or '.join(FORMATS)}, not {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"--plot: there is no directory {path.parent}")
    try:
        import matplotlib as _  # noqa: F401, ICN001 - only whether it is there
    except ImportError as error:
        raise UsageError("--plot takes matplotlib: pip install 'pointsman[plots]'") from error


def new_figure(rows: int, width: float = 8.0, height: float = 3.0) -> "tuple[Figure, list[Axes]]":
    """A figure with so many plots one above the other, which share their x-axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows), layout="constrained")
    return figure, list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])


def save(figure: "Figure", path: Path) -> None:
    """Write the file; the same figure gives the same bytes. Raises UsageError where it cannot be written."""
    from matplotlib import rc_context

    is_svg = path.suffix.lower() == ".svg"
    try:
        with rc_context({"svg.hashsalt": "pointsman", "svg.fonttype": "none"}):
            figure.savefig(path, dpi=150, metadata={"Date": None} if is_svg else None)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def draw_course(course: Course, *, limit: float, alpha: float, level: float) -> "Figure":
    """Above both E over the requests, with the heights at which verdicts fall; below the rate with its interval."""
    figure, (above, below) = new_figure(2)
    steps = thinned_steps(course)
    # Both begin at 1, before the first look.
    requests, few = [0, *(step.n for step in steps)], _marked(steps)
    above.plot(requests, [0.0, *(step.log_e_to_fail / _LOG_10 for step in steps)], color=FAIL, label="E to fail", **few)
    above.plot(requests, [0.0, *(step.log_e_to_pass / _LOG_10 for step in steps)], color=PASS, label="E to pass", **few)
    for height, colour, name, side in ((1 / alpha, FAIL, "FAIL", "bottom"), (1 / level, PASS, "PASS", "top")):
        above.axhline(math.log10(height), color=colour, linestyle="--", linewidth=0.9)
        # Beside the frame, so that neither it nor a curve runs through.
        above.annotate(
            f"{name} at {height:g}",
            (1.0, math.log10(height)),
            xytext=(4, 0),
            va=side,
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=colour,
            annotation_clip=False,
        )
    for step, colour, log_e in (
        (course.failed, FAIL, course.failed and course.failed.log_e_to_fail),
        (course.passed, PASS, course.passed and course.passed.log_e_to_pass),
    ):
        if step is not None and log_e is not None:
            above.plot([step.n], [min(log_e / _LOG_10, _HIGHEST)], "o", color=colour, clip_on=False)
    low, high = above.get_ylim()
    # What is far beyond a verdict, or far from one, would make it a dot in a corner.
    above.set_ylim(max(low, -_HIGHEST), min(max(high, math.log10(1 / alpha) + 0.5), _HIGHEST))
    powers_of_ten(above)
    above.set_ylabel("E")
    above.legend(loc="best", frameon=False)
    above.set_xlim(0, max(1.02 * steps[-1].n, 1))
    draw_rate(below, steps, limit)
    return figure


def draw_rate(axes: "Axes", steps: Sequence[Step], limit: float) -> None:
    """The rate so far with the interval that holds at every look, and the limit."""
    from matplotlib.ticker import MaxNLocator

    known = [step for step in steps if step.n]
    if not known:
        axes.text(0.5, 0.6, "no look has a request", transform=axes.transAxes, ha="center", color=LIMIT)
    ends = [rate_interval(step.n, step.bad) for step in known]
    requests = [step.n for step in known]
    axes.fill_between(
        requests, [100 * low for low, _ in ends], [100 * high for _, high in ends], color=RATE, alpha=0.2, linewidth=0
    )
    rates = [100 * step.bad / step.n for step in known]
    axes.plot(requests, rates, color=RATE, label="bad so far, and 95 % interval", **_marked(known))
    if len(known) == 1:
        axes.vlines(requests, 100 * ends[0][0], 100 * ends[0][1], color=RATE)
    axes.axhline(100 * limit, color=LIMIT, linestyle="--", linewidth=0.9, label=f"limit {100 * limit:g} %")
    last_high = 100 * ends[-1][1] if ends else 0.0
    axes.set_ylim(0, min(max(3 * 100 * limit, 1.5 * last_high), 105))
    axes.set_ylabel("bad requests, %")
    axes.set_xlabel("requests")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}" if not known or known[-1].n < _MOST_SPELLED else "{x:.3g}")
    axes.legend(loc="best", frameon=False)


def _marked(steps: Sequence[Step]) -> dict[str, Any]:
    """How a line shows that it has few points: without marks a single one would be nothing at all."""
    return {"marker": ".", "markersize": 5} if len(steps) <= _FEW else {}


def powers_of_ten(axes: "Axes") -> None:
    """Label an axis of log10 E with E itself, which may be too large for a number."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda power, _at: f"{10**power:g}" if abs(power) <= 4 else f"$10^{{{power:.0f}}}$")
    )


def thinned_steps(course: Course) -> list[Step]:
    """As many steps as a picture has room for: evenly, with those of the verdicts and the last."""
    steps = course.steps
    every = max(len(steps) // _MOST_POINTS, 1)
    kept = {step.look: step for step in steps[::every]}
    kept |= {step.look: step for step in (course.failed, course.passed, steps[-1]) if step is not None}
    return [kept[look] for look in sorted(kept)]


def draw_plan(asked: Asked, answers: Sequence[Answer]) -> "Figure":
    """The share of canaries that have their verdict, over the requests; the plan's end as a line."""
    figure, (axes,) = new_figure(1, height=4.0)
    largest = max([asked.planned, *(run.n for one in answers for run in one.runs)])
    for one, colour in zip(answers, _colours(answers), strict=True):
        decided = sorted(run.n for run in one.runs if run.decided)
        shares = [100 * (at + 1) / len(one.runs) for at in range(len(decided))]
        axes.step(
            [0, *decided, largest],
            [0.0, *shares, shares[-1] if shares else 0.0],
            where="post",
            color=colour,
            linestyle="-" if one.verdict == "FAIL" else "--",
            label=f"{one.verdict} at {100 * one.rate:.3g} % ({one.times:g} x limit)",
        )
    axes.axvline(asked.planned, color=LIMIT, linewidth=0.9, label=f"planned: {asked.planned:,.0f}")
    axes.set_xscale("log")
    axes.set_ylim(0, 100)
    axes.set_ylabel("canaries with their verdict, %")
    axes.set_xlabel(f"requests of the candidate, at {asked.traffic}")
    axes.legend(frameon=False, loc="upper left")
    return figure


def _colours(answers: Sequence[Answer]) -> list[str]:
    """Failing ones from light to dark, passing ones in green."""
    shades = ("#E69F00", FAIL, "#8B2500", "#CC79A7", BLACK)
    failing = [one for one in answers if one.verdict == "FAIL"]
    return [shades[failing.index(one) % len(shades)] if one.verdict == "FAIL" else PASS for one in answers]
