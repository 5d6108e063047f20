"""Whether the traffic is enough to decide, in the time that the stages have.

How many requests evidence takes is not known here: the power function comes from whoever puts the program together.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from alerts.records.compiling import Compiled
from alerts.records.problem import Problem, problem
from alerts.records.sentences import condition_sentence, stage_sentence
from alerts.records.settling import SettledTrigger
from pointsman_contract.record import Stage

# Twice a limit above it is no share.
_LARGEST_LIMIT = 0.5


class Power(NamedTuple):
    """Requests of the candidate after which half of all candidates have their verdict: FAIL at twice the limit, PASS at
    half of it. None: more than anybody waits for.
    """

    to_fail: int | None
    to_pass: int | None


class PowerOf(Protocol):
    """The power function: for a share of bad requests that is the limit, at a budget, with so many requests planned."""

    def __call__(self, limit: float, *, alpha: float, planned: float, margin: float, incidents: str) -> Power:
        """Simulate, or look up. Raises ValueError for numbers that make no sense."""


class Traffic(NamedTuple):
    """What a route has, as the architect wrote it."""

    per_second: float
    told: str


class Testable(NamedTuple):
    """A trigger with what deciding takes, and what the canary stages have."""

    settled: SettledTrigger
    sentence: str
    limit: float
    power: Power
    canary_requests: float
    canary_per_second: float


def requests_of(stage: Stage, per_second: float) -> float:
    """Requests of the candidate that a stage has in its time; its samples where it has no time."""
    rate = per_second * stage.weight_bp / 10_000
    if stage.duration_s is None:
        return float(stage.samples or 0)
    return max(rate * stage.duration_s, float(stage.samples or 0))


class Limit(NamedTuple):
    """A trigger that gates the rollout by one limit: the largest share of bad requests that is well."""

    settled: SettledTrigger
    share: float


def limits_of(compiled: Compiled) -> list[Limit]:
    """Every such trigger. Of the others (costs, the baseline, drift, several together) the power is not known here."""
    found = []
    for settled in compiled.triggers:
        conditions = settled.trigger.conditions
        share = conditions[0].bad_limit
        if len(conditions) == 1 and share is not None and settled.trigger.shares_budget and share < _LARGEST_LIMIT:
            found.append(Limit(settled, share))
    return found


def testable(compiled: Compiled, traffic: Traffic, power_of: PowerOf) -> list[Testable]:
    """Those triggers with what deciding about them takes."""
    canaries = [read.stage for read in compiled.stages if read.stage.kind == "canary"]
    planned = sum(requests_of(stage, traffic.per_second) for stage in canaries)
    seconds = sum(_seconds(stage, traffic.per_second) for stage in canaries)
    sharing = sum(one.trigger.shares_budget for one in compiled.triggers)
    budget = compiled.record.false_rollback_budget if compiled.record else 0.01
    found = []
    for settled, share in limits_of(compiled):
        trigger = settled.trigger
        power = power_of(
            share,
            # Nine tenths of the budget are the canary's, in equal parts.
            alpha=0.9 * budget / sharing,
            planned=max(planned, 1.0),
            margin=trigger.margin or 0.0,
            incidents=trigger.incidents,
        )
        rate = planned / seconds if seconds else 0.0
        found.append(Testable(settled, condition_sentence(trigger.conditions[0]), share, power, planned, rate))
    return found


def _seconds(stage: Stage, per_second: float) -> float:
    """How long a stage takes: its time, or that of its samples, whichever is longer."""
    rate = per_second * stage.weight_bp / 10_000
    return max(stage.duration_s or 0.0, (stage.samples or 0) / rate if rate else 0.0)


def untestable(
    compiled: Compiled, traffic: Traffic, tested: list[Testable], lasting: Callable[[float], str]
) -> Iterator[Problem]:
    """Triggers that cannot be decided in the stages' time. `lasting` tells seconds to people."""
    for one in tested:
        told = []
        to_fail, to_pass = one.power
        if to_fail is None or to_fail > one.canary_requests:
            told.append(
                f"a candidate at twice the limit takes {_requests(to_fail)} to be found"
                f"{_time(to_fail, one.canary_per_second, lasting)}, all canary stages together have"
                f" {one.canary_requests:,.0f}"
            )
        short = [read.stage for read in compiled.stages if _is_short(read.stage, to_pass, traffic.per_second)]
        if short:
            told.append(
                f"one at half of it takes {_requests(to_pass)} to pass: "
                + ", ".join(_stage_has(stage, to_pass, traffic.per_second, lasting) for stage in short)
            )
        if told:
            sentence = f'"{one.sentence}" at {traffic.told}: {"; ".join(told)}'
            yield problem("untestable_limit", one.settled.place, sentence)


def _is_short(stage: Stage, to_pass: int | None, per_second: float) -> bool:
    return to_pass is None or requests_of(stage, per_second) < to_pass


def _stage_has(stage: Stage, to_pass: int | None, per_second: float, lasting: Callable[[float], str]) -> str:
    has = requests_of(stage, per_second)
    share = per_second * stage.weight_bp / 10_000
    wait = "" if to_pass is None or share <= 0 else f" and would take {lasting(to_pass / share)}"
    return f'"{stage_sentence(stage)}" has {has:,.0f}{wait}'


def _requests(count: int | None) -> str:
    return "more requests than anybody waits for" if count is None else f"{count:,} requests of its own"


def _time(count: int | None, per_second: float, lasting: Callable[[float], str]) -> str:
    if count is None or per_second <= 0:
        return ""
    return f" ({lasting(count / per_second)})"
