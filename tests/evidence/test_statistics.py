"""The simulations in bench, with few runs: that they run, that no figure is far off, and that wrong rules are seen."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from bench import statistics
from bench.evidence import look_sizes
from bench.evidence.experiment import Figure, allowed_hits, median_of, ratio_of_medians, share_of

ROOT = Path(__file__).parents[2]


def simulated(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `bench.statistics` to its end."""
    command = [sys.executable, "-m", "bench.statistics", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_figure_is_near_and_wrong_rules_fail() -> None:
    """The quick run of every experiment: figures as near as so few runs can say, and the must-fail rules do fail."""
    done = simulated("--quick", "--json")
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["what"] for one in figures if not one["passed"]] == []
    assert done.returncode == 0, done.stderr
    assert len(figures) > 100
    assert [one["what"] for one in figures if 0 < one["runs"] < 10] == []
    failing = [one["what"] for one in figures if one["must_fail"]]
    for rule in ("z-test", "last 1,000 requests", "all capital at the start", "booked on arrival", "nominal share"):
        assert any(rule in what for what in failing), rule
    assert any("carried on and on" in what for what in failing)


def test_names_are_given_once_and_seeds_differ() -> None:
    """Two experiments of one name would have the same streams."""
    names = [one.name for one in statistics.EXPERIMENTS]
    assert len(set(names)) == len(names)


def test_a_run_is_the_same_each_time() -> None:
    """The seed, the name and the number of a run say what it is, in whatever process."""
    first, again = (statistics.one_run("rate-delay", 3, 1, quick=True) for _ in range(2))
    assert first == again != statistics.one_run("rate-delay", 4, 1, quick=True)


def test_an_unknown_name_is_told() -> None:
    """With the names that there are."""
    done = simulated("--only", "nothing")
    assert done.returncode == 2
    assert "rate-healthy" in done.stderr


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (Figure("at its limit", 2.0, 0.1, 2.0), True),
        (Figure("over it", 2.1, 0.1, 2.0), False),
        (Figure("under what it must have", 1.9, 0.1, 2.0, "at least"), False),
        (Figure("must fail, and does", 2.1, 0.1, 2.0, must_fail=True), True),
        (Figure("must fail, and holds", 1.9, 0.1, 2.0, must_fail=True), False),
        (Figure("never decided", float("inf"), 0.1, 2.0), False),
        (Figure("no number", float("nan"), 0.1, 2.0), False),
        (Figure("must fail, and is no number", float("nan"), 0.1, 2.0, must_fail=True), False),
    ],
)
def test_a_figure_is_held_to_its_limit(figure: Figure, *, passed: bool) -> None:
    """Exactly, in a full run."""
    assert figure.passed(quick=False) is passed


def test_a_quick_look_forgives_three_errors() -> None:
    """Few runs say little; a rule that must fail is forgiven nothing."""
    assert Figure("near", 2.29, 0.1, 2.0).passed(quick=True)
    assert not Figure("far", 2.31, 0.1, 2.0).passed(quick=True)
    assert not Figure("nearly fails", 1.99, 0.1, 2.0, must_fail=True).passed(quick=True)


@pytest.mark.parametrize(
    ("runs", "limit", "allowed"), [(10, 0.0173, 2), (20, 0.0173, 3), (60, 0.0234, 6), (10, 0.0, 0), (10, 1.0, 10)]
)
def test_few_runs_are_allowed_what_their_limit_explains(runs: int, limit: float, allowed: int) -> None:
    """More than k hits have a chance of at most 0.1 % at the limit itself, and more than k - 1 a larger one."""
    assert allowed_hits(runs, limit) == allowed

    def chance_of_more(k: int) -> float:
        return sum(math.comb(runs, j) * limit**j * (1 - limit) ** (runs - j) for j in range(k + 1, runs + 1))

    assert chance_of_more(allowed) <= 0.001
    assert allowed == 0 or chance_of_more(allowed - 1) > 0.001


def test_a_quick_look_holds_shares_to_their_limit() -> None:
    """Three hits of ten are too many for 1.73 %, though their own standard error is large; a full run allows none."""
    two, three = (share_of("a", [True] * hits + [False] * (10 - hits), 1.73) for hits in (2, 3))
    assert two.passed(quick=True)
    assert not three.passed(quick=True)
    assert not two.passed(quick=False)
    assert not share_of("b", [False] * 10, 1.73, must_fail=True).passed(quick=True)
    assert share_of("c", [True] * 10, math.inf).passed(quick=True)


def test_looks_that_cannot_be_compared_do_not_pass() -> None:
    """Where half of the streams never fail, no median says that looks of any size are as quick."""
    never = [[math.inf] * 3] * 5
    figures = look_sizes.EXPERIMENTS[0].figures([never] * 12)
    assert [one.passed(quick=True) for one in figures if one.unit == "x"] == [False, False]


def test_figures_of_runs() -> None:
    """Shares in percent, medians as they are, ratios of medians; errors are above 0."""
    share = share_of("a", [True, False, False, False], 50)
    assert (share.value, share.error > 0) == (25.0, True)
    assert median_of("b", [3, 1, 2], 5).value == 2
    assert ratio_of_medians("c", [2.0, 4.0, 6.0], [1.0, 2.0, 3.0], 5).value == 2
