"""A trigger: what brings the router back to the baseline, and how it is treated. Source: design §6 and §7."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pointsman_contract.condition import Condition
from pointsman_contract.fields import FromOne, Several
from pointsman_contract.measures import MEASURES
from pointsman_contract.message import Part
from pointsman_contract.stage import MAX_DURATION_S, Span
from pointsman_contract.writable import LARGEST_MARGIN, Writable

NoData = Literal["hold", "alert", "rollback"]
Enforcement = Literal["observe", "alert", "approve", "auto"]
Incidents = Literal["count", "clip"]
Costs = Literal["raw", "capped"]
Drift = Literal["notice", "certify"]

MAX_CONDITIONS = 8
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
