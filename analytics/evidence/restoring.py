"""Evidence of whatever kind, back from its state."""

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
from analytics.evidence.process import FailingProcess, Process
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


def replanned(evidence: _Planned, planned: float) -> _Planned:
    """The same evidence where another number of trials is planned from now on: a record was given other steps.

    The cash that is left is invested as the new plan says; none is made or lost, so E is what it was. The number must
    not be chosen by what was seen of trials that are still open. Raises ValueError for evidence without a plan, and
    for a plan that its class refuses.
    """
    planned, state = at_least(1, planned, "planned"), evidence.state()
    before = state["parameters"].get("planned")
    if before is None:
        raise ValueError(f"nothing is planned for {evidence.kind!r}")
    trials = replanned_state(state["trials"], before)
    parameters = {**state["parameters"], "planned": planned}
    return evidence.from_state({**state, "parameters": parameters, "trials": trials})
