"""How bad each failure mode is, how well it is seen, and who can repair it. Source: design §3.

The named rows are the design's; the others are chosen to match them: what the router itself sees and can try again is
low or medium, what reaches a user unseen is high or critical.
"""

from typing import Literal, NamedTuple

from pointsman_contract.vocabulary import FailureModeName

Severity = Literal["low", "medium", "high", "critical"]
Detectability = Literal["very_high", "high", "medium", "low"]
Recoverability = Literal["automated", "partly", "manual"]


class FailureModeTraits(NamedTuple):
    """One row of the table."""

    severity: Severity
    detectability: Detectability
    recoverability: Recoverability


FAILURE_MODES: dict[FailureModeName, FailureModeTraits] = {
    "preamble_contamination": FailureModeTraits("low", "very_high", "automated"),
    "malformed_json": FailureModeTraits("high", "high", "automated"),
    "schema_violation": FailureModeTraits("high", "high", "automated"),
    "hallucinated_key": FailureModeTraits("high", "high", "automated"),
    "omission": FailureModeTraits("high", "medium", "partly"),
    "calculation_error": FailureModeTraits("critical", "low", "manual"),
    "tool_argument_mismatch": FailureModeTraits("critical", "high", "partly"),
    "tool_error": FailureModeTraits("medium", "high", "automated"),
    "tool_loop": FailureModeTraits("high", "high", "partly"),
    "refusal": FailureModeTraits("high", "high", "manual"),
    "silent_drift": FailureModeTraits("critical", "low", "manual"),
    "citation_hallucination": FailureModeTraits("high", "medium", "manual"),
    "ungrounded": FailureModeTraits("high", "medium", "manual"),
    "semantic_failure": FailureModeTraits("critical", "low", "manual"),
    "prompt_injection": FailureModeTraits("critical", "medium", "manual"),
    "low_confidence": FailureModeTraits("low", "very_high", "automated"),
    "policy_violation": FailureModeTraits("critical", "medium", "manual"),
    "unsupported_modality": FailureModeTraits("medium", "very_high", "automated"),
    "truncated": FailureModeTraits("medium", "very_high", "automated"),
    "context_overflow": FailureModeTraits("medium", "very_high", "partly"),
    "timeout": FailureModeTraits("medium", "very_high", "automated"),
    "rate_limited": FailureModeTraits("low", "very_high", "automated"),
    "provider_error": FailureModeTraits("medium", "very_high", "automated"),
    "other": FailureModeTraits("medium", "low", "manual"),
}
