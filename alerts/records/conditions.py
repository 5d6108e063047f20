"""One condition of a trigger: a measure beyond a threshold, in one of the forms of `FORMS`.

Each form is tried on the whole condition. The first one that fits gives the meaning; where two give different ones the
condition is ambiguous. What fits none is an error, and so is every word that a form does not take.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from alerts.records import operators
from alerts.records.measure_words import Words, is_tested, measure_of, percentiles
from alerts.records.misreadings import behind_the_number, fitted_nothing, in_place_of, measures_time, windowed
from alerts.records.problem import Misunderstood
from alerts.records.quantities import PERCENT, Measured, Unreadable, amount, as_float, measured, number_of
from alerts.records.sentences import as_percent, condition_sentence
from alerts.records.tokens import Tokens
from pointsman_contract.condition import Condition
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.measures import MeasureMeant

_NUMBER = r"(?P<number>[0-9][0-9.,]*|\.[0-9]+)"
_MORE = r"(?P<more>more than |over |at least )?"
_MARGIN = rf"{_MORE}{_NUMBER}(?P<behind>.*)"
_SHORT_MARGIN = rf"{_MORE}{_NUMBER} (?P<behind>%|percent|per cent|pct)"
_BASELINE = r"(?:the )?(?:baseline|control)(?:'s)?(?: arm| model)?"
_REFERENCE = r"(?: from (?:its|the) (?:own )?reference)?"
_MEASURE = r"(?:(?P<measure>.+?) )?"
_UP = rf"(?P<op>{operators.UPWARDS})"
_ANY = rf"(?P<op>{operators.ANY})"
_DOWN = rf"(?P<op>{operators.DOWNWARDS})"
_STANDS = operators.STANDS
_EVENTS = ("injection_succeeded", "injection_detected")
_POINTS = re.compile(r"(?:percentage )?points?\b|pp\b|bps?\b|basis points?\b")
_OF_REQUESTS = re.compile(r"of (?:all )?(?:the )?requests")
_HAPPENS = re.compile(r"\b(?:is|was|are|gets) ")
# A margin of more is a slip of the pen.
_LARGEST_MARGIN = Decimal(10)


class Form(NamedTuple):
    """A way to write a condition. `moves`: it says where a value goes, which is bad of some measures only."""

    kind: Literal["limit", "baseline", "reference", "any"]
    pattern: re.Pattern[str]
    moves: Literal["up", "down"] | None = None


FORMS: tuple[Form, ...] = (
    Form("reference", re.compile(rf"{_MEASURE}drifts?{_REFERENCE} (?:by |of )?{_MARGIN}")),
    Form("reference", re.compile(rf"{_MEASURE}drift {_ANY} {_MARGIN}")),
    Form("reference", re.compile(rf"drift (?:in|of) {_MEASURE}(?:of )?{_ANY} {_MARGIN}")),
    Form("baseline", re.compile(rf"{_MEASURE}{_STANDS}worse than {_BASELINE} by {_MARGIN}")),
    Form("baseline", re.compile(rf"{_MEASURE}{_STANDS}worse than {_BASELINE}")),
    Form("baseline", re.compile(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} worse than {_BASELINE}")),
    Form("baseline", re.compile(rf"{_MEASURE}{_UP} {_BASELINE} (?:by|\+|plus) {_MARGIN}"), moves="up"),
    Form(
        "baseline",
        re.compile(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} (?:above|over|higher than|slower than) {_BASELINE}"),
        moves="up",
    ),
    Form("baseline", re.compile(rf"{_MEASURE}{_UP} {_BASELINE}"), moves="up"),
    Form("baseline", re.compile(rf"{_MEASURE}{_UP} {_NUMBER} (?P<fold>x|times) {_BASELINE}"), moves="up"),
    Form("baseline", re.compile(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} {_DOWN} {_BASELINE}"), moves="down"),
    Form("baseline", re.compile(rf"{_MEASURE}{_DOWN} {_BASELINE}(?: by {_MARGIN})?"), moves="down"),
    Form("limit", re.compile(rf"{_ANY} {_NUMBER} (?P<behind>%|percent|per cent|pct) (?P<measure>.+)")),
    Form("limit", re.compile(rf"{_MEASURE}{_ANY} (?P<before>\$ |usd )?{_NUMBER}(?P<behind>.*)")),
    Form("any", re.compile(r"(?P<some>any|a single|one|the first) (?P<measure>.+)")),
    Form("any", re.compile(r"(?P<measure>.+)")),
)


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
    margin = Decimal(0)
    if parts.get("fold"):
        margin = _read(found, tokens, lambda: Measured(number_of(parts["number"]), "")).value - 1
        if margin <= 0:
            raise _at(found, tokens, "number", "number", "a multiple of the baseline must be above 1")
    elif parts.get("number"):
        margin = _margin(found, tokens)
    _with_quantile(meant, found, tokens)
    at_least = parts.get("more") == "at least " or (parts.get("op") and operators.comparison_of(parts["op"]) == ">=")
    return _relative(meant, "baseline", ">=" if at_least else ">", _float(margin, found, tokens), tokens)


def _reference(_: Form, found: re.Match[str], tokens: Tokens) -> Condition:
    meant = _measure(found, tokens)
    parts = found.groupdict()
    op = operators.comparison_of(parts["op"]) if parts.get("op") else ">"
    if op not in (">", ">="):
        raise _at(found, tokens, "op", "direction", "a small drift is no reason to roll back: write > 10%")
    margin = _margin(found, tokens)
    if not margin:
        raise _at(found, tokens, "number", "number", "a drift of 0 %: everything drifts a little")
    at_least = op == ">=" or parts["more"] == "at least "
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
    "baseline": _baseline,
    "reference": _reference,
    "any": _any,
}


def _measure(found: re.Match[str], tokens: Tokens) -> MeasureMeant:
    plain = found["measure"] or ""
    start = tokens.at(max(found.start("measure"), 0))
    words = Words(plain, start, start + len(plain), tokens.written(*found.span("measure")))
    try:
        return measure_of(words)
    except Misunderstood as refused:
        raise in_place_of(plain, tokens, refused) from None


def _with_quantile(meant: MeasureMeant, found: re.Match[str], tokens: Tokens) -> None:
    if meant.measure.has_quantiles and meant.quantile is None:
        name = found["measure"] or meant.measure.name
        told = f'which percentile? {", ".join(percentiles())} are kept: "P95 {name}"'
        raise _at(found, tokens, "measure", "no_quantile", told)


def _margin(found: re.Match[str], tokens: Tokens) -> Decimal:
    """A share of what it is a margin of, which is all of the rest of the condition."""
    behind = found["behind"].strip()
    if _POINTS.match(behind):
        told = f"{found['number']} {behind}: margins are relative, so 20% is a fifth more; write the limit itself"
        raise _at(found, tokens, "number", "unit", told)
    value = _read(found, tokens, lambda: measured(found["number"], behind, PERCENT, "20%"))
    _nothing_behind(value, found, tokens)
    if value.value > _LARGEST_MARGIN:
        raise _at(found, tokens, "number", "number", f"a margin of {as_percent(value.value)}: at most 1,000 %")
    return value.value


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
    begin = found.end("behind") - len(value.rest)
    raise behind_the_number(value.rest, tokens, tokens.at(begin))


def _at(found: re.Match[str], tokens: Tokens, group: str, code: str, message: str) -> Misunderstood:
    """A refusal at the place of a group."""
    return Misunderstood(code, message, tokens.at(max(found.start(group), 0)), tokens.end)
