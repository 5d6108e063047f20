"""What can be wrong with a record. Every code is in `CODES`, and has a paragraph in docs/model-records.md."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from alerts.records.passages import Place

Severity = Literal["error", "warning"]

_ERRORS = {
    "too_large": "The file, its front matter or its block is over a limit.",
    "unreadable_text": "The file is not UTF-8, or holds characters that nobody sees.",
    "unclosed_comment": "A comment never ends, so that all after it is hidden.",
    "front_matter": "The YAML front matter is missing, never ends, or lacks what every record has.",
    "yaml": "The YAML cannot be read, or uses what a record does not need: tags, anchors, several documents.",
    "unknown_key": "A key that no record has.",
    "invalid_value": "A value that its key does not take.",
    "block": "There are two blocks, or one that is not marked as `yaml pointsman`.",
    "section": "A section comes twice, or its title is almost that of a known one.",
    "field": "A label is almost a known one, stands in another section, or comes twice.",
    "unlabelled": "Something reads like a trigger or a rollout, and stands where nobody reads it.",
    "placeholder": "A placeholder of the template is still there, or a field is empty.",
    "no_trigger": "Nothing would ever bring the router back.",
    "no_stage": "The record does not say how the candidate comes in.",
    "unknown_measure": "A trigger names something that is not measured.",
    "untested_measure": "A trigger is on a measure that no test decides.",
    "no_quantile": "A latency without a percentile.",
    "unit": "A number without its unit, or with one that the measure does not have.",
    "number": "A number that cannot be read, or that makes no sense there.",
    "not_understood": "Words that the grammar does not know.",
    "ambiguous": "A sentence with two meanings.",
    "window": "A trigger over a window of time.",
    "direction": "A trigger that is met where things are good.",
    "duplicate_trigger": "The same trigger twice.",
    "contradictory_stages": "Stages that cannot follow each other.",
}
_WARNINGS = {
    "missing_section": "One of the seven sections is missing.",
    "no_rejected_alternative": "No alternative was considered.",
    "only_public_evidence": "Public leaderboards are all that speaks for the candidate.",
    "no_evidence": "The record has no figure of its own: no accuracy, no validity, no latency.",
    "no_mitigation": "An anticipated failure without a mitigation, or the other way round.",
    "no_fail_mode": "A mitigation that does not say whether it fails open or closed.",
    "high_risk_fail_open": "A high risk that fails open.",
    "no_shadow_stage": "Users are the first who meet the candidate.",
    "limit_below_own_p95": "A latency limit that the record's own figures break.",
    "no_cost_estimate": "The record does not say what a success is expected to cost.",
    "figure_not_read": "A figure that cannot be read.",
    "candidate_differs": "Section 2 names another model than the front matter.",
    "injection_detected": "A trigger that any user can set off.",
    "untestable_limit": "The traffic is too little for a trigger, in the time of a stage.",
    "nothing_rolls_back": "No trigger can roll the candidate back before it is promoted.",
    "many_triggers": "The budget is spread over very many triggers.",
    "only_stops": "A trigger that can stop a rollout and never lets it pass.",
    "sticky_sessions": "Sessions that stick to an arm.",
}
CODES: Mapping[str, tuple[Severity, str]] = MappingProxyType(
    {code: ("error", text) for code, text in _ERRORS.items()}
    | {code: ("warning", text) for code, text in _WARNINGS.items()}
)


class Problem(NamedTuple):
    """What is wrong, and where; lines and columns from 1."""

    severity: Severity
    code: str
    line: int
    column: int
    message: str


class Misunderstood(Exception):
    """A sentence, or a part of it, that has no meaning here. `start` and `end` are offsets in its passage."""

    def __init__(self, code: str, message: str, start: int, end: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = start if end is None else end


def problem(code: str, place: Place, message: str) -> Problem:
    """A problem of a known code. Raises KeyError for another one."""
    return Problem(CODES[code][0], code, place.line, place.column, message)
