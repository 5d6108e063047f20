"""The forms in which a condition can be written, as regular expressions over plain text (`tokens.py`)."""

import re
from typing import Literal, NamedTuple

from alerts.records import operators
from alerts.records.quantities import ANY_PERCENT, NUMBER

_NUMBER = rf"(?P<number>{NUMBER})"
_MORE = r"(?P<more>more than |over |at least |> |>= )?"
_MARGIN = rf"{_MORE}{_NUMBER}(?P<behind>.*)"
_SHORT_MARGIN = rf"{_MORE}{_NUMBER} (?P<behind>{ANY_PERCENT})"
_BASELINE = r"(?:the )?(?:baseline|control)(?:'s)?(?: arm| model)?"
_REFERENCE = r"(?: from (?:its|the) (?:own )?reference)?"
_MEASURE = r"(?:(?P<measure>.+?) )?"
_UP = rf"(?P<op>{operators.UPWARDS})"
_ANY = rf"(?P<op>{operators.ANY})"
_DOWN = rf"(?P<op>{operators.DOWNWARDS})"
_STANDS = operators.STANDS
_FOLD = rf"(?:{_NUMBER} (?P<fold>x|times)|(?P<word>twice|double|triple))(?: of)? {_BASELINE}"
_BESIDE = rf"(?:over|from|against|vs|versus|compared (?:to|with)|relative to) {_BASELINE}"
_HIGHER = operators.any_of(("above", "over", *(f"{word} than" for word in operators.HIGHER)))
# "twice the baseline" and its like.
FOLDS = {"twice": 2, "double": 2, "triple": 3}


class Form(NamedTuple):
    """A way to write a condition. `moves`: it says where a value goes, which is bad of some measures only."""

    kind: Literal["limit", "slower", "baseline", "reference", "any"]
    pattern: re.Pattern[str]
    moves: Literal["up", "down"] | None = None


def _baseline(pattern: str, moves: Literal["up", "down"] | None = None) -> Form:
    return Form("baseline", re.compile(pattern), moves)


FORMS: tuple[Form, ...] = (
    Form(
        "slower",
        re.compile(
            rf"(?P<share>>|above|over|more than) {_NUMBER} (?P<behind>{ANY_PERCENT}) of (?:all |the )*requests"
            r" (?:take|are|last|need) (?P<op>>|over|more than|longer than|slower than)"
            rf" (?P<time>{NUMBER})(?P<unit>.*)"
        ),
    ),
    Form("reference", re.compile(rf"{_MEASURE}drifts?{_REFERENCE} (?:by |of )?{_MARGIN}")),
    Form("reference", re.compile(rf"{_MEASURE}drift {_ANY} {_MARGIN}")),
    Form("reference", re.compile(rf"drift (?:in|of) {_MEASURE}(?:of )?{_ANY} {_MARGIN}")),
    _baseline(rf"{_MEASURE}{_STANDS}worse than {_BASELINE} by {_MARGIN}"),
    _baseline(rf"{_MEASURE}{_STANDS}worse than {_BASELINE}"),
    _baseline(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} worse than {_BASELINE}"),
    _baseline(rf"{_MEASURE}(?:{operators.WORSENS}) (?:by )?{_SHORT_MARGIN} {_BESIDE}"),
    _baseline(rf"{_MEASURE}{_UP} {_BASELINE} (?P<joint>by|\+|plus) {_MARGIN}", "up"),
    _baseline(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} {_HIGHER} {_BASELINE}", "up"),
    _baseline(rf"{_MEASURE}(?:{operators.RISES}) (?:by )?{_SHORT_MARGIN} {_BESIDE}", "up"),
    _baseline(rf"{_MEASURE}{_UP} {_BASELINE}", "up"),
    _baseline(rf"{_MEASURE}(?:{_UP}|is|are|reaches) {_FOLD}", "up"),
    _baseline(rf"{_MEASURE}{_UP} {_NUMBER} (?P<behind>{ANY_PERCENT}) (?P<of>of) {_BASELINE}", "up"),
    _baseline(rf"{_MEASURE}{_DOWN} {_NUMBER} (?P<behind>{ANY_PERCENT}) (?P<of>of) {_BASELINE}", "down"),
    _baseline(rf"{_MEASURE}(?:{operators.FALLS}) (?:by )?{_SHORT_MARGIN} {_BESIDE}", "down"),
    _baseline(rf"{_MEASURE}{_STANDS}{_SHORT_MARGIN} {_DOWN} {_BASELINE}", "down"),
    _baseline(rf"{_MEASURE}{_DOWN} {_BASELINE}(?: by {_MARGIN})?", "down"),
    Form("limit", re.compile(rf"{_ANY} {_NUMBER} (?P<behind>{ANY_PERCENT}) (?P<measure>.+)")),
    Form("limit", re.compile(rf"{_MEASURE}{_ANY} (?P<before>\$ |us \$ |usd )?{_NUMBER}(?P<behind>.*)")),
    Form("any", re.compile(r"(?P<some>any|a single|one|the first) (?P<measure>.+)")),
    Form("any", re.compile(r"(?P<measure>.+)")),
)
