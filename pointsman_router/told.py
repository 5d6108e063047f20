"""What a router tells of a request, field by field: the contract's fields as keyword arguments.

They are typed here, so that a type checker finds a misspelt name or value in the router's own code; a test compares
them with the contract. At run time a misspelt name is a TypeError where it is written, and a wrong value is the
emitter's business: no request fails for what it says about itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from pointsman_contract.vocabulary import (
    Cache,
    CallMode,
    Enforcement,
    FailureMode,
    FinishReason,
    Injection,
    InjectionAt,
    Modality,
    OutcomeValue,
    Probe,
    Protocol,
    Recovery,
    Risk,
    RouteKind,
)

Money = Decimal | str | int


class AttemptDetails(TypedDict, total=False):
    """What may be known of a model call beside its role, model, status and tokens. None is the same as absent."""

    requested_model: str | None
    provider: str | None
    region: str | None
    effort: str | None
    config: str | None
    tokenizer: str | None
    call_mode: CallMode | None
    streamed: bool | None
    enforcement: Enforcement | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    input_chars: int | None
    output_chars: int | None
    prefill_cost_usd: Money | None
    cache_cost_usd: Money | None
    generation_cost_usd: Money | None
    tools_cost_usd: Money | None
    ttft_s: float | None
    duration_s: float | None
    error_type: str | None
    finish_reason: FinishReason | None
    failure_mode: FailureMode | None
    schema_id: str | None
    schema_valid: bool | None
    repaired: bool | None
    grammar_cold: bool | None
    tool_calls: int | None
    tool_calls_ok: int | None
    citations: int | None
    citations_supported: int | None
    refused: bool | None
    injection: Injection | None
    injection_at: InjectionAt | None
    batch_size: int | None
    speculative: bool | None


class RequestDetails(TypedDict, total=False):
    """What may be known of a request beside its route, arm, task class and epoch. None is the same as absent."""

    duration_s: float | None
    tenant: str | None
    session_id: str | None
    risk: Risk | None
    language: str | None
    modalities: Sequence[Modality] | None
    prompt_version: str | None
    route_kind: RouteKind | None
    protocol: Protocol | None
    record_revision: str | int | None
    shadow_of: UUID | str | None
    threshold: float | None
    confidence: float | None
    confidence_floor: bool | None
    difficulty: float | None
    routing_s: float | None
    routing_cost_usd: Money | None
    retrieval_cost_usd: Money | None
    cache: Cache | None
    recovery: Recovery | None
    failure_mode: FailureMode | None
    outcome: OutcomeValue | None
    human_review_s: float | None
    human_cost_usd: Money | None


class Dispatched(TypedDict):
    """What the emitter itself knows of a request."""

    trace_id: UUID | str
    started_at: datetime
    environment: str
    router_id: str
    route: str
    arm: str
    task_class: str
    policy_epoch: int
    probe: Probe | None


ATTEMPT_DETAILS = frozenset(AttemptDetails.__annotations__)
REQUEST_DETAILS = frozenset(RequestDetails.__annotations__)


def refuse_unknown(given: Mapping[str, object], known: frozenset[str], method: str) -> None:
    """Raise TypeError for a name that the contract does not have, as Python does for its own keywords."""
    if not given.keys() <= known:
        raise TypeError(f"{method}() got an unexpected keyword argument {min(given.keys() - known)!r}")
