"""Who builds a message in Python is held to the contract at once: a router's own mistakes are found where they are."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from pointsman_contract.heartbeat import AppliedEpoch, RouteCounter
from pointsman_contract.message import Part
from pointsman_contract.policy import PolicyArm
from tests.builders import NOON, attempt, heartbeat, outcome, policy, trace

BUILDERS: list[Callable[..., Part]] = [trace, attempt, outcome, heartbeat, policy]


@pytest.mark.parametrize("build", BUILDERS)
def test_an_unknown_field_is_an_error(build: Callable[..., Part]) -> None:
    """On the wire it would be a newer router's; here it is a misspelt name."""
    with pytest.raises(ValidationError, match="routes\n  Extra inputs are not permitted"):
        build(routes="invoices")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (trace, "risk"), (trace, "cache"), (trace, "recovery"), (trace, "probe"), (trace, "protocol"), (trace, "arm"),
        (trace, "route_kind"), (trace, "failure_mode"), (trace, "outcome"), (attempt, "role"), (attempt, "status"),
        (attempt, "call_mode"), (attempt, "enforcement"), (attempt, "finish_reason"), (attempt, "failure_mode"),
        (attempt, "injection"), (attempt, "injection_at"), (outcome, "source"), (outcome, "outcome"),
    ],
)  # fmt: skip
def test_an_unknown_value_is_an_error(build: Callable[..., Part], name: str) -> None:
    """Describing sets are lenient on the wire only; `other` stays possible."""
    with pytest.raises(ValidationError, match="literal_error"):
        build(**{name: "brand_new"})
    if name not in {"arm", "outcome"}:
        assert getattr(build(**{name: "other"}), name) == "other"


@pytest.mark.parametrize(
    ("build", "name", "wrong"),
    [
        (trace, "trace_id", "0" * 32),
        (trace, "shadow_of", 5),
        (trace, "route", ""),
        (trace, "route", "a\0b"),
        (trace, "route", "x" * 257),
        (trace, "tenant", b"t"),
        (trace, "tenant", "\ud800"),
        (trace, "policy_epoch", True),
        (trace, "policy_epoch", 1.0),
        (trace, "policy_epoch", 2**63),
        (trace, "record_revision", 2**63),
        (trace, "duration_s", timedelta(seconds=1)),
        (trace, "duration_s", -0.1),
        (trace, "confidence", float("-inf")),
        (trace, "confidence_floor", 1),
        (trace, "attempts", [attempt()]),
        (trace, "attempts", (attempt(),) * 65),
        (trace, "attempts", ({"role": "primary"},)),
        (trace, "modalities", ["text"]),
        (trace, "modalities", ("smell",)),
        (trace, "kind", "pointsman.trace/2"),
        (outcome, "scores", {"": 1.0}),
        (outcome, "scores", {"a": float("nan")}),
        (heartbeat, "epochs", {"a\0": AppliedEpoch(epoch=1, applied_at=NOON)}),
        (heartbeat, "sequence", -1),
        (policy, "epoch", 0),
        (policy, "arms", ()),
    ],
)
def test_a_wrong_type_or_limit_is_an_error(build: Callable[..., Part], name: str, wrong: object) -> None:
    """The limits are those of the wire, and no type is turned into another."""
    with pytest.raises(ValidationError, match=name if name != "arms" else "serving arms"):
        build(**{name: wrong})


@pytest.mark.parametrize("build", BUILDERS)
def test_a_message_does_not_change(build: Callable[..., Part]) -> None:
    """What was counted must not become something else afterwards."""
    part = build()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part, next(iter(type(part).model_fields)), "new")


def test_the_parts_of_messages_are_as_strict() -> None:
    """Counters, epochs and arms too."""
    with pytest.raises(ValidationError, match="weight_bp"):
        PolicyArm(arm="canary", model="m", weight_bp=10_001)
    with pytest.raises(ValidationError, match="finished"):
        RouteCounter(route="r", arm="canary", task_class="t", epoch=1, dispatched=1, finished=-1)
    with pytest.raises(ValidationError, match="applied_at"):
        AppliedEpoch(epoch=1, applied_at=NOON.replace(tzinfo=None))


def test_a_trace_needs_no_more_than_the_design_says() -> None:
    """Six fields, and five for an attempt; all else is absent and says so."""
    bare = trace(attempts=())
    assert (bare.policy_epoch, bare.arm, bare.cache, bare.recovery) == (0, "baseline", "none", "none")
    assert (bare.outcome, bare.attempts, bare.duration_s) == ("unknown", (), None)
    assert isinstance(bare.trace_id, UUID)
