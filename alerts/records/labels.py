"""The titles of the seven sections and the labels of their fields, in the words that people use. A closed list."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from pointsman_contract.measures import edit_distance

FieldName = Literal[
    "model_identifier",
    "deployment_topology",
    "core_parameters",
    "golden_set_accuracy",
    "structured_output_validity",
    "latency_p95",
    "benchmark_references",
    "anticipated_failure",
    "mitigation",
    "prefill_cost",
    "generation_cost",
    "cost_per_success",
    "rollout_strategy",
    "rollback_trigger",
    "reconsideration",
    "risk",
]

TITLES: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: ("Context and Problem Statement", "Context", "Problem Statement"),
        2: ("Selected Model and Configuration", "Selected Model", "Model and Configuration"),
        3: ("Evaluation Evidence", "Evidence", "Evaluation"),
        4: (
            "Rejected Alternatives and Rationale",
            "Rejected Alternatives",
            "Alternatives",
            "Alternatives Considered",
            "Considered Options",
            "Options Considered",
        ),
        5: ("Failure Tolerance and Risk Mitigation", "Failure Tolerance", "Risk Mitigation"),
        6: ("Execution Economics", "Economics"),
        7: (
            "Lifecycle and Rollout Plan",
            "Lifecycle",
            "Rollout Plan",
            "Lifecycle and Rollout",
            "Rollout and Lifecycle",
        ),
    }
)


class _Field(NamedTuple):
    section: int
    labels: tuple[str, ...]


FIELDS: Mapping[FieldName, _Field] = MappingProxyType(
    {
        "model_identifier": _Field(2, ("Model Identifier", "Selected Model", "Model", "Model ID")),
        "deployment_topology": _Field(2, ("Deployment Topology", "Topology", "Deployment")),
        "core_parameters": _Field(2, ("Core Parameters", "Parameters", "Configuration")),
        "golden_set_accuracy": _Field(3, ("Golden-Set Accuracy", "Golden Set", "Golden Accuracy", "Accuracy")),
        "structured_output_validity": _Field(
            3, ("Structured-Output Validity", "Structured Output", "Schema Adherence", "Schema Validity")
        ),
        "latency_p95": _Field(3, ("Latency P95", "P95 Latency", "P95")),
        "benchmark_references": _Field(
            3, ("Benchmark References", "Benchmark Reference", "Benchmarks", "Public Benchmarks", "Leaderboards")
        ),
        "anticipated_failure": _Field(
            5, ("Anticipated Failure", "Anticipated Failures", "Anticipated Failure Mode", "Failure", "Failure Mode")
        ),
        "mitigation": _Field(5, ("Mitigation", "Mitigations", "Mitigation Strategy", "Risk Mitigation")),
        "prefill_cost": _Field(6, ("Prefill Cost", "Prefill Cost per Million Queries", "Prefill")),
        "generation_cost": _Field(6, ("Generation Cost", "Generation Cost per Million Queries", "Generation")),
        "cost_per_success": _Field(
            6,
            (
                "Total Cost per Successful Outcome",
                "Cost per Successful Outcome",
                "Cost per Success",
                "Total Cost per Success",
            ),
        ),
        "rollout_strategy": _Field(7, ("Rollout Strategy", "Rollout", "Rollout Plan")),
        "rollback_trigger": _Field(
            7,
            (
                "Rollback Trigger",
                "Rollback Triggers",
                "Rollback Condition",
                "Rollback Conditions",
                "Rollback Criterion",
                "Rollback Criteria",
                "Rollback",
            ),
        ),
        "reconsideration": _Field(7, ("Reconsideration Conditions", "Reconsideration Condition", "Reconsideration")),
        "risk": _Field(0, ("Risk", "Risk Level")),
    }
)
# Of the block, what reads like a rule where it stands in prose: key, and how it is written as a label.
SETTINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "enforcement": ("enforcement", "enforcement mode"),
        "no_data": ("no data", "without data"),
        "cooldown": ("cooldown", "cool down", "cooldown period", "cool down period"),
        "verify_within": ("verify within", "verified within", "verification"),
        "margin": ("margin",),
        "confirmation": ("confirmation", "confirmations"),
        "false_rollback_budget": ("false rollback budget", "rollback budget", "budget"),
        "holdback": ("holdback", "hold back"),
        "tau": ("tau",),
        "samples": ("samples", "minimum samples", "min samples", "minimum requests", "sample size"),
        "deadline": ("deadline", "stage deadline"),
        "at_deadline": ("at deadline",),
    }
)
_NUMBERED = re.compile(r"(?:section |part )?(?P<number>[0-9]{1,2}) ?[.):\u2013-]? (?P<title>.+)")
_NOT_WORDS = re.compile(r"[\W_]+")
_ASIDE = re.compile(r"\([^()]*\)|#?[0-9]+\s*$")
# Of a label of the plan: whatever else stands in parentheses may say when it holds, or that it does not.
_NUMBER = re.compile(r"\(s\)|\(?#?[0-9]+\)?\s*$")
_LABEL = re.compile(r"[^\W_][\w\s()#&/.,'\u2019-]*")
# Of the letters of the longer one may differ, where something is taken for a slip of the pen.
_SLIP = 0.25


def words_of(text: str) -> str:
    """Lower case, words with single spaces between them, `&` as and."""
    return _NOT_WORDS.sub(" ", text.casefold().replace("&", " and ")).strip()


_SECTION_OF = {words_of(title): number for number, titles in TITLES.items() for title in titles}
_FIELD_OF: Mapping[str, FieldName] = {words_of(label): name for name, field in FIELDS.items() for label in field.labels}


class TitleRead(NamedTuple):
    """The section of a heading (None: none of the seven), and the title that it almost is, where it is almost one."""

    number: int | None
    almost: str | None = None


@lru_cache(maxsize=4096)
def section_of(heading: str) -> TitleRead:
    """Which section a heading begins, with or without its number."""
    words = words_of(heading)
    numbered = _NUMBERED.fullmatch(words)
    title = numbered["title"] if numbered else words
    if (number := _SECTION_OF.get(title)) is not None:
        return TitleRead(number)
    close = _closest(title, _SECTION_OF)
    return TitleRead(None, None if close is None else TITLES[_SECTION_OF[close]][0])


@lru_cache(maxsize=4096)
def field_of(label: str) -> FieldName | None:
    """The field of a label; what stands in parentheses and a number at the end do not count.

    In the plan only the number does not: "(not in force)" would. Struck out or in brackets it is no label.
    """
    label = label.strip()
    if not _LABEL.fullmatch(label):
        return None
    name = _FIELD_OF.get(words_of(label)) or _FIELD_OF.get(words_of(_NUMBER.sub("", label)))
    if name is not None:
        return name
    name = _FIELD_OF.get(words_of(_ASIDE.sub("", label)))
    return None if name is None or FIELDS[name].section == 7 else name


def own_field_of(label: str, section: int) -> FieldName | None:
    """The field of a label where it stands in its own section: "Model" above a column of evidence is none."""
    name = field_of(label)
    return name if name is not None and FIELDS[name].section in (0, section) else None


def setting_of(label: str) -> str | None:
    """The key of the block that a label of the plan is, in the words that people use."""
    words = words_of(label)
    return next((key for key, known in SETTINGS.items() if words in known), None)


@lru_cache(maxsize=4096)
def almost_field(label: str, section: int) -> str | None:
    """The label of this section that another one almost is."""
    close = _closest(words_of(_ASIDE.sub("", label.strip())), _FIELD_OF)
    if close is None or FIELDS[_FIELD_OF[close]].section != section:
        return None
    return FIELDS[_FIELD_OF[close]].labels[0]


def _closest(words: str, known: Mapping[str, object]) -> str | None:
    if not 3 < len(words) < 60:
        return None
    letters = Counter(words)
    near = [one for one in known if _may_be_near(words, letters, one)]
    distance, close = min(((edit_distance(words, one), one) for one in near), default=(0, None))
    return None if close is None or distance > _SLIP * max(len(words), len(close)) else close


def _may_be_near(words: str, letters: Counter[str], other: str) -> bool:
    """Whether they have enough letters in common: a fraction of the time that the distance takes."""
    longest = max(len(words), len(other))
    return (
        abs(len(words) - len(other)) <= _SLIP * longest
        and (letters & _letters_of(other)).total() >= (1 - _SLIP) * longest
    )


@cache
def _letters_of(known: str) -> Counter[str]:
    return Counter(known)
