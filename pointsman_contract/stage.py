"""A stage: a step of a rollout. Source: design §6 and §7."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pointsman_contract.fields import FromOne, Several
from pointsman_contract.message import Part
from pointsman_contract.writable import Writable

StageKind = Literal["shadow", "canary"]
AtDeadline = Literal["ask", "hold", "rollback"]

DAY_S = 86_400.0
MAX_DURATION_S = 366 * DAY_S
DEADLINE_S = 14 * DAY_S

Span = Annotated[Writable, Field(gt=0, le=MAX_DURATION_S)]


def _deadline(known: dict[str, Any]) -> float:
    """14 days, or twice the stage's own time where that is longer."""
    return min(max(DEADLINE_S, 2 * (known.get("duration_s") or 0.0)), MAX_DURATION_S)


class Stage(Part):
    """A step of the rollout. It ends well after `duration_s` and `samples` requests of the candidate, whichever of
    them there are, and the PASS of every gating trigger.
    """

    kind: StageKind
    weight_bp: Annotated[int, Field(ge=1, le=10_000)]
    duration_s: Span | None = None
    samples: FromOne | None = None
    deadline_s: Span = Field(default_factory=_deadline)
    """After so long without a PASS `at_deadline` is done. Left out it is 14 days, or twice the stage's own time where
    that is longer, and stays so, whatever a later version would assume.
    """
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
        if self.deadline_s < (self.duration_s or 0.0):
            msg = "the deadline is before the end of the stage's own time"
            raise ValueError(msg)
        return self

    def requests_at(self, per_second: float) -> float:
        """Requests of the candidate that the stage has before it ends, where the route has so many a second: those of
        its time, or its samples where they take longer, as far as the deadline lets them. The sum over the canary
        stages is H of statistics §1.
        """
        rate = per_second * self.weight_bp / 10_000
        wanted = max(rate * (self.duration_s or 0.0), float(self.samples or 0))
        return min(wanted, rate * self.deadline_s)


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
