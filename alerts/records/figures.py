"""The record's figures: the first number with the right unit in a field that has one."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from alerts.records.labels import FIELDS, FieldName
from alerts.records.parts import Labelled
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
        rf"(?:\$|\bUSD)\s?{_NUMBER.format('number')}(?![\w%])|{_NUMBER.format('ahead')}\s?(?:USD|dollars?)\b"
        rf"|{_NUMBER.format('cents')}\s?cents?\b",
        re.IGNORECASE,
    ),
}
_UNMEASURED = re.compile(
    r"(?:n/?a|none|not measured|not known|unknown|tbd|-|\u2013|\u2014)(?:\s*[.,;:(\u2013\u2014-].*)?", re.IGNORECASE
)
_P95 = re.compile(r"\bp ?95\b", re.IGNORECASE)
# What an amount is for, where that is said behind it.
_PER = re.compile(
    r"(?:\s?(?:USD\b|dollars?\b)?\s?(?:/|\b(?:per|for|each|every|an?)\b)|[\s,]{0,2}\(?per\b)"
    r"(?P<what>(?:[^,;()]|(?<=[0-9]),(?=[0-9])){0,60})",
    re.IGNORECASE,
)
# Ahead of a figure: more than "about", a sign, or an article.
_WORDS = re.compile(r"(?!(?:about|around|approx|roughly|ca|usd|the|is|of|at)\b)[^\W\d_]{2,}", re.IGNORECASE)
_MILLION = re.compile(r"\b(?:million|1? ?m|1,000,000)\b", re.IGNORECASE)
_ONE_SUCCESS = re.compile(
    r"(?:(?:the|an?|one|each|every|single|1) )*"
    r"(?:success|outcome|task|request|query|(?:successful|good|correct) \w+)\b",
    re.IGNORECASE,
)
# "Of 1,900 tokens" says how large a query is.
_SIZE = re.compile(r"\b(?:of|at|with) [0-9].*")
_TOKENS = re.compile(r"\btokens?\b", re.IGNORECASE)
# What makes of a first number one that is not the candidate's own: ahead of it, and right behind it.
_COMPARED = re.compile(
    r"\b(?:from|baseline|control|today|now|currently|previously|old|target|goal|budget|reduced|saves?|half|twice"
    r"|ci|confidence|intervals?|between|than|below|above|vs|versus|against|beside|instead)\b"
    r"|[0-9](?: ?(?:%|ms|s))?(?: ?[\u2013-] ?| to )$",
    re.IGNORECASE,
)
_COMPARED_BEHIND = re.compile(
    r"[\s(]*(?:(?:ci|confidence|below|above|better|worse|lower|higher|faster|slower|cheaper|more|less)\b"
    r"|(?:(?:with|for|of|by|on) )?(?:the )?(?:baseline|control)\b(?!'s| at\b)|to \$?[0-9]|(?<=\S)[\u2013-]\$?[0-9])",
    re.IGNORECASE,
)
_OF_A_MILLION = ("prefill_cost", "generation_cost")
_WANTED: Mapping[FieldName, tuple[str, str, str]] = {
    "golden_set_accuracy": ("golden_set_accuracy", "1", "84.2%"),
    "structured_output_validity": ("structured_output_validity", "1", "99.1%"),
    "latency_p95": ("latency_p95_s", "s", "900 ms"),
    "prefill_cost": ("prefill_cost_per_million_usd", "USD", "$310"),
    "generation_cost": ("generation_cost_per_million_usd", "USD", "$240"),
    "cost_per_success": ("cost_per_success_usd", "USD", "$0.0042"),
}


def read_figures(fields: list[Labelled], baseline: str = "") -> tuple[Figures, list[Problem]]:
    """The figures of these fields, and what could not be read as one. `baseline` is the model of which none is read."""
    found: dict[str, Any] = {}
    seen: set[str] = set()
    problems = []
    for one in fields:
        # An example that the template left is a problem of its own, and no figure.
        text = without_placeholders(one.text).strip()
        if one.name not in _WANTED or not text or _UNMEASURED.fullmatch(text):
            continue
        key, unit, example = _WANTED[one.name]
        label = FIELDS[one.name].labels[0]
        if key in seen:
            # Which of them is the record's own, nobody knows.
            found.pop(key, None)
            problems.append(problem("figure_not_read", one.place, f"{label} comes twice: neither is used; write one"))
            continue
        seen.add(key)
        value, told = _first(one.name, text, unit, baseline)
        if value is None and told is None and text != one.text.strip():
            continue
        if value is None:
            told = told or f'{label} has no figure in "{text[:60]}": write one such as {example}'
            problems.append(problem("figure_not_read", one.place, told))
        else:
            found[key] = value
    return Figures(**found), problems


def _first(name: FieldName, text: str, unit: str, baseline: str) -> tuple[float | Decimal | None, str | None]:
    """The figure of a field, or why its first one is none. Of several latencies it is the one behind "P95"."""
    named = _P95.search(text) if name == "latency_p95" else None
    start = named.end() if named is not None else 0
    amounts = list(islice(_amounts(text, unit, start), 2))
    if not amounts:
        return None, None
    value, begin, end = amounts[0]
    behind = _PER.match(text, end) if unit == "USD" else None
    told = _compared(name, text, begin, end, baseline)
    if told is None and behind is not None:
        told = _for_something_else(name, behind["what"])
    if told is None and len(amounts) > 1 and _WORDS.search(text, start, begin):
        label = FIELDS[name].labels[0]
        told = f"{label} has several figures, and none at its beginning: put the candidate's own first"
    return (value, None) if told is None else (None, told)


def _compared(name: FieldName, text: str, begin: int, end: int, baseline: str) -> str | None:
    """Why the number at these offsets may be another one's, or a bound."""
    ahead = _COMPARED.search(text, 0, begin)
    words = ahead[0].strip() if ahead is not None else ""
    if not words and (behind := _COMPARED_BEHIND.match(text, end)) is not None:
        words = behind[0].strip(" (")
    if not words and baseline and baseline.casefold() in text[:begin].casefold():
        words = baseline
    if not words:
        return None
    where = "stands beside the first number, which may be another one"
    return f'{FIELDS[name].labels[0]}: "{words}" {where}: put the candidate\'s own figure first'


def _for_something_else(name: FieldName, what: str) -> str | None:
    """Why an amount that is said to be for `what` is not that of its field."""
    label, what = FIELDS[name].labels[0], " ".join(what.split())
    if name in _OF_A_MILLION and (_TOKENS.search(_SIZE.sub("", what)) or not _MILLION.search(what)):
        return f'{label} is read as that of a million queries, and this is for "{what}": write $310 per million queries'
    if name == "cost_per_success" and not _ONE_SUCCESS.match(what):
        return f'{label} is read as that of one success, and this is for "{what}": write $0.0042 per success'
    return None


def _amounts(text: str, unit: str, begin: int) -> Iterator[tuple[float | Decimal, int, int]]:
    """Each number with that unit in base units, and where it begins and ends."""
    for match in _FORMS[unit].finditer(text, begin):
        try:
            if unit == "USD":
                amount = number_of(match["number"] or match["ahead"] or match["cents"])
                amount = amount / 100 if match["cents"] else amount
                if amount <= MAX_USD:
                    yield amount, match.start(), match.end()
                continue
            value = as_float(measured(match["number"], match["unit"].casefold(), UNITS[unit], "").value)
        except Unreadable:
            continue
        if unit != "1" or value <= 1:
            yield value, match.start(), match.end()
