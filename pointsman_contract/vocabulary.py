"""The sets of the contract. Strict ones are part of identity; describing ones gain `other` for what is not known.

Source: design §3.
"""

from typing import Annotated, Literal

from pointsman_contract.fields import Describing

# Strict: a value outside the set is a contract error.
Arm = Literal["baseline", "canary", "shadow"]
OutcomeValue = Literal["success", "failure", "abandoned", "unknown"]

# Describing: a value outside the set becomes `other`, and is counted.
Risk = Annotated[Literal["low", "high", "other"], Describing()]
Probe = Annotated[Literal["golden", "adversarial", "needle", "schema", "tools", "multilingual", "other"], Describing()]
RouteKind = Annotated[Literal["economy", "premium", "specialist", "other"], Describing()]
Protocol = Annotated[Literal["direct", "cascade", "diagnostic", "speculative", "human", "other"], Describing()]
Cache = Annotated[Literal["none", "exact", "semantic", "other"], Describing()]
Modality = Annotated[Literal["text", "image", "audio", "video", "document", "other"], Describing()]
Role = Annotated[
    Literal["primary", "retry", "escalation", "fallback", "judge", "guard", "embedding", "rerank", "other"],
    Describing(),
]
CallMode = Annotated[Literal["text", "json", "tools", "other"], Describing()]
Enforcement = Annotated[Literal["none", "prompt", "tool_calling", "native", "grammar", "other"], Describing()]
Status = Annotated[Literal["ok", "error", "timeout", "rate_limited", "cancelled", "other"], Describing()]
FinishReason = Annotated[
    Literal["stop", "length", "tool_calls", "content_filter", "cancelled", "error", "other"], Describing()
]
Injection = Annotated[Literal["none", "detected", "blocked", "succeeded", "other"], Describing()]
InjectionAt = Annotated[Literal["input", "tool_result", "output", "other"], Describing()]
Recovery = Annotated[
    Literal["none", "retry", "stronger_model", "fail_open", "fail_closed", "human_review", "other"], Describing()
]
OutcomeSource = Annotated[Literal["human", "business", "user", "judge", "auto", "other"], Describing()]
FailureModeName = Literal[
    "preamble_contamination",
    "malformed_json",
    "schema_violation",
    "hallucinated_key",
    "omission",
    "calculation_error",
    "tool_argument_mismatch",
    "tool_error",
    "tool_loop",
    "refusal",
    "silent_drift",
    "citation_hallucination",
    "ungrounded",
    "semantic_failure",
    "prompt_injection",
    "low_confidence",
    "policy_violation",
    "unsupported_modality",
    "truncated",
    "context_overflow",
    "timeout",
    "rate_limited",
    "provider_error",
    "other",
]
FailureMode = Annotated[FailureModeName, Describing()]

# Whose word counts: the first wins. A source that this version does not know ranks last.
OUTCOME_RANKS: dict[str, int] = {"human": 5, "business": 4, "user": 3, "judge": 2, "auto": 1, "other": 0}
