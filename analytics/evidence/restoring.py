"""Evidence of whatever kind, back from its state."""

from collections.abc import Sequence
from typing import Any, TypeVar

from analytics.evidence.all_of import AllOf
from analytics.evidence.any_of import AnyOf
from analytics.evidence.arms import ArmsEvidence
from analytics.evidence.arms_advance import ArmsAdvance
from analytics.evidence.checking import at_least
from analytics.evidence.cost import CostEvidence
from analytics.evidence.cost_advance import CostAdvance
from analytics.evidence.cost_limit import CostLimitEvidence
from analytics.evidence.mean_detector import MeanDetector
from analytics.evidence.mixture import replanned_state
from analytics.evidence.paired import PairedEvidence
from analytics.evidence.paired_advance import PairedAdvance
from analytics.evidence.process import FailingProcess, Process, State
from analytics.evidence.rate import RateEvidence
from analytics.evidence.rate_advance import RateAdvance
from analytics.evidence.rate_detector import RateDetector
from analytics.evidence.sample_ratio import SampleRatio

_Planned = TypeVar("_Planned", bound=FailingProcess)

KINDS: tuple[type[Process], ...] = (
    RateEvidence,
    ArmsEvidence,
    CostEvidence,
    CostLimitEvidence,
    PairedEvidence,
    RateAdvance,
    ArmsAdvance,
    CostAdvance,
    PairedAdvance,
    RateDetector,
    MeanDetector,
    SampleRatio,
    AnyOf,
    AllOf,
)


def restored(state: Any) -> Process:
    """The process that `state()` was taken from, of the kind that the state names. Raises ValueError for others."""
    kind = state.get("kind") if isinstance(state, dict) else None
    for one in KINDS:
        if one.kind == kind:
            return one.from_state(state)
    raise ValueError(f"no evidence is of the kind {kind!r}")


def replanned(evidence: _Planned, planned: float | Sequence[Any]) -> _Planned:
    """The same evidence where another number of trials is planned from now on: a record was given other steps.

    The cash that is left is invested as the new plan says; none is made or lost, so E is what it was, and what has
    failed has. `planned`: of a combination one for each child. It must not be chosen by what was seen of trials that
    are still open or carried. Raises ValueError for evidence without a plan, and for a plan that its class refuses.
    """
    return evidence.from_state(_replanned(evidence.state(), planned))


def _replanned(state: State, planned: Any) -> State:
    parameters, trials = state["parameters"], state["trials"]
    if "children" in trials:
        children = trials["children"]
        if not isinstance(planned, list | tuple) or len(planned) != len(children):
            raise ValueError(f"planned must be one for each of {len(children)} children, not {planned!r:.40}")
        again = [_replanned(child, one) for child, one in zip(children, planned, strict=True)]
        return {**state, "trials": {**trials, "children": again}}
    if "planned" not in parameters:
        raise ValueError(f"nothing is planned for {state['kind']!r}")
    number = at_least(1, planned, "planned")
    return {
        **state,
        "parameters": {**parameters, "planned": number},
        "trials": replanned_state(trials, parameters["planned"]),
    }
