"""A trigger: what brings the router back to the baseline, and how it is treated. Source: design §6 and §7."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pointsman_contract.condition import Condition
from pointsman_contract.fields import FromOne, Several
from pointsman_contract.message import Part
from pointsman_contract.stage import MAX_DURATION_S, Span
from pointsman_contract.writable import LARGEST_MARGIN, Writable

NoData = Literal["hold", "alert", "rollback"]
Enforcement = Literal["observe", "alert", "approve", "auto"]
Incidents = Literal["count", "clip"]
Costs = Literal["raw", "capped"]
Drift = Literal["notice", "certify"]

MAX_CONDITIONS = 8
COSTS = ("cost_per_success", "cost_per_request")
_ROLLING_BACK: tuple[Enforcement, ...] = ("approve", "auto")
# Above it a block of clipped incidents would be shorter than a short burst (docs/adr/0024).
MOST_CLIPPED = 0.25

Rest = Annotated[Writable, Field(ge=0, le=MAX_DURATION_S)]
Margin = Annotated[Writable, Field(ge=0, le=LARGEST_MARGIN)]


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
        if (wrong := cannot_be_joined(self.conditions)) is not None:
            raise ValueError(wrong)
        why = no_rollback(self.enforcement, self.conditions)
        if self.no_data == "rollback" and why is not None:
            msg = f"no_data: {why}"
            raise ValueError(msg)
        for setting in ("margin", "incidents", "costs", "drift", "confirmation"):
            value = getattr(self, setting)
            why = meaningless(setting, value, self.conditions)
            if value != type(self).model_fields[setting].default and why is not None:
                msg = f"{setting}: {why}"
                raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """Of its conditions, in whatever order: a label."""
        return name_of(self.conditions)

    @property
    def rolls_back(self) -> bool:
        """Whether a rollback can come of it, by itself or by a person's word."""
        return self.enforcement in _ROLLING_BACK

    @property
    def is_drift(self) -> bool:
        """Whether it is about what was promoted: it compares with a reference that there is only then."""
        return is_drift(self.conditions)

    @property
    def gates(self) -> bool:
        """Whether a stage must have a PASS of it before it ends (design §7): one condition, on a rate or a percentile
        against a limit, or beside the baseline with a margin. Several together, zero tolerance, costs against a limit
        and drift have no evidence to advance, and what only measures has no say.
        """
        (condition, *others) = self.conditions
        if others or condition.op == "any" or self.enforcement == "observe":
            return False
        if condition.against == "baseline":
            return bool(condition.threshold or self.margin)
        return condition.bad_limit is not None

    @property
    def is_zero_tolerance(self) -> bool:
        """Whether the first event meets it, so that it stands outside of the false-rollback budget."""
        return self.conditions[0].op == "any"

    @property
    def shares_budget(self) -> bool:
        """Whether it can roll back before promotion, and takes an equal part of the rollout's false-rollback budget for
        that (statistics §5).
        """
        return self.rolls_back and not self.is_zero_tolerance and not self.is_drift


def name_of(conditions: Sequence[Condition]) -> str:
    """Of the trigger that these are the conditions of, in whatever order."""
    return "+".join(sorted(condition.name for condition in conditions))


def is_drift(conditions: Sequence[Condition]) -> bool:
    """Whether they are about what was promoted; drift is joined with nothing."""
    return conditions[0].against == "reference"


def no_rollback(enforcement: Enforcement, conditions: Sequence[Condition]) -> str | None:
    """Why missing data must not roll back; None where it may."""
    if enforcement not in _ROLLING_BACK:
        return "the trigger does not roll back, and nothing that it does not know makes it do so"
    if is_drift(conditions):
        return "drift has no data until its reference is there, which would roll back each time"
    return None


def cannot_be_joined(conditions: Sequence[Condition]) -> str | None:
    """Why conditions cannot be met together; None where they can, or where there is one."""
    if len(conditions) == 1:
        return None
    if any(one.against == "reference" for one in conditions):
        return "drift is about what was promoted, and is joined with nothing"
    if any(one.op == "any" for one in conditions):
        return "zero tolerance weighs nothing, and is joined with nothing"
    if len({one.name for one in conditions}) < len(conditions):
        return "a condition is joined with one on the same"
    return None


def meaningless(setting: str, value: object, conditions: Sequence[Condition]) -> str | None:
    """Why a setting of a trigger says nothing of its conditions; None where it does."""
    if setting == "costs" and not any(one.measure in COSTS and one.against != "reference" for one in conditions):
        return "the trigger is on no cost beside a limit or the baseline"
    if setting == "drift" and not any(one.against == "reference" for one in conditions):
        return "the trigger is on no drift"
    if setting == "confirmation" and not any(one.op == "any" for one in conditions):
        return 'the trigger tolerates some: it needs no confirmation, which is for "any"'
    if setting == "margin":
        if len(conditions) > 1 or (conditions[0].against != "baseline" and conditions[0].bad_limit is None):
            return "the trigger does not decide about an advance"
        limit = conditions[0].bad_limit
        if limit is not None and isinstance(value, float) and limit * (1 + value) >= 1:
            return f"a limit of {limit:.0%} bad requests with this margin is no share any more"
    if setting == "incidents":
        limits = [one.bad_limit for one in conditions if one.bad_limit is not None]
        if not limits:
            return "only rates and latencies against a limit can be clipped"
        if value == "clip" and max(limits) > MOST_CLIPPED:
            return f"clip takes limits of at most {MOST_CLIPPED:.0%} bad requests"
    return None
