"""`pointsman.trace/1`: what one finished request did and cost. Source: design §3."""

from typing import Literal

from pydantic import Field

from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import (
    MAX_ATTEMPTS,
    Count,
    Moment,
    Name,
    Number,
    Revision,
    Seconds,
    Several,
    Text,
    TraceId,
    Usd,
)
from pointsman_contract.message import Message
from pointsman_contract.vocabulary import (
    Arm,
    Cache,
    FailureMode,
    Modality,
    OutcomeValue,
    Probe,
    Protocol,
    Recovery,
    Risk,
    RouteKind,
)

TRACE_KIND: Literal["pointsman.trace/1"] = "pointsman.trace/1"


class Trace(Message):
    """One finished request with all its attempts.

    Absent means: epoch 0, arm baseline, cache none, recovery none, outcome unknown; everything else absent is not
    known, never 0.
    """

    kind: Literal["pointsman.trace/1"] = TRACE_KIND
    trace_id: TraceId
    """Of several messages with one id that start at most a day apart the first is stored, the others are duplicates."""
    started_at: Moment
    """When the router took the request up, after it had raised its dispatch counter. Never changes."""
    duration_s: Seconds | None = None
    """From `started_at` to the end of the answer."""
    environment: Name
    router_id: Name
    tenant: Text | None = None
    """A pseudonym, made by the router."""
    session_id: Text | None = None
    """A pseudonym, made by the router."""

    task_class: Name
    risk: Risk | None = None
    """What a wrong answer can do: raises the severity of alerts."""
    language: Text | None = None
    modalities: Several[Modality] | None = Field(default=None, max_length=MAX_ATTEMPTS)
    """What the request holds."""
    prompt_version: Text | None = None
    probe: Probe | None = None
    """Test traffic of this kind: outside of the requests, its cost shown apart."""

    route: Name
    """A name for a kind of traffic; never carries an id."""
    route_kind: RouteKind | None = None
    protocol: Protocol | None = None
    """How the router chose."""
    policy_epoch: Count = 0
    """The epoch of the policy that the request was routed by. It alone says which stage a trace belongs to."""
    record_revision: Revision | None = None
    """The decision record's revision as the router was told it: shown, never trusted."""
    arm: Arm = "baseline"
    shadow_of: TraceId | None = None
    """The trace of the user's request that this one shadows; they are compared if both started on one UTC day."""
    threshold: Number | None = None
    """What the confidence was compared with."""
    confidence: Number | None = None
    """The router's confidence in the first answer."""
    confidence_floor: bool | None = None
    """True with an absent or null `confidence`: it was minus infinity, which JSON cannot say."""
    difficulty: Number | None = None
    """The router's estimate, in its own unit."""
    routing_s: Seconds | None = None
    """Time spent on the choice alone."""
    routing_cost_usd: Usd | None = None
    retrieval_cost_usd: Usd | None = None
    cache: Cache = "none"
    """The gateway's cache, not the provider's prompt cache."""

    attempts: Several[Attempt] = Field(default=(), max_length=MAX_ATTEMPTS)
    """In the order in which they began; none for a cache hit."""

    recovery: Recovery = "none"
    """What the router did when an answer was not good enough."""
    failure_mode: FailureMode | None = None
    """Of the request as a whole; an attempt has its own."""
    outcome: OutcomeValue = "unknown"
    """As far as the router knows; ranks as source auto."""
    human_review_s: Seconds | None = None
    """Time that a person spent on the request."""
    human_cost_usd: Usd | None = None
    """What that time cost; without it the seconds are priced by the price book."""
