"""A Model Decision Record as values: what a machine holds a router to. Source: design §6 and §7.

`alerts/records/` compiles it from the Markdown that architects write; the store keeps it beside that text. Thresholds
are in base units (seconds, USD, shares between 0 and 1), weights in basis points, times in seconds.
"""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from pointsman_contract.fields import Several, Usd
from pointsman_contract.message import Part
from pointsman_contract.stage import Stage, out_of_order
from pointsman_contract.trigger import Enforcement, Trigger
from pointsman_contract.writable import Id, OneLine, Writable

MAX_TRIGGERS = 64
MAX_STAGES = 32
DEFAULT_BUDGET = 0.01
DEFAULT_HOLDBACK_BP = 100

Share = Annotated[Writable, Field(ge=0, le=1)]
Budget = Annotated[Writable, Field(gt=0, le=0.5)]


class ThresholdBounds(Part):
    """Between which values the router's own threshold (tau) may be set, and how a better one comes into effect."""

    low: Writable
    high: Writable
    enforcement: Enforcement = "approve"

    @model_validator(mode="after")
    def _low_first(self) -> Self:
        if self.low > self.high:
            msg = "low is above high"
            raise ValueError(msg)
        return self


class Figures(Part):
    """The record's figures: what its architect measured before the rollout, and expects."""

    golden_set_accuracy: Share | None = None
    structured_output_validity: Share | None = None
    latency_p95_s: Annotated[Writable, Field(ge=0)] | None = None
    prefill_cost_per_million_usd: Usd | None = None
    """Of a million queries, as the next one."""
    generation_cost_per_million_usd: Usd | None = None
    cost_per_success_usd: Usd | None = None


class CompiledRecord(Part):
    """A whole record: whom it is about, what brings it back, by which steps it comes in."""

    id: Id
    route: OneLine
    environment: OneLine
    candidate: OneLine
    baseline: OneLine
    fallback: OneLine | None = None
    owner: OneLine
    triggers: Several[Trigger] = Field(min_length=1, max_length=MAX_TRIGGERS)
    stages: Several[Stage] = Field(min_length=1, max_length=MAX_STAGES)
    false_rollback_budget: Budget = DEFAULT_BUDGET
    holdback_bp: Annotated[int, Field(ge=0, le=5_000)] = DEFAULT_HOLDBACK_BP
    """Of what is promoted, so much stays on the baseline."""
    tau: ThresholdBounds | None = None
    figures: Figures = Figures()

    @property
    def cooldown_s(self) -> float:
        """How long the rollout rests after a change: as long as the trigger that asks for the longest rest."""
        return max(trigger.cooldown_s for trigger in self.triggers)

    @property
    def verify_within_s(self) -> float:
        """Within how long a rollback that no trigger made (a person's, a deadline's) must be seen: the shortest."""
        return min(trigger.verify_within_s for trigger in self.triggers)

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        if self.candidate in (self.baseline, self.fallback):
            msg = "the candidate is neither the baseline nor the fallback"
            raise ValueError(msg)
        names = [trigger.name for trigger in self.triggers]
        if len(set(names)) < len(names):
            msg = "two triggers are on the same"
            raise ValueError(msg)
        for before, stage in pairwise((None, *self.stages)):
            if stage is not None and (wrong := out_of_order(before, stage)) is not None:
                raise ValueError(wrong)
        return self
