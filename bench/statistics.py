"""Every figure that the statistics are held to, simulated with the classes that decide in production.

    python -m bench.statistics                 # all of them: see docs/evidence.md for how long
    python -m bench.statistics --only rate     # those whose name begins so
    python -m bench.statistics --quick         # few runs: what the tests take

Each run has random numbers of its own, from the seed, the experiment's name and its number: two times the same. Exit
code 1 where a figure is not as it should be. A figure of a rule that must fail is as it should be when the rule does
not hold.
"""

import argparse
import json
import math
import os
import sys
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.evidence import (
    arms,
    arms_delays,
    arms_wrong,
    common_rules,
    cost_delays,
    costs,
    drift,
    drift_delays,
    incidents,
    intervals,
    late_results,
    latencies,
    look_sizes,
    mixed_triggers,
    pairs,
    rate_advances,
    rate_delays,
    rates,
    sample_ratio,
    triggers,
)
from bench.evidence.experiment import Experiment, Figure

EXPERIMENTS: tuple[Experiment, ...] = (
    *rates.EXPERIMENTS,
    *rate_delays.EXPERIMENTS,
    *latencies.EXPERIMENTS,
    *rate_advances.EXPERIMENTS,
    *late_results.EXPERIMENTS,
    *triggers.EXPERIMENTS,
    *mixed_triggers.EXPERIMENTS,
    *incidents.EXPERIMENTS,
    *look_sizes.EXPERIMENTS,
    *intervals.EXPERIMENTS,
    *common_rules.EXPERIMENTS,
    *arms.EXPERIMENTS,
    *arms_delays.EXPERIMENTS,
    *arms_wrong.EXPERIMENTS,
    *costs.EXPERIMENTS,
    *cost_delays.EXPERIMENTS,
    *drift.EXPERIMENTS,
    *drift_delays.EXPERIMENTS,
    *pairs.EXPERIMENTS,
    *sample_ratio.EXPERIMENTS,
)
SEED = 20_261_129
_DIGITS = {"%": "{:.2f} %", "x": "{:.2f}", "requests": "{:,.0f}", "": "{:.4g}"}


def one_run(experiment: str, number: int, seed: int, *, quick: bool = False) -> Any:
    """What one run of an experiment returns, in whatever process."""
    run = next(one.runner(quick=quick) for one in EXPERIMENTS if one.name == experiment)
    return run(np.random.default_rng([seed, zlib.crc32(experiment.encode()), number]))


def chosen(prefixes: Sequence[str]) -> list[Experiment]:
    """The experiments whose names begin with one of these; all without any."""
    return [one for one in EXPERIMENTS if not prefixes or one.name.startswith(tuple(prefixes))]


def simulate(experiments: Sequence[Experiment], *, quick: bool, seed: int, workers: int) -> list[list[Figure]]:
    """The figures of each experiment. Shows on standard error how far it is."""
    columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    run, found, began = partial(one_run, quick=quick), [], time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as progress, ProcessPoolExecutor(workers) as pool:
        waiting = []
        for experiment in experiments:
            runs = experiment.quick if quick else experiment.runs
            names, seeds = [experiment.name] * runs, [seed] * runs
            # All at once: nobody waits until the last run of an experiment has ended.
            waiting.append(pool.map(run, names, range(runs), seeds, chunksize=max(runs // (workers * 16), 1)))
        for experiment, results in zip(experiments, waiting, strict=True):
            bar = progress.add_task(experiment.name, total=experiment.quick if quick else experiment.runs)
            found.append(experiment.figures(list(progress.track(results, task_id=bar))))
            if not (progress.console.is_terminal or quick):
                # A log shows no bar before its end.
                print(f"{experiment.name} done after {time.monotonic() - began:,.0f} s", file=sys.stderr, flush=True)
    return found


def show(figures: Sequence[Figure], *, quick: bool) -> Table:
    """Figure, error, limit, verdict: one line each."""
    table = Table("what", "figure", "+-", "limit", "verdict", box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    for one in figures:
        shape = _DIGITS[one.unit]
        table.add_row(
            one.what,
            shape.format(one.value),
            shape.format(one.error),
            f"{one.sense} {shape.format(one.limit)}" if math.isfinite(one.limit) else "",
            verdict(one, quick=quick),
        )
    return table


def verdict(figure: Figure, *, quick: bool) -> str:
    """As it should be, or not, in words."""
    if math.isinf(figure.limit):
        return "for comparison"
    if figure.must_fail:
        return "fails, as it must" if figure.passed(quick=quick) else "HOLDS, and must not"
    return "pass" if figure.passed(quick=quick) else "FAIL"


def as_json(figure: Figure, *, quick: bool) -> dict[str, Any]:
    """A figure for programs: what is no number is null, a figure for comparison has no limit."""
    found = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figure._asdict().items()
    }
    return {**found, "passed": figure.passed(quick=quick)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench.statistics", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few runs, limits widened by what they may be off")
    parser.add_argument("--only", action="append", default=[], metavar="PREFIX", help="experiments that begin so")
    parser.add_argument("--seed", type=int, default=SEED, help="another stream (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    asked = parser.parse_args(arguments)
    experiments = chosen(asked.only)
    if not experiments:
        parser.error(f"no experiment begins with {asked.only}; there are: {', '.join(one.name for one in EXPERIMENTS)}")
    began = time.monotonic()
    found = simulate(experiments, quick=asked.quick, seed=asked.seed, workers=asked.workers)
    figures = [figure for some in found for figure in some]
    wrong = sum(not one.passed(quick=asked.quick) for one in figures)
    if asked.json:
        for one in figures:
            print(json.dumps(as_json(one, quick=asked.quick), allow_nan=False))
    else:
        Console(width=None if sys.stdout.isatty() else 140).print(show(figures, quick=asked.quick))
        print(f"{len(figures) - wrong} of {len(figures)} as they should be, in {time.monotonic() - began:,.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
