"""A Model Decision Record as values: what a machine holds a router to. Source: design §6 and §7.

`alerts/records/` compiles it from the Markdown that architects write; the store keeps it beside that text. Thresholds
are in base units (seconds, USD, shares between 0 and 1), weights in basis points, times in seconds.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pointsman_contract.fields import FromOne, Name, Number, Several, Text, Usd
from pointsman_contract.measures import MEASURES, QUANTILES
from pointsman_contract.message import Part

Op = Literal[">", "<", ">=", "<=", "any"]
Against = Literal["limit", "baseline", "reference"]
NoData = Literal["hold", "alert", "rollback"]
Enforcement = Literal["observe", "alert", "approve", "auto"]
Incidents = Literal["count", "clip"]
Costs = Literal["raw", "capped"]
Drift = Literal["notice", "certify"]
AtDeadline = Literal["ask", "hold", "rollback"]
StageKind = Literal["shadow", "canary"]

MAX_TRIGGERS = 64
MAX_CONDITIONS = 8
MAX_STAGES = 32
MAX_DURATION_S = 366 * 86_400.0
DAY_S = 86_400.0
# Above it a block of clipped incidents would be shorter than a short burst (docs/adr/0024).
MOST_CLIPPED = 0.25

Span = Annotated[float, Field(gt=0, le=MAX_DURATION_S, allow_inf_nan=False)]
Rest = Annotated[float, Field(ge=0, le=MAX_DURATION_S, allow_inf_nan=False)]
Budget = Annotated[float, Field(gt=0, le=0.5, allow_inf_nan=False)]
Margin = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


def _known(name: str) -> str:
    if name not in MEASURES:
        msg = "is no measure"
        raise ValueError(msg)
    return name


class Condition(Part):
    """One measure beyond one threshold.

    `against` says what the threshold is: a *limit* in the measure's unit; a margin over the *baseline* (0.2: by more
    than 20 %, on shares of bad requests; source: statistics §2), or a tolerated drift from the measure's own
    *reference* (0.1: by more than 10 %). `any` has no threshold: the first request that shows it meets the condition.
    """

    measure: Annotated[Name, AfterValidator(_known)]
    quantile: Number | None = None
    op: Op
    threshold: Number | None = None
    unit: Text
    """Of the threshold; "1" is a share."""
    against: Against = "limit"
    text: Text
    """What the architect wrote."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.op == "any") != (self.threshold is None):
            msg = "every op but `any` has a threshold"
            raise ValueError(msg)
        if self.quantile is not None and not (MEASURES[self.measure].has_quantiles and self.quantile in QUANTILES):
            msg = "the measure has no such quantile"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """The same for two conditions that are about one thing, whatever their thresholds: a label."""
        quantile = "" if self.quantile is None else f"_p{round(self.quantile * 100)}"
        against = {"limit": "", "baseline": "_vs_baseline", "reference": "_drift"}[self.against]
        return f"{self.measure}{quantile}{'_any' if self.op == 'any' else ''}{against}"

    @property
    def bad_limit(self) -> float | None:
        """The largest share of bad requests that is well, where it is tested against one: of a rate the threshold (1 -
        threshold where more is better), of a quantile 1 - quantile. None for everything else.
        """
        if self.against != "limit" or self.threshold is None:
            return None
        if self.quantile is not None:
            return round(1 - self.quantile, 9)
        measure = MEASURES[self.measure]
        if measure.unit != "1":
            return None
        return round(1 - self.threshold, 15) if measure.better == "higher" else self.threshold


class Trigger(Part):
    """What brings the router back to the baseline: met where all its conditions are."""

    conditions: Several[Condition] = Field(min_length=1, max_length=MAX_CONDITIONS)
    enforcement: Enforcement = "auto"
    no_data: NoData = "hold"
    cooldown_s: Rest = 600.0
    """After a change the rollout rests so long before it may advance; a rollback never waits."""
    verify_within_s: Span = 120.0
    """Within so long a rollback must be seen in traces; then it is published again, and then a person is paged."""
    margin: Margin | None = None
    """To advance, the share of bad requests must be below limit x (1 + margin), or of the baseline's; None: 0 for a
    limit, and for what is compared with the baseline the trigger's own threshold.
    """
    incidents: Incidents = "count"
    costs: Costs = "raw"
    drift: Drift = "notice"
    confirmation: FromOne = 1
    """Of `any`: so many requests must show it."""

    @property
    def name(self) -> str:
        """Of its conditions: a label."""
        return "+".join(condition.name for condition in self.conditions)

    @property
    def is_zero_tolerance(self) -> bool:
        """Whether the first event meets it, so that it stands outside of the false-rollback budget."""
        return all(condition.op == "any" for condition in self.conditions)

    @property
    def shares_budget(self) -> bool:
        """Whether it can roll back, and takes a part of the false-rollback budget for that (statistics §5)."""
        return self.enforcement in ("approve", "auto") and not self.is_zero_tolerance


class Stage(Part):
    """A step of the rollout. It ends well after `duration_s` and `samples` requests of the candidate, whichever of
    them there are, and the PASS of every gating trigger.
    """

    kind: StageKind
    weight_bp: Annotated[int, Field(ge=1, le=10_000)]
    duration_s: Span | None = None
    samples: FromOne | None = None
    deadline_s: Span | None = None
    """After so long without a PASS `at_deadline` is done; None: `deadline_or_default_s`."""
    at_deadline: AtDeadline = "ask"
    assumed: Several[Literal["duration_s"]] = Field(default=(), max_length=1)
    """What the record does not say."""

    @model_validator(mode="after")
    def _can_end(self) -> Self:
        if self.duration_s is None and self.samples is None:
            msg = "a stage has a duration, or samples"
            raise ValueError(msg)
        return self

    @property
    def deadline_or_default_s(self) -> float:
        """The deadline, or 14 days, or twice the stage's time where that is longer."""
        return self.deadline_s or max(14 * DAY_S, 2 * (self.duration_s or 0.0))


class ThresholdBounds(Part):
    """Between which values the router's own threshold (tau) may be set, and how a better one comes into effect."""

    low: Number
    high: Number
    enforcement: Enforcement = "approve"

    @model_validator(mode="after")
    def _low_first(self) -> Self:
        if self.low > self.high:
            msg = "low is above high"
            raise ValueError(msg)
        return self


class Figures(Part):
    """The record's figures: what its architect measured before the rollout, and expects."""

    golden_set_accuracy: Number | None = None
    structured_output_validity: Number | None = None
    latency_p95_s: Number | None = None
    prefill_cost_per_million_usd: Usd | None = None
    """Of a million queries, as the next one."""
    generation_cost_per_million_usd: Usd | None = None
    cost_per_success_usd: Usd | None = None


class CompiledRecord(Part):
    """A whole record: whom it is about, what brings it back, by which steps it comes in."""

    id: Name
    route: Name
    environment: Name
    candidate: Name
    baseline: Name
    fallback: Name | None = None
    owner: Name
    triggers: Several[Trigger] = Field(min_length=1, max_length=MAX_TRIGGERS)
    stages: Several[Stage] = Field(min_length=1, max_length=MAX_STAGES)
    false_rollback_budget: Budget = 0.01
    holdback_bp: Annotated[int, Field(ge=0, le=5_000)] = 100
    """Of what is promoted, so much stays on the baseline."""
    tau: ThresholdBounds | None = None
    figures: Figures = Figures()
