"""Draws the pictures of docs/evidence.md into docs/pictures, from simulations with a fixed seed.

python -m bench.pictures        # or scripts/draw: about half a minute
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analytics.evidence import RateAdvance, RateEvidence, alternatives
from analytics.evidence.counted_trials import CountedTrials
from analytics.evidence.course import course_of
from bench.evidence.thresholds import last_above, z_test
from pointsman.evidence.planning import Asked, plan_of
from pointsman.evidence.plots import FAIL, LIMIT, PASS, RATE, draw_course, draw_plan, new_figure, powers_of_ten, save
from pointsman.evidence.traffic import traffic_of

_LIMIT, _PLANNED, _LOOK = 0.005, 200_000, 100
_LOG_10 = math.log(10)
_SEED = 29
_CANARIES = 300


def looks_of(random: np.random.Generator, rates: Sequence[tuple[int, float]]) -> list[tuple[int, int]]:
    """Looks of 100 requests: so many requests at each rate, one after the other."""
    return [(_LOOK, int(bad)) for n, rate in rates for bad in random.binomial(_LOOK, rate, n // _LOOK)]


def false_rollbacks(path: Path) -> None:
    """How many of 300 healthy canaries each rule has rolled back, as time goes on."""
    random = np.random.default_rng([_SEED, 1])
    looks = _PLANNED // _LOOK
    bad = random.binomial(_LOOK, _LIMIT, (_CANARIES, looks))
    n = _LOOK * np.arange(1, looks + 1)
    rules = {
        "last 1,000 requests above the limit": last_above(bad, _LOOK, _LIMIT),
        "z-test at 1 %, at every look": z_test(bad, _LOOK, _LIMIT),
        "evidence, alpha 1 %": np.array([_failed(row) for row in bad.tolist()]),
    }
    figure, (axes,) = new_figure(1, height=3.6)
    for (name, fired), colour in zip(rules.items(), (LIMIT, FAIL, PASS), strict=True):
        ever = np.maximum.accumulate(fired, axis=1).mean(axis=0)
        axes.plot(n[::10], 100 * ever[::10], color=colour, label=name)
    axes.set_ylim(0, 100)
    axes.set_xlabel("requests")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("healthy canaries rolled back, %")
    axes.legend(frameon=False, loc="center right")
    save(figure, path)


def _failed(row: Sequence[int]) -> npt.NDArray[np.bool_]:
    evidence = RateEvidence(_LIMIT, planned=_PLANNED)
    found = []
    for bad in row:
        evidence.update(_LOOK, bad)
        found.append(evidence.failed)
    return np.array(found)


def three_canaries(path: Path) -> None:
    """E of one canary that is well, one that is bad from the start, and one that becomes bad."""
    figure, (axes,) = new_figure(1, height=3.6)
    stories = (
        ("0.3 % bad: well", [(40_000, 0.003)], PASS),
        ("1 % bad from the start", [(40_000, 0.01)], FAIL),
        ("0.3 %, from 20,000 on 2 %", [(20_000, 0.003), (20_000, 0.02)], RATE),
    )
    for number, (name, rates, colour) in enumerate(stories):
        evidence = RateEvidence(_LIMIT, planned=_PLANNED)
        course = course_of(looks_of(np.random.default_rng([_SEED, 2, number]), rates), evidence, RateAdvance(_LIMIT))
        shown = [step for step in course.steps if step.log_e_to_fail < 6 * _LOG_10]
        axes.plot(
            [step.n for step in shown], [step.log_e_to_fail / _LOG_10 for step in shown], color=colour, label=name
        )
    axes.axhline(2, color=LIMIT, linestyle="--", linewidth=0.9, label="FAIL at 100")
    axes.set_ylim(-1.5, 5)
    powers_of_ten(axes)
    axes.set_ylabel("E")
    axes.set_xlabel("requests")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False, loc="upper right")
    save(figure, path)


def late_onset(path: Path) -> None:
    """E where the candidate becomes bad after 100,000 good requests: with capital kept for later, and without."""
    figure, (axes,) = new_figure(1, height=3.6)
    looks = looks_of(np.random.default_rng([_SEED, 3]), [(100_000, 0.003), (30_000, 0.02)])
    names = (("capital kept for later", _PLANNED, PASS), ("all capital at the start", None, FAIL))
    for name, planned, colour in names:
        path_of_e = CountedTrials(_LIMIT, *alternatives.above(_LIMIT), planned).path(looks)
        shown = [(at * _LOOK / 1000, log / _LOG_10) for at, log in enumerate(path_of_e, 1) if log < 6 * _LOG_10]
        axes.plot(*zip(*shown, strict=True), color=colour, label=name)
    axes.axvline(100, color=LIMIT, linewidth=0.9, label="0.3 % bad becomes 2 %")
    axes.axhline(2, color=LIMIT, linestyle="--", linewidth=0.9, label="FAIL at 100")
    powers_of_ten(axes)
    axes.set_ylabel("E")
    axes.set_xlabel("requests, thousands")
    axes.legend(frameon=False, loc="lower left")
    save(figure, path)


def explained(path: Path) -> None:
    """What `pointsman evidence explain --plot` draws."""
    looks = looks_of(np.random.default_rng([_SEED, 4]), [(8_000, 0.002), (4_000, 0.02)])
    evidence, advance = RateEvidence(_LIMIT, planned=100_000), RateAdvance(_LIMIT)
    save(draw_course(course_of(looks, evidence, advance), limit=_LIMIT, alpha=0.01, level=0.05), path)


def planned(path: Path) -> None:
    """What `pointsman evidence power --plot` draws."""
    asked = Asked(_LIMIT, traffic_of("10/min", "--rate"), 14_400, 0.01, 0.05, 0.0, (1.5, 2, 4, 0.5), 400, 1)
    save(draw_plan(asked, plan_of(asked)), path)


PICTURES = {
    "evidence-false-rollbacks": false_rollbacks,
    "evidence-three-canaries": three_canaries,
    "evidence-late-onset": late_onset,
    "evidence-explained": explained,
    "evidence-planned": planned,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw all of them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench.pictures", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"), help="directory (default: %(default)s)")
    parser.add_argument("--format", choices=("svg", "png"), default="svg")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        path = asked.out / f"{name}.{asked.format}"
        draw(path)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
