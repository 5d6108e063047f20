"""A compiled record in words: what was understood, with units and defaults, for people."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from alerts.records.compiling import Compiled
from alerts.records.sentences import as_percent, plain, span_sentence, stage_sentence, trigger_sentence
from pointsman_contract.condition import Condition
from pointsman_contract.measures import MEASURES
from pointsman_contract.record import CompiledRecord
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger

_ENFORCEMENTS = {
    "auto": "rolls back",
    "approve": "asks a person to roll back",
    "alert": "tells, and does not roll back",
    "observe": "only measures",
}
_TRIALS = {
    "dispatch": "dispatched requests",
    "closed": "requests that have one",
    "outcome": "dispatched requests, as their outcomes come in within 7 days",
}
_NO_DATA = {"hold": "holds", "alert": "tells", "rollback": "rolls back"}


class Understood(NamedTuple):
    """A thing that was understood, and what it means."""

    subject: str
    meaning: str


def identity(record: CompiledRecord) -> str:
    """Whom it is about, in one line."""
    return (
        f"{record.id}: {record.candidate} for {record.baseline} on route {record.route} ({record.environment}), owner"
        f" {record.owner}, fallback {record.fallback or 'none'}"
    )


def trigger_words(trigger: Trigger) -> Understood:
    """The trigger as a sentence of the grammar, and what is done when, on what."""
    parts = [
        _ENFORCEMENTS[trigger.enforcement],
        *(_what_is_bad(condition, trigger) for condition in trigger.conditions),
    ]
    if trigger.is_zero_tolerance:
        requests = "the first request" if trigger.confirmation == 1 else f"{trigger.confirmation:,} requests"
        parts.append(f"zero tolerance: {requests} of it, outside of the false-rollback budget")
    if trigger.incidents == "clip":
        parts.append("short bursts do not decide")
    if trigger.margin is not None:
        parts.append(f"passes within a margin of {as_percent(Decimal(repr(trigger.margin)))}")
    return Understood(trigger_sentence(trigger), "; ".join(parts))


def _what_is_bad(condition: Condition, trigger: Trigger) -> str:
    measure = MEASURES[condition.measure]
    if condition.op == "any":
        return f"bad: a request with {condition.measure.replace('_', ' ')}"
    if condition.threshold is None:
        return ""
    share = as_percent(Decimal(repr(condition.threshold)))
    if condition.against == "reference":
        doing = "certified to be beyond it" if trigger.drift == "certify" else "noticed at about that size"
        slow = "" if condition.quantile is None else f": {_slow(condition, 'its')}"
        return f"against its own past: {doing}, once promoted{slow}"
    costs = f", {trigger.costs} costs" if measure.unit == "USD" else ""
    if condition.against == "baseline" and condition.quantile is not None:
        slow = _slow(condition, "the baseline's")
        return f"bad: {slow}"
    if condition.against == "baseline":
        what = "cost" if measure.unit == "USD" else "share of bad requests"
        above = f"more than {share} above" if condition.threshold else "above"
        return f"bad: a {what} {above} the baseline's{costs}"
    if (limit := condition.bad_limit) is None:
        return f"against a limit{costs}"
    allowed = as_percent(Decimal(repr(limit)))
    if condition.quantile is not None:
        return f"bad: more than {allowed} of requests slower than {plain(Decimal(repr(condition.threshold)))} s"
    return f"bad: more than {allowed} of {_TRIALS[measure.known]}"


def _slow(condition: Condition, whose: str) -> str:
    """A percentile beside another one is a limit (docs/adr/0030)."""
    quantile, times = condition.quantile or 0.0, Decimal(1) + Decimal(repr(condition.threshold))
    called = f"P{round(quantile * 100)}"
    fold = "" if times == 1 else f"{plain(times)} x "
    return f"more than {as_percent(1 - Decimal(repr(quantile)))} of requests slower than {fold}{whose} {called}"


def stage_words(stage: Stage) -> Understood:
    """The stage as a sentence of the grammar, and how it ends."""
    assumed = " (24 hours are assumed)" if stage.assumed else ""
    parts = []
    if stage.samples is not None:
        parts.append(f"{stage.samples:,} requests of the candidate at least")
    parts.append(f"deadline {span_sentence(stage.deadline_s)}, then {_AT_DEADLINE[stage.at_deadline]}")
    return Understood(f"{stage_sentence(stage)}{assumed}", "; ".join(parts))


_AT_DEADLINE = {"ask": "asks", "hold": "holds", "rollback": "rolls back"}


def settings_words(record: CompiledRecord) -> Iterator[Understood]:
    """What holds for the whole record, defaults too."""
    budget = as_percent(Decimal(repr(record.false_rollback_budget)))
    yield Understood("false rollbacks", f"at most {budget} of healthy candidates, in the whole rollout")
    yield Understood("once promoted", f"{as_percent(Decimal(record.holdback_bp) / 10_000)} stays on {record.baseline}")
    cooldowns = sorted({trigger.cooldown_s for trigger in record.triggers})
    no_data = sorted({_NO_DATA[trigger.no_data] for trigger in record.triggers})
    yield Understood("without data", no_data[0] if len(no_data) == 1 else _each(record))
    verified = sorted({trigger.verify_within_s for trigger in record.triggers})
    yield Understood("cool-down", ", ".join(map(span_sentence, cooldowns)))
    yield Understood("rollback verified within", ", ".join(map(span_sentence, verified)))
    if record.tau is not None:
        low, high = (plain(Decimal(repr(value))) for value in (record.tau.low, record.tau.high))
        yield Understood("router's threshold", f"{low} to {high}, enforcement {record.tau.enforcement}")


def _each(record: CompiledRecord) -> str:
    return ", ".join(f"{_NO_DATA[trigger.no_data]} ({trigger.name})" for trigger in record.triggers)


def figures_words(record: CompiledRecord) -> Iterator[Understood]:
    """The record's figures that are known."""
    figures = record.figures
    for name, value in (
        ("golden-set accuracy", figures.golden_set_accuracy),
        ("structured-output validity", figures.structured_output_validity),
    ):
        if value is not None:
            yield Understood(name, as_percent(Decimal(repr(value))))
    if figures.latency_p95_s is not None:
        yield Understood("latency P95", f"{plain(Decimal(repr(figures.latency_p95_s)))} s")
    for name, amount in (
        ("prefill cost", figures.prefill_cost_per_million_usd),
        ("generation cost", figures.generation_cost_per_million_usd),
    ):
        if amount is not None:
            yield Understood(name, f"${plain(amount)} per million queries")
    if figures.cost_per_success_usd is not None:
        yield Understood("cost per success", f"${plain(figures.cost_per_success_usd)}")


def not_compiled(compiled: Compiled) -> list[tuple[int, str]]:
    """Line and beginning of each text of the plan that is prose: kept, and acted on by nobody."""
    texts = compiled.prose.texts.get(7, ())
    return [(entry.whole.place(0).line, " ".join(entry.whole.text.split())[:80]) for entry in texts]
