"""Which measure the words ahead of an operator name."""

import re
import unicodedata
from typing import NamedTuple

from alerts.records.problem import Misunderstood
from pointsman_contract.measures import MEASURES, QUANTILES, MeasureMeant, closest_measures, measure_named

# A trigger is about the candidate always, so these say nothing that is not so.
_ARTICLES = re.compile(r"(?:the |an? |its |our |observed |measured ){0,3}")
_CANDIDATE = re.compile(r"(?:candidate|canary|model)(?:'s)? ")
_PARENTHESISED = re.compile(r"\( (p[0-9.]+|median|[0-9]+th percentile) \)")
_PLURAL = re.compile(r"ies\b")
_PERCENTILE = re.compile(r"\bp ?([0-9]+(?:\.[0-9]+)?)\b|\b([0-9]+)(?:st|nd|rd|th) (?:percentile|quantile)")


class Words(NamedTuple):
    """Plain text with its offsets in the sentence, and what the architect wrote."""

    plain: str
    start: int
    end: int
    written: str


def measure_of(words: Words) -> MeasureMeant:
    """The measure of these words, with its quantile. Raises Misunderstood with the closest ones where there is none."""
    plain = _PARENTHESISED.sub(r"\1", words.plain)
    for text in _readings(plain):
        if (meant := measure_named(text)) is not None:
            return meant
    raise Misunderstood("unknown_measure", _nothing_like(words, plain), words.start, words.end)


def _readings(plain: str) -> list[str]:
    """As it stands; without what goes without saying; each also in the singular and plural.

    One after the other, as "the model latency" is the model latency, and not the latency.
    """
    bare = plain[end.end() :] if (end := _ARTICLES.match(plain)) else plain
    shortest = bare[end.end() :] if (end := _CANDIDATE.match(bare)) else bare
    found = [text for text in (plain, bare, shortest) if text]
    return [
        form for text in found for form in (text, text.removesuffix("s"), f"{text}s", _PLURAL.sub("y", text, count=1))
    ]


def _nothing_like(words: Words, plain: str) -> str:
    if not words.plain:
        return "no measure stands here: a trigger begins with one, such as: Error rate > 0.5%"
    if (kept := _unkept_percentile(plain)) is not None:
        return kept
    letters = sorted({char for char in words.written if ord(char) > 0x7F and char.isalpha()})
    foreign = f" ({_named(letters[0])} is no Latin letter)" if letters else ""
    close = closest_measures(_PERCENTILE.sub("", plain).strip() or plain)
    told = f"; closest: {', '.join(close)}" if close else "; docs/measures.md lists what is measured"
    return f'"{words.written}" is no measure{foreign}{told}'


def _unkept_percentile(plain: str) -> str | None:
    """A percentile of a measure that has none, or one that is not kept."""
    found = _PERCENTILE.search(plain)
    rest = " ".join(f"{plain[: found.start()]} {plain[found.end() :]}".split()) if found else ""
    meant = measure_named(rest.removeprefix("of ").removeprefix("the "))
    if found is None or meant is None:
        return None
    if not meant.measure.has_quantiles:
        return f"{meant.measure.name} has no percentiles"
    if f"P{found[1] or found[2]}" in percentiles():
        return None
    return f"P{found[1] or found[2]} is not kept: {', '.join(percentiles())} are"


def percentiles() -> list[str]:
    """Those that are kept, as people write them."""
    return [f"P{round(quantile * 100)}" for quantile in QUANTILES]


def _named(letter: str) -> str:
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip()


# Shares of requests or attempts that can be good or bad one by one: a rate that trials decide.
_NO_TRIALS = {
    "route_share", "prompt_cache_ratio", "failure_mode_mix", "attempt_failure_mode_mix", "recovery_mix", "probes",
}  # fmt: skip
# Their drift alone is tested: a limit says nothing, since they hang on language and content.
MEANS = {"tokenizer_compression", "input_compression"}


def is_tested(measure: str, against: str, *, quantile: float | None) -> bool:
    """Whether one of the tests of docs/evidence.md decides a condition of this kind."""
    known = MEASURES[measure]
    if known.has_quantiles:
        return quantile is not None or against == "reference"
    if known.unit == "1":
        return measure not in _NO_TRIALS
    if measure == "cost_per_success":
        # A ratio of two sums has no mean of its own that could drift.
        return against != "reference"
    return measure == "cost_per_request" or (against == "reference" and measure in MEANS)
