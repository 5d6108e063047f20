"""Conditions and stages as the sentences that compile to them."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from pointsman_contract.condition import Condition
from pointsman_contract.stage import Stage
from pointsman_contract.trigger import Trigger

_UNITS = {"s": " s", "ratio": "x", "chars/token": " chars/token", "requests/s": " requests/s", "tokens/s": " tokens/s"}
_SPANS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def condition_sentence(condition: Condition) -> str:
    """`P95 duration > 1.2 s`: compiles to the same condition."""
    name = measure_words(condition)
    if condition.threshold is None:
        return f"any {name}"
    threshold = Decimal(repr(condition.threshold))
    if condition.against == "limit":
        return f"{name} {condition.op} {in_unit(threshold, condition.unit)}"
    least = "at least " if condition.op == ">=" else ""
    if condition.against == "baseline" and not threshold and not least:
        return f"{name} worse than baseline"
    if condition.against == "baseline":
        return f"{name} worse than baseline by {least}{as_percent(threshold)}"
    return f"{name} drifts by {least or 'more than '}{as_percent(threshold)}"


def trigger_sentence(trigger: Trigger) -> str:
    """Its conditions, joined."""
    return " and ".join(condition_sentence(condition) for condition in trigger.conditions)


def meaning_of(conditions: Sequence[Condition]) -> list[str]:
    """What conditions that are met together say, in one order: "A and B" is "B and A"."""
    return sorted(condition_sentence(condition) for condition in conditions)


def measure_words(condition: Condition) -> str:
    """`P95 duration`."""
    quantile = "" if condition.quantile is None else f"P{round(condition.quantile * 100)} "
    return f"{quantile}{condition.measure.replace('_', ' ')}"


def in_unit(value: Decimal, unit: str) -> str:
    """A threshold with its unit: `0.5%`, `1.2 s`, `$0.02`."""
    if unit == "1":
        return as_percent(value)
    return f"${plain(value)}" if unit == "USD" else f"{plain(value)}{_UNITS[unit]}"


def as_percent(share: Decimal) -> str:
    """`0.5%`, with every digit."""
    with localcontext(prec=60):
        return f"{plain(share * 100)}%"


def plain(value: Decimal) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span_sentence(seconds: float) -> str:
    """`72 hours`, `3 days`, `90 seconds`: in the largest unit of which there is a whole number."""
    exact = Decimal(repr(seconds))
    for size, name in _SPANS:
        if exact >= size and exact % size == 0:
            count = exact / size
            # People plan in hours up to some days.
            if name == "day" and count < 4:
                continue
            return f"{plain(count)} {name}{'' if count == 1 else 's'}"
    return f"{plain(exact)} seconds"


def stage_sentence(stage: Stage) -> str:
    """`shadow 1% for 72 hours`: compiles to the same stage, but for what the block says of it.

    Where the time is assumed there are no requests in it: a step with requests would have no time assumed.
    """
    share = as_percent(Decimal(stage.weight_bp) / 10_000)
    time = "" if stage.duration_s is None or stage.assumed else f" for {span_sentence(stage.duration_s)}"
    joined = " and" if time else " for"
    samples = "" if stage.samples is None or stage.assumed else f"{joined} {stage.samples:,} requests"
    return f"{stage.kind} {share}{time}{samples}"
