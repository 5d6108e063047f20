"""Whether a record's reasons hold: evidence, alternatives, failures, costs."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from alerts.records.compiling import Compiled
from alerts.records.parts import Labelled
from alerts.records.passages import Place
from alerts.records.placeholders import has_placeholders
from alerts.records.problem import Problem, problem

_EVIDENCE, _ALTERNATIVES, _FAILURES, _ECONOMICS = 3, 4, 5, 6
# With or without a label of its own ahead of it, "Alternatives: none".
_NONE = re.compile(
    r"\s*(?:[\w ]{1,40}:\s*)?"
    r"(?:none(?: was| were)?(?: considered| evaluated)?|n/?a|nothing|not applicable|no (?:other )?alternatives?[\w ]*)?"
    r"[\s.\u2013\u2014-]*",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"leader-?\s?board|arena|mmlu|gpqa|helm|swe-?bench|humaneval|mt-?bench|livebench|gsm8k|big-?bench"
    r"|artificial analysis",
    re.IGNORECASE,
)
# "Never fails open" says what it does not do.
_NEVER = r"(?<!never )(?<!not )(?<!n't )(?<!cannot )"
_FAILS = rf"{_NEVER}\bfail(?:s|ing|ed|ure)?[\s_\u2010\u2011-]+"
_OPEN = re.compile(rf"{_FAILS}open\b", re.IGNORECASE)
_CLOSED = re.compile(rf"{_FAILS}closed\b", re.IGNORECASE)
_HIGH_RISK = re.compile(
    r"(?<!\bno )(?<!\bnot )(?<!\bnot a )\b(?:high|critical|severe)[\s-]+(?:risk|severity)\b"
    r"|\brisk(?: level)?\s*(?:is|:)?\s*(?:high|critical)\b",
    re.IGNORECASE,
)
# The first level behind a label: "medium, not high" is medium. "Not high" is below high; "not low" may be anything.
_LEVEL = re.compile(
    r"\b(?:(?P<unlike>not)\s+(?:a |very |really |that )?)?"
    r"(?:(?P<high>high|critical|severe)|(?P<low>low|medium|moderate|minor|negligible)|none|not)\b",
    re.IGNORECASE,
)


def _is_unfilled(compiled: Compiled, number: int) -> bool:
    section = compiled.document.sections.get(number)
    return section is not None and has_placeholders(section)


def evidence(compiled: Compiled) -> Iterator[Problem]:
    """Figures of the record's own: what a public leaderboard measures is somebody else's task."""
    if _EVIDENCE not in compiled.document.sections or _is_unfilled(compiled, _EVIDENCE):
        return
    figures = compiled.figures
    own = (figures.golden_set_accuracy, figures.structured_output_validity, figures.latency_p95_s)
    if any(value is not None for value in own):
        return
    place = compiled.document.sections[_EVIDENCE].place
    section = " ".join(entry.whole.text for entry in compiled.document.sections[_EVIDENCE].all_entries)
    references = [one for one in compiled.prose.named("benchmark_references") if not _NONE.fullmatch(one.text)]
    if references or _PUBLIC.search(section):
        told = "public benchmarks alone: measure the candidate on a golden set of your own task"
        yield problem("only_public_evidence", references[0].place if references else place, told)
    else:
        told = "no figure of its own: golden-set accuracy, structured-output validity, latency P95"
        yield problem("no_evidence", place, told)


def alternatives(compiled: Compiled) -> Iterator[Problem]:
    """At least one alternative was considered."""
    section = compiled.document.sections.get(_ALTERNATIVES)
    texts = [entry.whole.text for entry in section.all_entries] if section else []
    if all(_NONE.fullmatch(text) for text in texts) and not _is_unfilled(compiled, _ALTERNATIVES):
        told = "no rejected alternative: name at least one, with why it was rejected (keeping the baseline is one)"
        yield problem("no_rejected_alternative", section.place if section else Place(1, 1), told)


class _Pair(NamedTuple):
    failure: Labelled
    mitigations: list[Labelled]
    risks: list[Labelled]

    @property
    def text(self) -> str:
        return " ".join([self.failure.text, *(one.text for one in self.mitigations)])


def failures(compiled: Compiled) -> Iterator[Problem]:
    """Every anticipated failure has a mitigation, and says what a user gets meanwhile."""
    is_unfilled = _is_unfilled(compiled, _FAILURES)
    for told in _failures(compiled):
        if told.code == "high_risk_fail_open" or not is_unfilled:
            yield told


def _failures(compiled: Compiled) -> Iterator[Problem]:
    pairs: list[_Pair] = []
    risks: list[Labelled] = []
    for one in compiled.prose.fields.get(_FAILURES, ()):
        if one.name == "anticipated_failure":
            # A column to the left of the failure, in its row, is about it.
            pairs.append(_Pair(one, [], [risk for risk in risks if risk.place.line == one.place.line]))
        elif one.name == "risk":
            risks.append(one)
            if pairs:
                pairs[-1].risks.append(one)
        elif one.name == "mitigation" and pairs:
            pairs[-1].mitigations.append(one)
        elif one.name == "mitigation":
            yield problem("no_mitigation", one.place, "a mitigation without the failure that it is for, ahead of it")
    if not pairs and _FAILURES in compiled.document.sections:
        place = compiled.document.sections[_FAILURES].place
        told = "no anticipated failure: write Anticipated Failure and Mitigation, in pairs"
        yield problem("no_mitigation", place, told)
    whole_task = any(map(_is_high, _risks_of_the_task(compiled, pairs)))
    for pair in pairs:
        own = [_is_high(risk) for risk in pair.risks[:1]]
        yield from _pair_problems(pair, is_high=own[0] if own else whole_task)


def _pair_problems(pair: _Pair, *, is_high: bool) -> Iterator[Problem]:
    if not any(one.text for one in pair.mitigations):
        yield problem("no_mitigation", pair.failure.place, "an anticipated failure without a mitigation behind it")
        return
    place = pair.mitigations[0].place
    fails_open = _OPEN.search(pair.text)
    if not fails_open and not _CLOSED.search(pair.text):
        told = "the mitigation does not say whether it fails open (the user gets what there is) or closed (an error)"
        yield problem("no_fail_mode", place, told)
    elif fails_open and (is_high or _HIGH_RISK.search(pair.text)):
        told = "a high risk that fails open: what is wrong reaches the user, who does not know it"
        yield problem("high_risk_fail_open", place, told)


def _risks_of_the_task(compiled: Compiled, pairs: list[_Pair]) -> list[Labelled]:
    """What the record calls its whole task: a label Risk that is not about a single failure."""
    single = {risk.place for pair in pairs for risk in pair.risks}
    return [risk for risk in compiled.prose.named("risk") if risk.place not in single]


def _is_high(risk: Labelled) -> bool:
    found = _LEVEL.search(risk.text)
    return found is not None and bool(found["low"] if found["unlike"] else found["high"])


def costs(compiled: Compiled) -> Iterator[Problem]:
    """What a success is expected to cost, so that the monthly review has something to compare with."""
    if compiled.figures.cost_per_success_usd is None and not _is_unfilled(compiled, _ECONOMICS):
        section = compiled.document.sections.get(_ECONOMICS)
        told = "no cost estimate: write Total Cost per Successful Outcome in section 6, such as $0.0042"
        yield problem("no_cost_estimate", section.place if section else Place(1, 1), told)
