"""Whether the traffic is enough to decide, in the time that the stages have.

How many requests evidence takes is not known here: the power function comes from whoever puts the program together.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from alerts.records.compiling import Compiled
from alerts.records.problem import Problem, problem
from alerts.records.sentences import stage_sentence, trigger_sentence
from alerts.records.settling import SettledTrigger
from pointsman_contract.measures import MEASURES, OUTCOME_HORIZON_S
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger

# Nothing is twice as bad as one above it.
_LARGEST_LIMIT = 0.9


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
    """A trigger with what deciding takes: in requests of the candidate, and in seconds at this traffic.

    `fails_after_s` counts from the first canary stage on, through all of them, and waits in the last one where they are
    too short. `passes_after_s` has a time for each stage, shadow too, since each asks for a PASS of its own.
    """

    settled: SettledTrigger
    sentence: str
    limit: float
    power: Power
    canary_requests: float
    fails_after_s: float | None
    passes_after_s: tuple[float | None, ...]


class Limit(NamedTuple):
    """A trigger that gates the rollout by one limit: the largest share of bad requests that is well."""

    settled: SettledTrigger
    share: float


def limits_of(compiled: Compiled) -> list[Limit]:
    """Every such trigger. Of the others (costs, the baseline, several together) the power is not known here."""
    found = []
    for settled in compiled.triggers:
        share = settled.trigger.conditions[0].bad_limit
        if settled.trigger.gates and share is not None and share < _LARGEST_LIMIT:
            found.append(Limit(settled, share))
    return found


def not_estimated(compiled: Compiled) -> list[str]:
    """The sentences of the triggers that gate or stop a rollout and of which the power is not known here."""
    known = {one.settled.trigger.name for one in limits_of(compiled)}
    return [
        trigger_sentence(one.trigger)
        for one in compiled.triggers
        if (one.trigger.shares_budget or one.trigger.gates) and one.trigger.name not in known
    ]


def testable(compiled: Compiled, traffic: Traffic, power_of: PowerOf) -> list[Testable]:
    """The triggers of `limits_of` with what deciding about them takes."""
    stages = [read.stage for read in compiled.stages]
    canaries = [stage for stage in stages if stage.kind == "canary"]
    planned = sum(stage.requests_at(traffic.per_second) for stage in canaries)
    sharing = sum(one.trigger.shares_budget for one in compiled.triggers)
    budget = compiled.record.false_rollback_budget if compiled.record else 0.01
    found = []
    for settled, share in limits_of(compiled):
        trigger = settled.trigger
        power = power_of(
            share,
            # Nine tenths of the budget are the canary's, in equal parts; who only tells has its own for display.
            alpha=0.9 * budget / (sharing if trigger.shares_budget else 1),
            planned=max(planned, 1.0),
            margin=trigger.margin or 0.0,
            incidents=trigger.incidents,
        )
        horizon = _horizon(trigger)
        fails = None if power.to_fail is None else _through(canaries, power.to_fail, traffic.per_second)
        waits = (_in_stage(stage, power.to_pass, traffic.per_second) for stage in stages)
        passes = tuple(None if seconds is None else seconds + horizon for seconds in waits)
        found.append(Testable(settled, trigger_sentence(trigger), share, power, planned, fails, passes))
    return found


def _horizon(trigger: Trigger) -> float:
    """Seconds until what decides about a PASS is known (statistics §6); the settle time of the others is small."""
    return OUTCOME_HORIZON_S if MEASURES[trigger.conditions[0].measure].known == "outcome" else 0.0


def _through(canaries: list[Stage], requests: float, per_second: float) -> float | None:
    """Seconds until the stages, one after the other, have had so many requests; the last one as long as it takes."""
    seconds = 0.0
    for stage in canaries:
        has = stage.requests_at(per_second)
        if requests <= has or stage is canaries[-1]:
            rest = _in_stage(stage, requests, per_second)
            return None if rest is None else seconds + rest
        requests -= has
        seconds += _in_stage(stage, has, per_second) or 0.0
    return None


def _in_stage(stage: Stage, requests: float | None, per_second: float) -> float | None:
    rate = per_second * stage.weight_bp / 10_000
    return None if requests is None or rate <= 0 else requests / rate


def untestable(
    compiled: Compiled, traffic: Traffic, tested: list[Testable], lasting: Callable[[float], str]
) -> Iterator[Problem]:
    """Triggers that cannot be decided in the stages' time. `lasting` tells seconds to people."""
    for one in tested:
        told = []
        to_fail, to_pass = one.power
        if to_fail is None or to_fail > one.canary_requests:
            told.append(
                f"a candidate at twice the limit takes {_requests(to_fail)} to be found, and all canary stages together"
                f" have {one.canary_requests:,.0f}"
            )
        short = [
            (read.stage, seconds)
            for read, seconds in zip(compiled.stages, one.passes_after_s, strict=True)
            if _is_short(read.stage, to_pass, seconds, traffic.per_second)
        ]
        if short:
            late = ", once outcomes are known (7 days)" if _horizon(one.settled.trigger) else ""
            told.append(
                f"one at half of it takes {_requests(to_pass)} to pass{late}: "
                + ", ".join(_stage_has(stage, seconds, traffic.per_second, lasting) for stage, seconds in short)
            )
        if told:
            sentence = f'"{one.sentence}" at {traffic.told}: {"; ".join(told)}'
            yield problem("untestable_limit", one.settled.place, sentence)


def _is_short(stage: Stage, to_pass: int | None, seconds: float | None, per_second: float) -> bool:
    """Whether a stage ends, or meets its deadline, before a PASS can be there."""
    if to_pass is None or seconds is None:
        return True
    return stage.requests_at(per_second) < to_pass or seconds > stage.deadline_s


def _stage_has(stage: Stage, seconds: float | None, per_second: float, lasting: Callable[[float], str]) -> str:
    has = stage.requests_at(per_second)
    wait = "" if seconds is None else f" and would take {lasting(seconds)}"
    return f'"{stage_sentence(stage)}" has {has:,.0f}{wait}'


def _requests(count: int | None) -> str:
    return "more requests than anybody waits for" if count is None else f"{count:,} requests of its own"
