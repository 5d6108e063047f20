"""Why a condition has no meaning, in a sentence that says what to write instead."""

import re

from alerts.records import operators
from alerts.records.problem import Misunderstood
from alerts.records.quantities import SPANS
from alerts.records.tokens import Tokens
from pointsman_contract.measures import measure_named

_WINDOW = re.compile(
    r"\b(?:for|over|within|during|in|per)"
    r" (?:(?:an?|any|the|each|every|last|previous|rolling|more|than|at|least) )*[0-9.,]*(?: -)? ?"
    r"(?:consecutive|(?:requests?|calls?|ms|s|sec|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?|weeks?|windows?"
    r"|checks?|intervals?)\b|a row\b)"
)
_MOVES = re.compile(rf"\b{operators.MOVES} (?:by|more than|over)\b|\b(?:doubles?|triples?|halves?|spikes?)\b")
_NEGATIONS = re.compile(r"\b(?:not|no|never|unless|except|without|n't|isn't|doesn't)\b")
_VERBS = re.compile(rf"\b{operators.ANY}\b|[<>]")


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


def behind_the_number(rest: str, tokens: Tokens, start: int) -> Misunderstood:
    """What stands behind a threshold that is complete."""
    if _WINDOW.match(rest):
        return windowed(tokens, start)
    told = "a condition ends with its threshold; join conditions by a comma, or, and"
    if _NEGATIONS.match(rest):
        told = "there are no exceptions to a trigger"
    return Misunderstood("not_understood", f'"{rest}" is not understood: {told}', start, tokens.end)


def in_place_of(measure: str, tokens: Tokens, refused: Misunderstood) -> Misunderstood:
    """Why the words ahead of an operator name no measure."""
    if (found := _WINDOW.search(measure)) is not None and measure_named(measure[: found.start()].strip()):
        return windowed(tokens, refused.start + found.start())
    if (denied := _NEGATIONS.search(measure)) is not None:
        told = f'"{denied[0]}": a trigger says when it is met, without negations and exceptions; turn it around: < 3%'
        return Misunderstood("not_understood", told, refused.start + denied.start(), tokens.end)
    return _moving(tokens) or refused


def fitted_nothing(tokens: Tokens, refused: Misunderstood) -> Misunderstood:
    """Why a condition without an operator names no event."""
    if (found := _WINDOW.search(tokens.plain)) is not None and _known_first(tokens.plain):
        return windowed(tokens, tokens.at(found.start()))
    if (moving := _moving(tokens)) is not None:
        return moving
    known = _known_first(tokens.plain)
    if known:
        rest = tokens.plain[len(known) :].strip()
        told = (
            f'"{rest}" is not understood behind "{known}": write >, <, at least, below, worse than baseline by 20%, …'
        )
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


def _moving(tokens: Tokens) -> Misunderstood | None:
    found = _MOVES.search(tokens.plain)
    if found is None:
        return None
    told = (
        f'"{found[0]}" does not say beside what: write "worse than baseline by 20%" to compare the candidate with the'
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
