"""The record's figures: the first number with the right unit in a field that has one."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from alerts.records.document import Labelled
from alerts.records.labels import FIELDS, FieldName
from alerts.records.placeholders import without_placeholders
from alerts.records.problem import Problem, problem
from alerts.records.quantities import UNITS, Unreadable, as_float, measured, number_of
from pointsman_contract.fields import MAX_USD
from pointsman_contract.record import Figures

# All of its digits or none: of $1.2M it is not 1.2, nor 1; and no comma behind it.
_NUMBER = r"(?<![0-9.,])(?P<{0}>(?>[0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?))"
_FORMS = {
    "1": re.compile(rf"{_NUMBER.format('number')}\s?(?P<unit>%|percent\b|pct\b)", re.IGNORECASE),
    "s": re.compile(
        rf"{_NUMBER.format('number')}\s?(?P<unit>ms|s|sec|secs|seconds?|milliseconds?|min|minutes?)\b", re.IGNORECASE
    ),
    "USD": re.compile(
        rf"(?:\$|\bUSD)\s?{_NUMBER.format('number')}(?![\w%])|{_NUMBER.format('ahead')}\s?(?:USD|dollars?)\b",
        re.IGNORECASE,
    ),
}
_UNMEASURED = re.compile(
    r"(?:n/?a|none|not measured|not known|unknown|tbd|-|\u2013|\u2014)(?:\s*[.,;:(\u2013\u2014-].*)?", re.IGNORECASE
)
_P95 = re.compile(r"\bp ?95\b", re.IGNORECASE)
# What an amount is for, where that is said behind it.
_PER = re.compile(
    r"\s?(?:USD\b|dollars?\b)?\s?(?:/|\b(?:per|for|each|every|an?)\b)(?P<what>[^,;()]{0,60})", re.IGNORECASE
)
_MILLION = re.compile(r"\b(?:million|1? ?m|1,000,000)\b", re.IGNORECASE)
_MANY = re.compile(r"\b(?:thousand|million|1?,?000|1 ?[km]|1,000,000)\b", re.IGNORECASE)
_TOKENS = re.compile(r"\btokens?\b", re.IGNORECASE)
_OF_A_MILLION = ("prefill_cost", "generation_cost")
_WANTED: Mapping[FieldName, tuple[str, str, str]] = {
    "golden_set_accuracy": ("golden_set_accuracy", "1", "84.2%"),
    "structured_output_validity": ("structured_output_validity", "1", "99.1%"),
    "latency_p95": ("latency_p95_s", "s", "900 ms"),
    "prefill_cost": ("prefill_cost_per_million_usd", "USD", "$310"),
    "generation_cost": ("generation_cost_per_million_usd", "USD", "$240"),
    "cost_per_success": ("cost_per_success_usd", "USD", "$0.0042"),
}


def read_figures(fields: list[Labelled]) -> tuple[Figures, list[Problem]]:
    """The figures of these fields, and what could not be read as one."""
    found: dict[str, Any] = {}
    problems = []
    for one in fields:
        # An example that the template left is a problem of its own, and no figure.
        text = without_placeholders(one.text).strip()
        if one.name not in _WANTED or not text or _UNMEASURED.fullmatch(text):
            continue
        key, unit, example = _WANTED[one.name]
        label = FIELDS[one.name].labels[0]
        if key in found:
            problems.append(problem("figure_not_read", one.place, f"{label} comes twice: the first one counts"))
            continue
        value, told = _first(one.name, text, unit)
        if value is None and told is None and text != one.text.strip():
            continue
        if value is None:
            told = told or f'{label} has no figure in "{text[:60]}": write one such as {example}'
            problems.append(problem("figure_not_read", one.place, told))
        else:
            found[key] = value
    return Figures(**found), problems


def _first(name: FieldName, text: str, unit: str) -> tuple[float | Decimal | None, str | None]:
    """The figure of a field, or why its first one is none. Of several latencies it is the one behind "P95"."""
    if name == "latency_p95" and (named := _P95.search(text)) is not None:
        text = text[named.end() :]
    for value, end in _amounts(text, unit):
        behind = _PER.match(text, end) if unit == "USD" else None
        told = _for_something_else(name, behind["what"]) if behind is not None else None
        return (value, None) if told is None else (None, told)
    return None, None


def _for_something_else(name: FieldName, what: str) -> str | None:
    """Why an amount that is said to be for `what` is not that of its field."""
    label, what = FIELDS[name].labels[0], " ".join(what.split())
    if name in _OF_A_MILLION and (_TOKENS.search(what) or not _MILLION.search(what)):
        return f'{label} is read as that of a million queries, and this is for "{what}": write $310 per million queries'
    if name == "cost_per_success" and (_TOKENS.search(what) or _MANY.search(what)):
        return f'{label} is read as that of one success, and this is for "{what}": write $0.0042 per success'
    return None


def _amounts(text: str, unit: str) -> Iterator[tuple[float | Decimal, int]]:
    """Each number with that unit in base units, and where it ends."""
    for match in _FORMS[unit].finditer(text):
        try:
            if unit == "USD":
                amount = number_of(match["number"] or match["ahead"])
                if amount <= MAX_USD:
                    yield amount, match.end()
                continue
            value = as_float(measured(match["number"], match["unit"].casefold(), UNITS[unit], "").value)
        except Unreadable:
            continue
        if unit != "1" or value <= 1:
            yield value, match.end()
