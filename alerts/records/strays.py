"""Conditions and steps in texts that no field has: what a person would believe in, and nobody follows.

A text is tried as a whole, behind a label's colon, behind `if` and its like, and from each measure to the next number:
what compiles there would have been a trigger or a step in its field.
"""

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from alerts.records import operators
from alerts.records.labels import words_of
from alerts.records.passages import Passage, without_markup
from alerts.records.quantities import UNITS
from alerts.records.rollouts import read_stages
from alerts.records.triggers import read_triggers
from pointsman_contract.measures import MEASURES

# What did not compile; a sentence takes some milliseconds then, and no record has so many.
MOST_TRIES = 300
_NAMES = frozenset(words_of(name) for one in MEASURES.values() for name in (one.name, *one.synonyms))
_LONGEST_NAME = max(len(name.split()) for name in _NAMES)
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.;!?]+(?=\s|$)")
_BEHIND = re.compile(r":(?=\s)|\s[\u2013\u2014-]\s|\b(?:if|when|whenever|unless|once|as soon as)\b", re.IGNORECASE)
_MOST_BEHIND = 4
_UNIT = "|".join(
    re.escape(unit) for unit in sorted({one for units in UNITS.values() for one in units}, key=len, reverse=True)
)
# Without a number it may be "any", the baseline, or an injection.
_QUANTITY = re.compile(
    rf"(?:\$\s?|\bUSD\s)?(?<![0-9.,])[0-9]+(?>[.,][0-9]+)*\s?(?:(?:x|times)\s(?:the\s)?baseline|(?:{_UNIT})(?!\w))?"
    r"|\bbaseline\b(?!\sby\b)",
    re.IGNORECASE,
)
_MAY_BE_ONE = re.compile(r"[0-9]|\b(?:baseline|control|any|single|one|first|injections?)\b", re.IGNORECASE)
_PERCENTILE = re.compile(
    r"(?:\bp\s?[0-9]{2}|\b[0-9]{2}th[- ]percentile|\bmedian)(?:\s(?:of|in))?(?:\sthe)?\s$", re.IGNORECASE
)
_OPERATOR = re.compile(rf"(?<!\w){operators.ANY}(?!\w)", re.IGNORECASE)
_ANY = re.compile(r"\b(?:any|a single|the first|one)\b", re.IGNORECASE)
# A measure's name and its number stand near each other.
_NEAR = 160
_HAS_SHARE = re.compile(r"[0-9]\s?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_LIKE_A_STEP = re.compile(r"\b(?:shadow|canary|traffic|for|then|shares?|weights?|steps?|stages?|ramp)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?:exceeded|was|were|had|fell|rose|dropped)\b", re.IGNORECASE)


class TooMany(Exception):
    """More texts were tried in vain than any record has."""


class _Span(NamedTuple):
    begin: int
    end: int


class Strays:
    """Looks for conditions and steps in the texts of one record; gives up (`TooMany`) after `MOST_TRIES` in vain."""

    def __init__(self) -> None:
        self._in_vain = 0

    def trigger_in(self, passage: Passage) -> Passage | None:
        """The first part of a text that compiles as a trigger."""
        passage = without_markup(passage)
        if _MAY_BE_ONE.search(passage.text) is None:
            return None
        for sentence in sentences_of(passage):
            if _MAY_BE_ONE.search(sentence.text) is None:
                continue
            measures = list(_measures_in(sentence.text))
            if not measures:
                continue
            for part in _near_a_number(sentence, measures):
                if self._compiles(part, is_all=True):
                    return part
            for part in _parts(sentence):
                if self._compiles(part, is_all=False):
                    return part
        return None

    def step_in(self, passage: Passage) -> Passage | None:
        """The first part of a text that compiles as a step of a rollout."""
        passage = without_markup(passage)
        if _HAS_SHARE.search(passage.text) is None:
            return None
        for sentence in sentences_of(passage):
            for part in _parts(sentence):
                # "Confidence: 95%" is no step.
                whole = [part] if _LIKE_A_STEP.search(sentence.text) else []
                for piece in (*whole, *(one for one in _between_commas(part) if _LIKE_A_STEP.search(one.text))):
                    if _HAS_SHARE.search(piece.text) and self._is_step(piece):
                        return piece
        return None

    def _compiles(self, part: Passage, *, is_all: bool) -> bool:
        read = read_triggers(part)
        numbers = [trigger for trigger in read.triggers if any(one.condition.op != "any" for one in trigger)]
        # "The team looks at latency or injection" is no trigger.
        found = bool(numbers) or (bool(read.triggers) and (not read.problems or _ANY.search(part.text) is not None))
        found = found and not (is_all and read.problems)
        return found or self._note_in_vain()

    def _is_step(self, part: Passage) -> bool:
        return bool(read_stages(part).stages) or self._note_in_vain()

    def _note_in_vain(self) -> bool:
        self._in_vain += 1
        if self._in_vain > MOST_TRIES:
            raise TooMany
        return False


def sentences_of(passage: Passage) -> Iterator[Passage]:
    """What stands between full stops and semicolons, without its markup."""
    plain = without_markup(passage)
    ends = [0, *(found.end() for found in _SENTENCE_END.finditer(plain.text)), len(plain.text)]
    for begin, end in pairwise(ends):
        if plain.text[begin:end].strip(" .;!?"):
            yield plain.cut(begin, end)


def _parts(sentence: Passage) -> Iterator[Passage]:
    """The sentence, and what stands behind its colons and its conjunctions."""
    yield sentence
    for found in islice(_BEHIND.finditer(sentence.text), _MOST_BEHIND):
        if sentence.text[found.end() :].strip():
            yield sentence.cut(found.end())


def _between_commas(part: Passage) -> Iterator[Passage]:
    begin = 0
    for found in re.finditer(r",\s|$", part.text):
        if part.text[begin : found.start()].strip():
            yield part.cut(begin, found.start())
        begin = found.end()


def _measures_in(text: str) -> Iterator[_Span]:
    """The names of measures, the longest at each place."""
    words = list(_WORD.finditer(text.casefold())) if len(text.casefold()) == len(text) else list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        for count in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
            if " ".join(word[0] for word in words[at : at + count]) in _NAMES:
                yield _Span(words[at].start(), words[at + count - 1].end())
                at += count - 1
                break
        at += 1


def _near_a_number(sentence: Passage, measures: list[_Span]) -> Iterator[Passage]:
    """From each measure to the number behind it, and from the operator ahead of a number to the measure behind that."""
    text = sentence.text
    for number, measure in enumerate(measures):
        next_one = measures[number + 1].begin if number + 1 < len(measures) else len(text)
        last_end = measures[number - 1].end if number else 0
        ahead = _PERCENTILE.search(text, max(last_end, measure.begin - 40), measure.begin)
        begin = ahead.start() if ahead is not None else measure.begin
        behind = _QUANTITY.search(text, measure.end, min(next_one, measure.end + _NEAR))
        if behind is not None and not _PAST.search(text, measure.begin, behind.end()):
            yield sentence.cut(begin, behind.end())
        window = max(last_end, begin - _NEAR)
        operator = next((one for one in _OPERATOR.finditer(text, window, begin)), None)
        if operator is not None and _QUANTITY.search(text, operator.end(), begin) is not None:
            yield sentence.cut(operator.start(), measure.end)
