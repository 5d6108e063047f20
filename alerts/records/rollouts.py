"""A rollout strategy cut into its steps, and each step into kind, share and time.

A step has one share of the traffic, at most one time and one number of requests; every other word must be one of
`_ASIDES`, which change nothing. So a word that would (`not`, `after`, `every`) is an error wherever it stands.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from alerts.records.passages import Passage, Place, without_markup
from alerts.records.plan_words import as_read
from alerts.records.problem import Misunderstood, Problem, problem
from alerts.records.quantities import (
    ANY_PERCENT,
    ANY_SPAN,
    NUMBER,
    PERCENT,
    SPANS,
    Unreadable,
    as_float,
    count_of,
    quantity,
)
from alerts.records.sentences import as_percent
from alerts.records.tokens import Tokens, split, tokens_of
from pointsman_contract.stage import DAY_S, MAX_DURATION_S, Stage, StageKind, out_of_order

# "and" joins the time and the requests of one step too.
_AND = r"\band\b(?! (?:for )?(?:at least )?[0-9][0-9.,]* ?[km]? (?:\w+ )?(?:requests|samples))"
_JOINTS = re.compile(rf"(?: ?(?:,|;|\.|->|=>|\band then\b|\bthen\b|\bfollowed by\b|{_AND}))+")
_SHARE = re.compile(rf"(?P<number>{NUMBER}) ?(?P<unit>{ANY_PERCENT})(?!\w)")
# A time without "for" is one only in "72-hour shadow" and "72 hours of shadow": "after 72 hours" is none.
_TIME = re.compile(
    rf"\bfor (?:at least |an? )?(?P<number>{NUMBER})(?: -)? (?P<unit>{ANY_SPAN})\b(?P<each> each)?"
    rf"|(?<![\w ])(?:an? )?(?P<first>{NUMBER}) (?P<ofthem>{ANY_SPAN})\b(?= (?:of|at|shadow|canary)\b)"
    rf"|(?P<long>{NUMBER}) - (?P<unitlong>{ANY_SPAN})\b"
)
# "10% of 5,000 requests" would be 500 of them.
_SAMPLES = re.compile(
    rf"(?<!of )(?<![0-9.,])(?:\b(?:for|and) )*(?:at least )?(?P<number>{NUMBER}) ?(?P<times>k|m)?"
    r" (?:canary |candidate |shadow )?(?:requests|samples)(?P<each> each)?\b"
)
# "Increase 10%" may mean by or to.
_RAISING = re.compile(r"\b(?:increas|expand|rais|scal|ramp|roll)(?:e|es|ing|ed|s)?\b(?! (?:out|on)\b)")
_TO_A_SHARE = re.compile(rf"\bto (?:an? |the )?(?:canary |shadow )?{NUMBER}")
_VERBS = (
    r"(?:\b(?:we |will |first |next |finally )*\b(?:start|starting|begin|beginning|route|routing|send|sending|hold"
    r"|holding|ramp|ramping|scale|scaling|increase|increasing|expand|expanding|move|moving|go|going|raise|raising|roll"
    r"|rolling|run|running|serve|serving|deploy)\b(?: (?:up|on|out))?(?: to\b)?)"
)
_ASIDES = re.compile(
    rf"{_VERBS}|\b(?:to|at|with|of|on)\b|\b(?:the|an?|all|its|this|stage|step|phase|mode|route|deployment|rollout|release"
    r"|live|production|prod|traffic|requests|share|candidate|model)\b|:"
)
# Mirrored requests are answered twice and seen once, which is a shadow; "shadow: mirror 5%" says it twice.
_KINDS: tuple[tuple[StageKind, re.Pattern[str]], ...] = (
    ("shadow", re.compile(r"\b(?:(?:in|as)(?: an?)? )?(?:shadow(?:ing|s)?|dark launch)\b")),
    ("shadow", re.compile(r"\bmirror(?:s|ed|ing)?\b")),
    ("canary", re.compile(r"\b(?:(?:in|as)(?: an?)? )?canary\b")),
)
_PROMOTION = re.compile(
    r"\b(?:full (?:rollout|traffic|production|promotion|release)|promot(?:e|ed|ion)|general availability|ga)\b"
)
_STICKY = re.compile(r"\b(?:sticky|affinity|sessions?|users?|customers?|tenants?)\b")
_CALENDAR = re.compile(r"\b(?:week|day|month|hour)s? [0-9]")
_EITHER = re.compile(r"\bor\b|\bwhichever\b")
_ALL = Decimal(1)


class ReadStage(NamedTuple):
    """A stage and where it stands."""

    stage: Stage
    place: Place


class StagesRead(NamedTuple):
    """The stages of a text in their order, and what was not understood."""

    stages: tuple[ReadStage, ...]
    problems: tuple[Problem, ...]


class _Step(NamedTuple):
    tokens: Tokens
    kind: StageKind | None
    share: Decimal
    duration_s: float | None
    samples: int | None
    is_each: bool


def read_stages(written: Passage) -> StagesRead:
    """Every step of a rollout strategy. Understood or told: nothing is left out."""
    passage = without_markup(written)
    steps: list[_Step] = []
    problems: list[Problem] = []
    try:
        parts = _parts(as_read(tokens_of(passage)))
    except Misunderstood as refused:
        return StagesRead((), (problem(refused.code, passage.place(refused.start), refused.message),))
    for part in parts:
        try:
            steps.append(_step(part))
        except Misunderstood as refused:
            problems.append(problem(refused.code, passage.place(refused.start), refused.message))
    if problems:
        # What follows a step that is not understood may not be what it seems.
        return StagesRead((), tuple(problems))
    if (unsaid := _kind_unsaid(steps)) is not None:
        return StagesRead((), (problem(unsaid.code, passage.place(unsaid.start), unsaid.message),))
    return StagesRead(_stages(_with_each(steps), passage), ())


def _kind_unsaid(steps: list[_Step]) -> Misunderstood | None:
    """Behind a shadow, `10%` may be a larger shadow or the first that users meet."""
    for before, step in pairwise(steps):
        is_promotion = step is steps[-1] and step.share == _ALL and step.duration_s is None and step.samples is None
        if before.kind == "shadow" and step.kind is None and not is_promotion:
            told = f'"{step.tokens.text}" behind a shadow: write shadow or canary'
            return Misunderstood("ambiguous", told, step.tokens.start)
    return None


def contradictions(stages: Sequence[ReadStage]) -> list[Problem]:
    """What cannot follow each other: shares of a kind rise, and shadow comes first."""
    befores = [None, *(read.stage for read in stages)]
    told = [(out_of_order(before, stage), place) for before, (stage, place) in zip(befores, stages, strict=False)]
    return [problem("contradictory_stages", place, why) for why, place in told if why is not None]


def _parts(tokens: Tokens) -> list[Tokens]:
    """Between what separates steps."""
    joints = [index for joint in _JOINTS.finditer(tokens.plain) for index in tokens.indices(*joint.span())]
    return [part for part in split(tokens, joints) if part.tokens]


def _step(part: Tokens) -> _Step:
    """One step. Raises Misunderstood."""
    rest = part.plain
    samples, rest = _taken(_SAMPLES, rest)
    share, rest = _taken(_SHARE, rest)
    time, rest = _taken(_TIME, rest)
    kinds: list[StageKind] = []
    for kind, pattern in _KINDS:
        found, rest = _taken(pattern, rest)
        kinds += [kind] if found and kind not in kinds else []
    promotion, rest = _taken(_PROMOTION, rest)
    left = _ASIDES.sub(lambda found: " " * len(found[0]), rest)
    if left.strip():
        raise _left_over(part, left)
    if len(kinds) > 1:
        raise Misunderstood("contradictory_stages", "shadow and canary in one step", part.start, part.end)
    if share is None and promotion is None:
        told = f'"{part.text}" has no share of the traffic: write one, as in canary 10% for 24 hours'
        raise Misunderstood("not_understood", told, part.start, part.end)
    if promotion is None and _RAISING.search(part.plain) and not _TO_A_SHARE.search(part.plain):
        told = f'"{part.text}": by so much or to so much? Shares are of all traffic; write "to 10%"'
        raise Misunderstood("ambiguous", told, part.start, part.end)
    weight = _ALL if share is None else _read(part, share.start(), (share["number"], share["unit"]), PERCENT, "10%")
    _check_share(weight, part)
    if promotion is not None and weight != _ALL:
        raise Misunderstood("contradictory_stages", "a promotion has all of the traffic", part.start, part.end)
    return _Step(
        part,
        kinds[0] if kinds else None,
        weight,
        None if time is None else _duration(part, time),
        None if samples is None else _samples(part, samples),
        is_each=any(found is not None and bool(found["each"]) for found in (time, samples)),
    )


def _taken(pattern: re.Pattern[str], rest: str) -> tuple[re.Match[str] | None, str]:
    """The first match and the text with blanks in its place. A second match stays, and is then left over."""
    found = pattern.search(rest)
    if found is None:
        return None, rest
    return found, f"{rest[: found.start()]}{' ' * len(found[0])}{rest[found.end() :]}"


def _left_over(part: Tokens, left: str) -> Misunderstood:
    found = re.search(r"\S+(?: \S+)*", left)
    begin, word = (found.start(), part.written(*found.span())) if found else (0, part.text)
    told = (
        f'"{word}" is not understood in a step, which is shadow or canary, a share and a time: canary 10% for 24 hours'
    )
    for pattern, what in ((_SHARE, "share"), (_TIME, "time")):
        if (second := pattern.search(left)) is not None:
            told = (
                f'a second {what}, "{part.written(*second.span())}", in one step: separate steps by a comma or "then"'
            )
    if _STICKY.search(left):
        told = f'"{word}": each request is assigned on its own; sticky sessions break every test of independence'
    elif re.search(rf"{NUMBER} m\b", left):
        told = f'"{word}": m may be minutes or months; write min, hours or days'
    elif _CALENDAR.search(left):
        told = f'"{word}": a step begins when the one ahead has passed; write how long each lasts: for 1 week'
    elif _EITHER.search(left):
        told = f'"{word}": a step ends when all that it asks for is there; write: for 24 hours and 10,000 requests'
    return Misunderstood("not_understood", told, part.at(begin), part.end)


def _read(part: Tokens, at: int, written: tuple[str, str], units: Mapping[str, Decimal], example: str) -> Decimal:
    try:
        return quantity(*written, units, example).value
    except Unreadable as unreadable:
        raise Misunderstood(unreadable.code, str(unreadable), part.at(at), part.end) from None


def _check_share(weight: Decimal, part: Tokens) -> None:
    if not 0 < weight <= 1:
        raise Misunderstood("number", f"a share of {as_percent(weight)}: from 0.01 % to 100 %", part.start, part.end)
    if weight * 10_000 % 1:
        told = f"a share of {as_percent(weight)}: routers know hundredths of a percent"
        raise Misunderstood("number", told, part.start, part.end)


def _duration(part: Tokens, found: re.Match[str]) -> float:
    number = found["number"] or found["first"] or found["long"]
    unit = found["unit"] or found["ofthem"] or found["unitlong"]
    seconds = _read(part, found.start(), (number, unit), SPANS, "24 hours")
    if not 0 < seconds <= Decimal(MAX_DURATION_S):
        told = f"{number} {unit}: a stage lasts more than 0 and at most 366 days"
        raise Misunderstood("number", told, part.at(found.start()), part.end)
    return as_float(seconds)


def _samples(part: Tokens, found: re.Match[str]) -> int:
    try:
        return count_of(found["number"], found["times"] or "")
    except Unreadable as unreadable:
        raise Misunderstood(unreadable.code, str(unreadable), part.at(found.start("number")), part.end) from None


def _with_each(steps: list[_Step]) -> list[_Step]:
    """`5%, 25% and 50% for 24 hours each`: what one step says of each holds for those ahead that say nothing."""
    found: list[_Step] = []
    each: _Step | None = None
    for step in reversed(steps):
        if step.is_each:
            each = step
        elif each is not None and step.duration_s is None and step.samples is None:
            found.append(step._replace(duration_s=each.duration_s, samples=each.samples))
            continue
        else:
            each = None
        found.append(step)
    return found[::-1]


def _stages(steps: list[_Step], passage: Passage) -> tuple[ReadStage, ...]:
    stages: list[ReadStage] = []
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        is_timeless = step.duration_s is None and step.samples is None
        # Promotion is no stage: it follows the last one by itself.
        if is_last and stages and step.share == _ALL and step.kind != "shadow" and is_timeless:
            continue
        stages.append(
            ReadStage(
                Stage(
                    kind=step.kind or "canary",
                    weight_bp=int(step.share * 10_000),
                    duration_s=DAY_S if is_timeless else step.duration_s,
                    samples=step.samples,
                    assumed=("duration_s",) if is_timeless else (),
                ),
                passage.place(step.tokens.start),
            )
        )
    return tuple(stages)
