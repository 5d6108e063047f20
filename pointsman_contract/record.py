"""A Model Decision Record as values: what a machine holds a router to. Source: design §6 and §7.

`alerts/records/` compiles it from the Markdown that architects write; the store keeps it beside that text. Thresholds
are in base units (seconds, USD, shares between 0 and 1), weights in basis points, times in seconds.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pointsman_contract.fields import FromOne, Name, Number, Several, Text, Usd
from pointsman_contract.measures import MEASURES, QUANTILES
from pointsman_contract.message import Part
from pointsman_contract.writable import LARGEST_MARGIN, SMALLEST, Id, OneLine, Writable

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

Share = Annotated[Writable, Field(ge=0, le=1)]
Span = Annotated[Writable, Field(gt=0, le=MAX_DURATION_S)]
Rest = Annotated[Writable, Field(ge=0, le=MAX_DURATION_S)]
Budget = Annotated[Writable, Field(gt=0, le=0.5)]
Margin = Annotated[Writable, Field(ge=0, le=LARGEST_MARGIN)]


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
    threshold: Writable | None = None
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
        if (wrong := self._wrong()) is not None:
            raise ValueError(wrong)
        return self

    def _wrong(self) -> str | None:
        """What no sentence says."""
        measure = MEASURES[self.measure]
        if self.unit != (measure.unit if self.against == "limit" and self.op != "any" else "1"):
            return "the unit is not that of the threshold"
        if self.threshold is None:
            is_event = measure.unit == "1" and measure.better == "lower" and self.against == "limit"
            return None if is_event else "one request cannot break the measure"
        if self.quantile is None and measure.has_quantiles and self.against != "reference":
            return "a latency has a quantile"
        if self.against == "limit":
            is_well = self.threshold > 0 and (measure.unit != "1" or self.threshold < 1)
            return None if is_well else "a limit is above 0, and of a share below 1"
        if self.op not in (">", ">="):
            return "a margin is exceeded, or reached"
        if not (0.0 if self.against == "baseline" else SMALLEST) <= self.threshold <= LARGEST_MARGIN:
            return f"a margin is at most {LARGEST_MARGIN}, and a drift more than 0"
        is_worse = self.against == "reference" or measure.better != "neither"
        return None if is_worse else "the measure is neither better nor worse than a baseline's"

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

    @model_validator(mode="after")
    def _settings_mean_something(self) -> Self:
        for setting in ("margin", "incidents", "costs", "drift", "confirmation"):
            value = getattr(self, setting)
            why = meaningless(setting, value, self.conditions)
            if value != type(self).model_fields[setting].default and why is not None:
                msg = f"{setting}: {why}"
                raise ValueError(msg)
        return self

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


def meaningless(setting: str, value: object, conditions: Sequence[Condition]) -> str | None:
    """Why a setting of a trigger says nothing of its conditions; None where it does."""
    if setting == "costs" and not any(one.measure in ("cost_per_success", "cost_per_request") for one in conditions):
        return "the trigger is on no cost"
    if setting == "drift" and not any(one.against == "reference" for one in conditions):
        return "the trigger is on no drift"
    if setting == "confirmation" and not any(one.op == "any" for one in conditions):
        return 'the trigger tolerates some: it needs no confirmation, which is for "any"'
    if setting == "margin" and all(one.op == "any" or one.against == "reference" for one in conditions):
        return "the trigger does not decide about an advance"
    if setting == "incidents":
        limits = [one.bad_limit for one in conditions if one.bad_limit is not None]
        if not limits:
            return "only rates and latencies against a limit can be clipped"
        if value == "clip" and max(limits) > MOST_CLIPPED:
            return f"clip takes limits of at most {MOST_CLIPPED:.0%} bad requests"
    return None


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
        if self.assumed and self.duration_s != DAY_S:
            msg = "a time that is assumed is a day"
            raise ValueError(msg)
        if self.deadline_s is not None and self.deadline_s < (self.duration_s or 0.0):
            msg = "the deadline is before the end of the stage's own time"
            raise ValueError(msg)
        return self

    @property
    def deadline_or_default_s(self) -> float:
        """The deadline, or 14 days, or twice the stage's time where that is longer."""
        return self.deadline_s or max(14 * DAY_S, 2 * (self.duration_s or 0.0))


def out_of_order(before: Stage | None, stage: Stage) -> str | None:
    """Why a stage cannot follow the one before it (None: it is the first); None where it can."""
    share = f"{stage.kind} {stage.weight_bp / 100:g}%"
    if stage.kind == "canary" and stage.weight_bp >= 10_000:
        return "100 % is no canary any more: promotion follows the last stage by itself"
    if before is None:
        return None
    if before.kind == "canary" and stage.kind == "shadow":
        return "shadow after canary: a shadow shows what a canary would do, so it comes first"
    if before.kind == stage.kind and stage.weight_bp <= before.weight_bp:
        return f"{share} after {before.weight_bp / 100:g}%: each step has a larger share than the one before"
    return None


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
    false_rollback_budget: Budget = 0.01
    holdback_bp: Annotated[int, Field(ge=0, le=5_000)] = 100
    """Of what is promoted, so much stays on the baseline."""
    tau: ThresholdBounds | None = None
    figures: Figures = Figures()

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        if self.candidate in (self.baseline, self.fallback):
            msg = "the candidate is neither the baseline nor the fallback"
            raise ValueError(msg)
        names = [tuple(sorted(condition.name for condition in trigger.conditions)) for trigger in self.triggers]
        if len(set(names)) < len(names):
            msg = "two triggers are on the same"
            raise ValueError(msg)
        for before, stage in pairwise((None, *self.stages)):
            if stage is not None and (wrong := out_of_order(before, stage)) is not None:
                raise ValueError(wrong)
        return self
