"""One condition of a trigger: a measure beyond a threshold, in one of the forms of `FORMS`.

Each form is tried on the whole condition. The first one that fits gives the meaning; where two give different ones the
condition is ambiguous. What fits none is an error, and so is every word that a form does not take.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

from alerts.records import operators
from alerts.records.condition_forms import FOLDS, FORMS, Form
from alerts.records.measure_words import MEANS, Words, is_tested, measure_of, percentiles
from alerts.records.misreadings import (
    behind_the_number,
    fitted_nothing,
    in_place_of,
    measures_time,
    points_in,
    windowed,
)
from alerts.records.problem import Misunderstood
from alerts.records.quantities import (
    EXAMPLES,
    PERCENT,
    UNITS,
    Measured,
    Unreadable,
    amount,
    as_float,
    quantity,
    unmistakable,
)
from alerts.records.sentences import as_percent, condition_sentence
from alerts.records.tokens import Tokens
from pointsman_contract.condition import Condition
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.measures import MEASURES, QUANTILES, MeasureMeant
from pointsman_contract.writable import LARGEST_MARGIN

_EVENTS = ("injection_succeeded", "injection_detected")
_OF_REQUESTS = re.compile(r"of (?:all )?(?:the )?requests")
_HAPPENS = re.compile(r"\b(?:is|was|are|gets) ")


def condition_of(tokens: Tokens) -> Condition:
    """The meaning of one condition. Raises Misunderstood."""
    if len(tokens.plain) > MAX_TEXT:
        told = f"a condition of {len(tokens.plain):,} characters; {MAX_TEXT} at most"
        raise Misunderstood("not_understood", told, tokens.start, tokens.end)
    meanings: list[Condition] = []
    refusals: list[Misunderstood] = []
    for form in FORMS:
        # The last one takes every text, and is for what no other one understood.
        if meanings and form is FORMS[-1]:
            break
        try:
            read = read_as(form, tokens)
        except Misunderstood as refused:
            refusals.append(refused)
        else:
            meanings += [] if read is None else [read]
    if not meanings:
        # Forms stand from the most special to the most general one: the first that fitted knows best.
        raise refusals[0]
    if any(meaning != meanings[0] for meaning in meanings):
        told = " or ".join(f'"{condition_sentence(meaning)}"' for meaning in meanings)
        raise Misunderstood("ambiguous", f'"{tokens.text}" may mean {told}', tokens.start, tokens.end)
    return meanings[0]


def read_as(form: Form, tokens: Tokens) -> Condition | None:
    """The meaning of a condition in this form; None where it does not fit. Raises Misunderstood."""
    found = form.pattern.fullmatch(tokens.plain)
    return None if found is None else _READERS[form.kind](form, found, tokens)


def _limit(_: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    meant = _measure(found, tokens)
    unit = meant.measure.unit
    behind = found["behind"].strip()
    # "Error rate over 5 minutes" is no limit of 5 minutes.
    if unit != "s" and found["op"].endswith("over") and measures_time(behind):
        raise windowed(tokens, tokens.at(found.start("op")))
    if meant.measure.name in MEANS and not behind:
        told = f'of {meant.measure.name} only drift is tested: write "drifts by more than 10%"'
        raise _at(found, tokens, "measure", "untested_measure", told)
    value = _read(
        found, tokens, lambda: amount(found["number"], behind, (found.groupdict().get("before") or "").strip(), unit)
    )
    _nothing_behind(value, found, tokens, of_requests=unit == "1")
    _with_quantile(meant, found, tokens)
    threshold = _float(value.value, found, tokens)
    if unit == "1" and not 0 < threshold < 1:
        raise _at(found, tokens, "number", "number", _no_share(value.value))
    if not value.value:
        raise _at(found, tokens, "number", "number", "a threshold of 0")
    return Condition(
        measure=meant.measure.name,
        quantile=meant.quantile,
        op=operators.comparison_of(found["op"]),
        threshold=threshold,
        unit=unit,
        text=tokens.text,
    )


def _slower(_: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    """`more than 5% of requests take longer than 2 s` is what a P95 above 2 s is."""
    share = _read(found, tokens, lambda: quantity(found["number"], found["behind"], PERCENT, "5%")).value
    quantile = next((one for one in QUANTILES if Decimal(repr(one)) == 1 - share), None)
    if quantile is None:
        shares = ", ".join(as_percent(1 - Decimal(repr(one))) for one in QUANTILES)
        told = f"{as_percent(share)} of requests: {', '.join(percentiles())} are kept, so the share is one of {shares}"
        raise _at(found, tokens, "number", "unknown_measure", told)
    try:
        value = quantity(found["time"], found["unit"].strip(), UNITS["s"], EXAMPLES["s"])
        seconds = as_float(value.value)
    except Unreadable as unreadable:
        raise _at(found, tokens, "time", unreadable.code, str(unreadable)) from None
    if value.rest:
        raise behind_the_number(tokens, found.end("unit") - len(value.rest))
    if not seconds:
        raise _at(found, tokens, "time", "number", "a threshold of 0")
    return Condition(measure="duration", quantile=quantile, op=">", threshold=seconds, unit="s", text=tokens.text)


def _no_share(value: Decimal) -> str:
    if not value:
        return 'a threshold of 0 %: for zero tolerance write "any", as in "any injection succeeded"'
    return f"{as_percent(value)} as a threshold: expected more than 0 % and less than 100 %"


def _baseline(form: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    meant = _measure(found, tokens)
    measure = meant.measure
    if measure.better == "neither":
        raise _at(found, tokens, "measure", "direction", f"{measure.name} is neither better nor worse when it changes")
    if form.moves is not None and measure.better == "higher":
        told = f'more is better of {measure.name}: write "worse than baseline by 20%", which is 20 % more failures'
        raise _at(found, tokens, "measure", "ambiguous", told)
    if form.moves == "down":
        raise _at(found, tokens, "op", "direction", f"less is better of {measure.name}: below the baseline is good")
    parts = found.groupdict()
    if parts.get("joint") in ("+", "plus") and measure.unit == "1":
        told = 'one point more than the baseline, or one hundredth of it? Margins are relative: write "by 20%"'
        raise _at(found, tokens, "joint", "ambiguous", told)
    margin = Decimal(0)
    if parts.get("word"):
        margin = Decimal(FOLDS[parts["word"]] - 1)
    elif parts.get("fold"):
        margin = _read(found, tokens, lambda: Measured(unmistakable(parts["number"]), "")).value - 1
        if margin <= 0:
            raise _at(found, tokens, "number", "number", "a multiple of the baseline must be above 1")
    elif parts.get("of"):
        margin = _of_the_baseline(found, tokens)
    elif parts.get("number"):
        margin = _margin(found, tokens)
    _with_quantile(meant, found, tokens)
    at_least = _is_at_least(parts) or (parts.get("op") and operators.comparison_of(parts["op"]) == ">=")
    return _relative(meant, "baseline", ">=" if at_least else ">", _float(margin, found, tokens), tokens)


def _of_the_baseline(found: re.Match[str], tokens: Tokens) -> Decimal:
    """`120% of baseline` is a margin of 20 %."""
    margin = _read(found, tokens, lambda: quantity(found["number"], found["behind"], PERCENT, "120%")).value - 1
    if margin <= 0:
        told = f"{as_percent(margin + 1)} of the baseline is no more than it: write 120% of baseline for 20 % more"
        raise _at(found, tokens, "number", "number", told)
    return _at_most(margin, found, tokens)


def _is_at_least(parts: Mapping[str, str | None]) -> bool:
    return parts.get("more") in ("at least ", ">= ")


def _reference(_: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    # What a tokenizer does is how far it compresses; there is no other drift of one.
    is_tokenizer = found["measure"] in ("tokenizer", "the tokenizer")
    meant = MeasureMeant(MEASURES["tokenizer_compression"]) if is_tokenizer else _measure(found, tokens)
    parts = found.groupdict()
    op = operators.comparison_of(parts["op"]) if parts.get("op") else ">"
    if op not in (">", ">="):
        raise _at(found, tokens, "op", "direction", "a small drift is no reason to roll back: write > 10%")
    margin = _margin(found, tokens)
    if not margin:
        raise _at(found, tokens, "number", "number", "a drift of 0 %: everything drifts a little")
    at_least = op == ">=" or _is_at_least(parts)
    return _relative(meant, "reference", ">=" if at_least else ">", _float(margin, found, tokens), tokens)


def _relative(
    meant: MeasureMeant,
    against: Literal["baseline", "reference"],
    op: Literal[">", ">="],
    margin: float,
    tokens: Tokens,
) -> Condition:
    return Condition(
        measure=meant.measure.name,
        quantile=meant.quantile,
        op=op,
        threshold=margin,
        unit="1",
        against=against,
        text=tokens.text,
    )


def _any(_: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    is_said = "some" in found.groupdict()
    plain = _HAPPENS.sub("", found["measure"], count=1)
    words = Words(plain, tokens.at(found.start("measure")), tokens.end, tokens.written(*found.span("measure")))
    try:
        measure = measure_of(words).measure
    except Misunderstood as refused:
        raise fitted_nothing(tokens, refused) from None
    if not is_said and measure.name not in _EVENTS:
        raise Misunderstood(
            "not_understood", f'"{tokens.text}" does not say beyond what: > 0.5%, say', tokens.start, tokens.end
        )
    if measure.unit != "1" or measure.better != "lower" or not is_tested(measure.name, "limit", quantile=None):
        raise _at(found, tokens, "measure", "not_understood", f"{measure.name} is nothing that one request can break")
    return Condition(measure=measure.name, op="any", unit="1", text=tokens.text)


_READERS: Mapping[str, Callable[[Form, re.Match[str], Tokens], Condition]] = {
    "limit": _limit,
    "slower": _slower,
    "baseline": _baseline,
    "reference": _reference,
    "any": _any,
}


def _measure(found: re.Match[str], tokens: Tokens) -> MeasureMeant:
    # `Error rate: > 1%`.
    plain = (found["measure"] or "").removesuffix(" :")
    start = tokens.at(max(found.start("measure"), 0))
    words = Words(plain, start, start + len(plain), tokens.written(*found.span("measure")))
    try:
        return measure_of(words)
    except Misunderstood as refused:
        begin = max(found.start("measure"), 0)
        raise in_place_of(begin, begin + len(plain), tokens, refused) from None


def _with_quantile(meant: MeasureMeant, found: re.Match[str], tokens: Tokens) -> None:
    if meant.measure.has_quantiles and meant.quantile is None:
        name = tokens.written(*found.span("measure")) or meant.measure.name
        told = f'which percentile? {", ".join(percentiles())} are kept: "P95 {name}"'
        raise _at(found, tokens, "measure", "no_quantile", told)


def _margin(found: re.Match[str], tokens: Tokens) -> Decimal:
    """A share of what it is a margin of, which is all of the rest of the condition."""
    behind = found["behind"].strip()
    if (points := points_in(tokens, found.start("number"))) is not None:
        raise points
    value = _read(found, tokens, lambda: quantity(found["number"], behind, PERCENT, "20%"))
    _nothing_behind(value, found, tokens)
    return _at_most(value.value, found, tokens)


def _at_most(margin: Decimal, found: re.Match[str], tokens: Tokens) -> Decimal:
    if margin > Decimal(LARGEST_MARGIN):
        raise _at(found, tokens, "number", "number", f"a margin of {as_percent(margin)}: at most 1,000 %")
    return margin


def _read(found: re.Match[str], tokens: Tokens, read: Callable[[], Measured]) -> Measured:
    try:
        return read()
    except Unreadable as unreadable:
        raise _at(found, tokens, "number", unreadable.code, str(unreadable)) from None


def _float(value: Decimal, found: re.Match[str], tokens: Tokens) -> float:
    try:
        return as_float(value)
    except Unreadable as unreadable:
        raise _at(found, tokens, "number", unreadable.code, str(unreadable)) from None


def _nothing_behind(value: Measured, found: re.Match[str], tokens: Tokens, *, of_requests: bool = False) -> None:
    if not value.rest or (of_requests and _OF_REQUESTS.fullmatch(value.rest)):
        return
    raise behind_the_number(tokens, found.end("behind") - len(value.rest))


def _at(found: re.Match[str], tokens: Tokens, group: str, code: str, message: str) -> Misunderstood:
    """A refusal at the place of a group; of the condition where its form has no such group."""
    at = max(found.start(group), 0) if group in found.re.groupindex else 0
    return Misunderstood(code, message, tokens.at(at), tokens.end)
