"""Evidence of whatever kind, back from its state."""

from typing import Any

from analytics.evidence.all_of import AllOf
from analytics.evidence.any_of import AnyOf
from analytics.evidence.arms import ArmsEvidence
from analytics.evidence.arms_advance import ArmsAdvance
from analytics.evidence.cost import CostEvidence
from analytics.evidence.cost_advance import CostAdvance
from analytics.evidence.cost_limit import CostLimitEvidence
from analytics.evidence.mean_detector import MeanDetector
from analytics.evidence.paired import PairedEvidence
from analytics.evidence.paired_advance import PairedAdvance
from analytics.evidence.process import Process
from analytics.evidence.rate import RateEvidence
from analytics.evidence.rate_advance import RateAdvance
from analytics.evidence.rate_detector import RateDetector
from analytics.evidence.sample_ratio import SampleRatio

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
