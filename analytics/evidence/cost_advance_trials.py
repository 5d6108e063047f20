"""Both things that have to be shown before a candidate's costs are good enough: the bulk, and the tail."""

from analytics.evidence.cost_trials import CostTrials
from analytics.evidence.costs import Costs
from analytics.evidence.estimate import Estimate
from analytics.evidence.paired_stake import PairedStake
from analytics.evidence.pairing import Block
from analytics.evidence.process import State, finite
from analytics.evidence.rate_advance import RateAdvance

# So many of the baseline's own requests cost more than the cap.
_BEYOND = 0.01


class CostAdvanceTrials:
    """Capped costs per success, and the share of requests that cost more than (1 + margin) times the cap."""

    def __init__(self, cap: float, margin: float, level: float) -> None:
        self._stake = PairedStake(cap, margin, 0.0)
        self._cap = (1 + margin) * cap
        self._bulk = CostTrials(self._against, self._stake.bound, None)
        self._tail = RateAdvance(_BEYOND, level=level)
        self._highest_bulk = 0.0

    @property
    def log_value(self) -> float:
        """The ln of the smaller E."""
        return min(self._bulk.log_value, self._tail.log_e)

    @property
    def log_shown(self) -> float:
        """The ln of the smaller of the largest E so far: each of both is shown once, and stays so."""
        return min(self._highest_bulk, self._tail.highest)

    @property
    def estimate(self) -> Estimate:
        """Cost per success of the candidate over that of the baseline."""
        return self._bulk.estimate

    def look(self, candidate: Costs, baseline: Costs) -> None:
        """Close one look."""
        self._bulk.look(candidate, baseline)
        self._highest_bulk = max(self._highest_bulk, self._bulk.log_value)
        self._tail.update(len(candidate[0]), sum(cost > self._cap for cost in candidate[0]))

    def state(self) -> State:
        """Both parts."""
        return {"bulk": self._bulk.state(), "highest_bulk": self._highest_bulk, "tail": self._tail.state()}

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._bulk.restore(state["bulk"])
        self._highest_bulk = finite(state["highest_bulk"])
        self._tail = RateAdvance.from_state(state["tail"])

    def _against(self, block: Block, /) -> float:
        return -self._stake(block)
