"""Whether triggers and stages can do what they are for."""

import re
from collections.abc import Iterator
from decimal import Decimal

from alerts.records.compiling import Compiled
from alerts.records.measure_words import is_tested
from alerts.records.passages import Place
from alerts.records.problem import Problem, problem
from alerts.records.sentences import condition_sentence, in_unit, measure_words
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MEASURES

# One of ten is found half as late again as alone (docs/evidence.md).
MANY_TRIGGERS = 10
# What makes requests of one user share their fate; not what is said to be off.
_WHO = r"(?:users?|sessions?|customers?|tenants?|conversations?)"
_STICKY = re.compile(
    r"(?<!\bno )(?<!\bnot )(?<!\bnon-)(?<!\bwithout )(?<!\bnever )"
    r"(?:\bsticky\b(?! notes?\b)(?! \w+ (?:is|are) (?:off|disabled))|\bsession (?:affinity|stickiness)\b"
    rf"|\b{_WHO} (?:\w+ )?(?:sticks?|stays?|is kept|are kept) (?:to|on|with|in) (?:its|their|his|her|an?|one|the)"
    rf"(?: same)? (?:arm|model|variant|version)\b"
    rf"|\b(?:assign|hash|bucket|split|pinn?)(?:s|ed|es|ing)? (?:\w+ )?(?:by|per|on) (?:the )?{_WHO}\b)",
    re.IGNORECASE,
)
_LATENCIES = ("duration", "attempt_duration")


def untested(compiled: Compiled) -> Iterator[Problem]:
    """Conditions that no test decides, or that are met where things are good."""
    for condition, place in _conditions(compiled):
        measure = MEASURES[condition.measure]
        if not is_tested(condition.measure, condition.against, quantile=condition.quantile):
            told = (
                f"{measure_words(condition)} is shown, and no test decides it, so this would never be met; rates,"
                " percentiles of latency and costs are tested"
            )
            yield problem("untested_measure", place, told)
        elif condition.against == "limit" and condition.op != "any" and _is_good(condition):
            told = (
                f"{measure_words(condition)} is better when {'lower' if measure.better == 'lower' else 'higher'}:"
                f' "{condition.text}" would roll a good candidate back'
            )
            yield problem("direction", place, told)


def _is_good(condition: Condition) -> bool:
    better = MEASURES[condition.measure].better
    return (better == "lower" and condition.op in ("<", "<=")) or (better == "higher" and condition.op in (">", ">="))


def injections(compiled: Compiled) -> Iterator[Problem]:
    """Detected is not succeeded: who sends one must not be able to roll a candidate back."""
    for one in compiled.triggers:
        for condition in one.trigger.conditions:
            if condition.measure == "injection_detected" and condition.against == "limit" and one.trigger.rolls_back:
                told = (
                    "any user can send an injection that is detected, and roll the candidate back by it: use injection"
                    ' succeeded, or compare with the baseline ("worse than baseline by 50%")'
                )
                yield problem("injection_detected", one.place, told)


def shadow(compiled: Compiled) -> Iterator[Problem]:
    """The candidate answers real requests before users see its answers."""
    if compiled.stages and all(read.stage.kind != "shadow" for read in compiled.stages):
        told = "no shadow stage: users are the first who meet the candidate; begin with shadow 5% for 72 hours, say"
        yield problem("no_shadow_stage", compiled.stages[0].place, told)


def latency(compiled: Compiled) -> Iterator[Problem]:
    """A limit that the record's own P95 breaks rolls back what the record describes; at the limit it cannot pass.

    A P99 is above the P95, so a limit of it is broken as well.
    """
    own = compiled.figures.latency_p95_s
    for condition, place in _conditions(compiled):
        if (
            own is not None
            and condition.measure in _LATENCIES
            and condition.quantile is not None
            and condition.quantile >= 0.95
            and condition.against == "limit"
            and condition.threshold is not None
            and condition.threshold <= own
        ):
            measured = in_unit(Decimal(repr(own)), "s")
            broken = condition.threshold < own or condition.quantile > 0.95
            follows = "the candidate would be rolled back" if broken else "the candidate could not pass"
            told = (
                f'"{condition_sentence(condition)}", and section 3 measured a P95 of {measured}: {follows}; set the'
                " limit above what was measured"
            )
            yield problem("limit_below_own_p95", place, told)


def rollback(compiled: Compiled) -> Iterator[Problem]:
    """Something can bring the router back while the candidate comes in."""
    if compiled.triggers and not any(one.trigger.rolls_back and not one.trigger.is_drift for one in compiled.triggers):
        told = (
            "no trigger can roll the candidate back before it is promoted: they tell, only measure, or are about drift;"
            " give one the enforcement auto or approve"
        )
        yield problem("nothing_rolls_back", compiled.triggers[0].place, told)


def budget(compiled: Compiled) -> Iterator[Problem]:
    """The more triggers share the budget, the later each of them is."""
    sharing = [one for one in compiled.triggers if one.trigger.shares_budget]
    if len(sharing) > MANY_TRIGGERS:
        told = (
            f"{len(sharing)} triggers share the false-rollback budget: one of ten is already found half as late again"
            " as alone. Let those that nobody would roll back for only alert"
        )
        yield problem("many_triggers", sharing[MANY_TRIGGERS].place, told)


def advance(compiled: Compiled) -> Iterator[Problem]:
    """Equality cannot be proven: without a margin what is compared with the baseline never passes."""
    for one in compiled.triggers:
        for condition in one.trigger.conditions:
            margin = condition.threshold if one.trigger.margin is None else one.trigger.margin
            if condition.against == "baseline" and not margin and one.trigger.rolls_back:
                told = (
                    f'"{condition.text}" can stop a rollout and never speaks for one, as equality cannot be proven: say'
                    " by how much it may be worse (by 20%), or set a margin in the block"
                )
                yield problem("only_stops", one.place, told)


def sticky(compiled: Compiled) -> Iterator[Problem]:
    """Each request is assigned on its own, or no test of independent requests holds."""
    for section in compiled.document.sections.values():
        for entry in section.all_entries:
            if (found := _STICKY.search(entry.whole.text)) is not None:
                told = (
                    f'"{found[0]}": requests of one user share their fate then, which breaks every test; let the router'
                    " assign each request on its own"
                )
                yield problem("sticky_sessions", entry.whole.place(found.start()), told)


def _conditions(compiled: Compiled) -> Iterator[tuple[Condition, Place]]:
    for one in compiled.triggers:
        for condition in one.trigger.conditions:
            yield condition, one.place
