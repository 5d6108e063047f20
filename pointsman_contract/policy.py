"""`pointsman.policy/1`: the whole desired state of one route, never a delta. Source: design §3."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pointsman_contract.fields import BasisPoints, FromOne, Moment, Name, Number, Several, Text
from pointsman_contract.message import Message, Part
from pointsman_contract.vocabulary import Arm

POLICY_KIND: Literal["pointsman.policy/1"] = "pointsman.policy/1"
WHOLE_BP = 10_000


class PolicyArm(Part):
    """One arm's model and its share of the traffic in basis points."""

    arm: Arm
    model: Name
    weight_bp: BasisPoints
    """The weights of baseline and canary sum to 10,000; shadow comes on top."""
    effort: Text | None = None
    """The provider's word for how much the model shall reason."""
    config: Text | None = None
    """A name for the other settings of the call."""


class Policy(Message):
    """What a router shall do on one route from this epoch on. Routers ignore an epoch that is not newer."""

    kind: Literal["pointsman.policy/1"] = POLICY_KIND
    environment: Name
    route: Name
    epoch: FromOne
    """Rises from policy to policy of a route; gaps are legal."""
    stage: Name
    """The stage of the rollout, or what else the policy is for."""
    threshold: Number | None = None
    """The router's own threshold for the route, if the policy sets one."""
    issued_at: Moment
    decision_id: Name
    """The decision that this policy carries out."""
    reason: Text
    """That decision's reason, in one sentence."""
    arms: Several[PolicyArm] = Field(max_length=3, json_schema_extra={"minItems": 1})
    """Each arm at most once."""

    @model_validator(mode="after")
    def _weights_are_whole(self) -> Self:
        names = [arm.arm for arm in self.arms]
        if len(set(names)) != len(names):
            msg = "each arm comes once"
            raise ValueError(msg)
        serving = sum(arm.weight_bp for arm in self.arms if arm.arm != "shadow")
        if serving != WHOLE_BP:
            msg = f"the weight_bp of the serving arms do not sum to {WHOLE_BP:,}"
            raise ValueError(msg)
        return self
