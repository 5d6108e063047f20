"""Why a condition has no meaning, in a sentence that says what to write instead."""

import re
from typing import NamedTuple

from alerts.records import operators
from alerts.records.counts import COUNTS
from alerts.records.problem import Misunderstood
from alerts.records.quantities import SPANS
from alerts.records.tokens import Tokens
from pointsman_contract.measures import measure_named

_COUNTED = rf"(?:[0-9.,]+|{operators.any_of(tuple(COUNTS))})"
_SPAN = r"(?:ms|s|sec|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?|weeks?|months?)\b"
_WINDOW = re.compile(
    r"(?:\b(?:sustained|continuously|consistently|averaged) )?\b(?:for|over|within|during|in|per)"
    rf" (?:(?:an?|any|the|each|every|last|previous|rolling|more|than|at|least) )*{_COUNTED}?(?: -)? ?"
    rf"(?:consecutive|(?:requests?|calls?|windows?|checks?|intervals?)\b|{_SPAN}|a row\b)"
)
_BEHIND = re.compile(rf"(?:\( )?{_COUNTED}(?: -)? {_SPAN}|/ {_SPAN}|(?:\( )?(?:daily|hourly|weekly|sustained)\b")
_AHEAD = re.compile(
    r"(?:the )?(?:daily|hourly|weekly|monthly|rolling|sustained"
    rf"|{_COUNTED}(?: -|-)? ?{_SPAN}(?: average)?) (?P<measure>.+)"
)
_MOVES = re.compile(
    rf"\b{operators.MOVES} (?:by|more than|over)\b"
    r"|\b(?:doubles?|triples?|halves?|spikes?)\b|\b(?:up|down)(?= (?:by )?[0-9])"
)
_NEGATIONS = re.compile(r"\b(?:not|no|never|unless|except|without|n't|isn't|doesn't)\b")
_BASELINE = re.compile(r"\b(?:baseline|control)\b")
_VERBS = re.compile(rf"\b{operators.ANY}\b|[<>]")
_LABEL = re.compile(r"[^:]+ : (?P<measure>.+)")


class _Advice(NamedTuple):
    """What is often written, and what is to be written instead. `{}` is what was written."""

    pattern: re.Pattern[str]
    code: str
    told: str


_PARENTHESES = 'there are no parentheses: "and" binds tighter than "or"; write the conditions without them'
_POINTS = _Advice(
    re.compile(rf"{_COUNTED} (?:(?:percentage )?points?|pp|bps?|basis points?)\b"),
    "unit",
    '"{}": margins are relative, so 20% is a fifth more; write the limit itself, or "worse than baseline by 20%"',
)
_ADVICE = (
    _Advice(
        re.compile(r"^(?:alert|page|notify|warn|tell|inform|email|ping)\b"),
        "not_understood",
        '"{}": a trigger is its condition alone; what only tells has `enforcement: alert` in the block',
    ),
    _Advice(
        re.compile(r"^(?:pause|freeze|hold|stop|halt|abort)\b"),
        "not_understood",
        '"{}": ahead of a trigger stands "roll back if", "stop if" or nothing; what asks a person first has'
        " `enforcement: approve` in the block",
    ),
    _Advice(
        re.compile(r"^(?:then )?(?:we )?(?:roll back|rollback|revert|switch back)\b"),
        "not_understood",
        '"{}" is no condition: write "roll back if" ahead of all of them',
    ),
    _Advice(
        re.compile(r"\bof (?:all |the )*requests [a-z]+"),
        "not_understood",
        '"{}": write more than 5% of requests take longer than 2 s, or a measure, as in timeouts > 5%',
    ),
    _Advice(re.compile(r"^\((?! p[0-9])"), "not_understood", _PARENTHESES),
    _Advice(re.compile("=>"), "not_understood", '"=>" is no comparison: write >= or at least'),
    _POINTS,
    _Advice(
        re.compile(
            r"\b(?:must|should|shall|has to|have to|needs? to|may not|stays?|remains?)\b(?: (?:not|never|stay))?"
        ),
        "not_understood",
        '"{}": a trigger says when to roll back, and not what is wanted; turn it round: "> 2%" for "at most 2%"',
    ),
)


def windowed(tokens: Tokens, start: int) -> Misunderstood:
    """A stretch of time in a trigger."""
    return Misunderstood(
        "window",
        "a trigger has no window of time: the evidence is looked at each second and adds up, so that a burst and a slow"
        " loss are both found. Leave it out; `incidents: clip` in the block forgives short bursts",
        start,
        tokens.end,
    )


def measures_time(behind: str) -> bool:
    """Whether a unit of time stands behind a number."""
    return behind.removeprefix("- ").split(" ", maxsplit=1)[0] in SPANS


def behind_the_number(tokens: Tokens, begin: int) -> Misunderstood:
    """What stands behind a threshold that is complete, from this offset of the plain text on."""
    rest, start = tokens.plain[begin:], tokens.at(begin)
    if _WINDOW.match(rest) or _BEHIND.match(rest):
        return windowed(tokens, start)
    if rest.startswith(")"):
        return Misunderstood("not_understood", _PARENTHESES, start, tokens.end)
    told = "a condition ends with its threshold; join conditions by a comma, or, and"
    if _NEGATIONS.match(rest):
        told = "there are no exceptions to a trigger"
    written = tokens.written(begin, len(tokens.plain))
    return Misunderstood("not_understood", f'"{written}" is not understood: {told}', start, tokens.end)


def in_place_of(begin: int, end: int, tokens: Tokens, refused: Misunderstood) -> Misunderstood:
    """Why the words between these offsets, ahead of an operator, name no measure."""
    measure = tokens.plain[begin:end]
    if (found := _WINDOW.search(measure)) is not None and measure_named(measure[: found.start()].strip()):
        return windowed(tokens, tokens.at(begin + found.start()))
    if (found := _AHEAD.fullmatch(measure)) is not None and measure_named(found["measure"]):
        return windowed(tokens, tokens.at(begin))
    if (advice := _advice(tokens)) is not None:
        return advice
    if (found := _LABEL.fullmatch(measure)) is not None and measure_named(found["measure"]):
        label = tokens.written(begin, begin + found.start("measure"))
        told = f'"{label}": a condition has no label; leave it out'
        return Misunderstood("not_understood", told, tokens.at(begin), tokens.end)
    if (found := _NEGATIONS.search(measure)) is not None:
        told = f'"{found[0]}": a trigger says when it is met, without negations and exceptions; turn it around: < 3%'
        return Misunderstood("not_understood", told, tokens.at(begin + found.start()), tokens.end)
    return _moving(tokens) or refused


def fitted_nothing(tokens: Tokens, refused: Misunderstood) -> Misunderstood:
    """Why a condition without an operator names no event."""
    known = _known_first(tokens.plain)
    if known and (found := _WINDOW.search(tokens.plain)) is not None:
        return windowed(tokens, tokens.at(found.start()))
    if (told_apart := _advice(tokens) or _moving(tokens)) is not None:
        return told_apart
    if known:
        rest = tokens.written(len(known) + 1, len(tokens.plain))
        name = tokens.written(0, len(known))
        told = f'"{rest}" is not understood behind "{name}": write >, <, at least, below, worse than baseline by 20%, …'
        return Misunderstood("not_understood", told, tokens.at(len(known) + 1), tokens.end)
    if _VERBS.search(tokens.plain) or re.search(r"[0-9]", tokens.plain):
        return Misunderstood(
            "not_understood",
            f'"{tokens.text}" is not understood: a condition is a measure, an operator and a number with its unit,'
            " as in Error rate > 0.5%",
            tokens.start,
            tokens.end,
        )
    return refused


def points_in(tokens: Tokens, begin: int) -> Misunderstood | None:
    """Points of a percentage from this offset on, which are no margin."""
    found = _POINTS.pattern.match(tokens.plain, begin)
    return None if found is None else _refused(_POINTS, found, tokens)


def _advice(tokens: Tokens) -> Misunderstood | None:
    for advice in _ADVICE:
        if (found := advice.pattern.search(tokens.plain)) is not None:
            return _refused(advice, found, tokens)
    return None


def _refused(advice: _Advice, found: re.Match[str], tokens: Tokens) -> Misunderstood:
    told = advice.told.replace("{}", tokens.written(*found.span()))
    return Misunderstood(advice.code, told, tokens.at(found.start()), tokens.end)


def _moving(tokens: Tokens) -> Misunderstood | None:
    found = _MOVES.search(tokens.plain)
    if found is None:
        return None
    written = tokens.written(*found.span())
    if _BASELINE.search(tokens.plain):
        told = f'"{written}" is not understood beside the baseline: write "worse than baseline by 20%", "> 2x baseline"'
        return Misunderstood("not_understood", told, tokens.at(found.start()), tokens.end)
    told = (
        f'"{written}" does not say beside what: write "worse than baseline by 20%" to compare the candidate with the'
        ' baseline, "drifts by more than 20%" to compare it with its own past, or the limit itself'
    )
    return Misunderstood("ambiguous", told, tokens.at(found.start()), tokens.end)


def _known_first(plain: str) -> str:
    """The longest beginning that names a measure; empty where none does."""
    words = plain.split(" ")
    for count in range(min(len(words) - 1, 8), 0, -1):
        if measure_named(" ".join(words[:count])) is not None:
            return " ".join(words[:count])
    return ""
