"""How long a canary takes to fail or to pass, from many simulated ones."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from analytics.evidence import RateAdvance, RateEvidence
from analytics.evidence.power import Run, quantile, run_to_fail, run_to_pass
from pointsman.evidence.traffic import Traffic

Verdict = Literal["FAIL", "PASS"]
_MEDIAN, _NINETY = 0.5, 0.9


class Asked(NamedTuple):
    """What a plan is made for. `planned` requests of all canary steps together; `times` are true rates as multiples of
    the limit: those above 1 are to fail, the others to pass.
    """

    limit: float
    traffic: Traffic
    planned: float
    alpha: float
    level: float
    margin: float
    times: Sequence[float]
    runs: int
    seed: int
    incidents: Literal["count", "clip"] = "count"


class Answer(NamedTuple):
    """A true rate, the verdict that it deserves, and after how many requests half and 90 % of the runs had it.

    None where fewer had it before they were given up, after `given_up` requests at the earliest. `within_plan`: the
    share of runs that had it within the planned requests.
    """

    verdict: Verdict
    times: float
    rate: float
    runs: Sequence[Run]
    median: int | None
    ninety: int | None
    given_up: int
    within_plan: float


def plan_of(asked: Asked, progress: Callable[[int], None] = lambda _done: None) -> list[Answer]:
    """Simulate `asked.runs` canaries for each multiple of the limit; `progress` is told how many are done in all.

    Raises ValueError for numbers that make no sense, as evidence does.
    """
    found: list[Answer] = []
    for times in asked.times:
        verdict: Verdict = "FAIL" if times > 1 else "PASS"
        runs = []
        for number in range(asked.runs):
            runs.append(_run(asked, verdict, times, np.random.default_rng([asked.seed, number])))
            progress(len(found) * asked.runs + number + 1)
        found.append(_answer(asked, verdict, times, runs))
    return found


def _run(asked: Asked, verdict: Verdict, times: float, random: np.random.Generator) -> Run:
    if verdict == "FAIL":
        evidence = RateEvidence(asked.limit, planned=asked.planned, alpha=asked.alpha, incidents=asked.incidents)
        return run_to_fail(asked.limit * times, evidence, random)
    return run_to_pass(asked.limit * times, RateAdvance(asked.limit, margin=asked.margin, level=asked.level), random)


def _answer(asked: Asked, verdict: Verdict, times: float, runs: Sequence[Run]) -> Answer:
    return Answer(
        verdict,
        times,
        asked.limit * times,
        runs,
        quantile(runs, _MEDIAN),
        quantile(runs, _NINETY),
        min((run.n for run in runs if not run.decided), default=0),
        sum(run.decided and run.n <= asked.planned for run in runs) / len(runs),
    )
