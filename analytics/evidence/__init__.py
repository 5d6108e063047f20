"""Anytime-valid evidence: what may be looked at every second for days, and is still rarely wrong.

Pure mathematics: no clock, no service, and no randomness but in `power`, which simulates. docs/evidence.md says what
each is for. Every process has `log_e`, `p_value`, `estimate`, a verdict that stays (`failed`, `passed` or `alarmed`),
`state()` and `from_state()`.
"""

from analytics.evidence.all_of import AllOf, all_of
from analytics.evidence.any_of import AnyOf, any_of
from analytics.evidence.arm_counts import ArmCounts
from analytics.evidence.arms import ArmsEvidence
from analytics.evidence.arms_advance import ArmsAdvance
from analytics.evidence.cost import CostEvidence
from analytics.evidence.cost_advance import CostAdvance
from analytics.evidence.cost_limit import CostLimitEvidence
from analytics.evidence.cost_reference import cost_reference, tail_share_limit
from analytics.evidence.estimate import Estimate
from analytics.evidence.mean_detector import MeanDetector
from analytics.evidence.paired import PairedEvidence
from analytics.evidence.paired_advance import PairedAdvance
from analytics.evidence.rate import RateEvidence
from analytics.evidence.rate_advance import RateAdvance
from analytics.evidence.rate_detector import RateDetector
from analytics.evidence.rate_interval import rate_interval
from analytics.evidence.restoring import replanned, restored
from analytics.evidence.sample_ratio import SampleRatio
from analytics.evidence.wilson_limit import wilson_limit

__all__ = [
    "AllOf",
    "AnyOf",
    "ArmCounts",
    "ArmsAdvance",
    "ArmsEvidence",
    "CostAdvance",
    "CostEvidence",
    "CostLimitEvidence",
    "Estimate",
    "MeanDetector",
    "PairedAdvance",
    "PairedEvidence",
    "RateAdvance",
    "RateDetector",
    "RateEvidence",
    "SampleRatio",
    "all_of",
    "any_of",
    "cost_reference",
    "rate_interval",
    "replanned",
    "restored",
    "tail_share_limit",
    "wilson_limit",
]
