"""The record's figures: the first number with the right unit in a field that has one."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from alerts.records.document import Labelled
from alerts.records.labels import FieldName
from alerts.records.placeholders import without_placeholders
from alerts.records.problem import Problem, problem
from alerts.records.quantities import UNITS, Unreadable, as_float, measured, number_of
from pointsman_contract.fields import MAX_USD
from pointsman_contract.record import Figures

_NUMBER = r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?)"
_FORMS = {
    "1": re.compile(rf"{_NUMBER}\s?(?P<unit>%|percent\b|pct\b)", re.IGNORECASE),
    "s": re.compile(rf"{_NUMBER}\s?(?P<unit>ms|s|sec|secs|seconds?|milliseconds?|min|minutes?)\b", re.IGNORECASE),
    "USD": re.compile(rf"\$\s?{_NUMBER}|\bUSD\s?(?P<after>[0-9][0-9,]*(?:\.[0-9]+)?)", re.IGNORECASE),
}
_UNMEASURED = re.compile(r"(?:n/?a|none|not measured|not known|unknown|tbd|-|\u2013|\u2014)\.?", re.IGNORECASE)
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
        value = next(_amounts(text, unit), None)
        if value is None and text != one.text.strip():
            continue
        if value is None or key in found:
            told = "comes twice" if key in found else f'no figure in "{text[:60]}": expected one such as {example}'
            problems.append(problem("figure_not_read", one.place, told))
        else:
            found[key] = value
    return Figures(**found), problems


def _amounts(text: str, unit: str) -> Iterator[float | Decimal]:
    for match in _FORMS[unit].finditer(text):
        try:
            if unit == "USD":
                amount = number_of(match["number"] or match["after"])
                if amount <= MAX_USD:
                    yield amount
                continue
            value = measured(match["number"], match["unit"].casefold(), UNITS[unit], "").value
        except Unreadable:
            continue
        if unit != "1" or value <= 1:
            yield as_float(value)
