"""Each candidate request with baseline requests of its own, fixed before anything is known of their costs."""

from typing import Any, NamedTuple

from analytics.evidence.costs import Costs
from analytics.evidence.process import State, finite_list

_NOBODY: Costs = ([], [])
# More would be of use only where a look is that long and has almost nothing of the other arm.
_MOST_CARRIED = 1000


class Block(NamedTuple):
    """Requests of both arms that are compared: one of an arm, and as many of the other as there are for it."""

    candidate_costs: list[float]
    candidate_successes: list[float]
    baseline_costs: list[float]
    baseline_successes: list[float]


class Pairing:
    """Disjoint blocks of floor(n_b/n_c) baseline requests for each candidate request, or the other way round.

    What is left over goes before those of the next look, once; of each arm at most 1,000 requests, the first ones.
    """

    def __init__(self) -> None:
        self._candidate = self._baseline = _NOBODY

    def pair(self, candidate: Costs, baseline: Costs) -> list[Block]:
        """The blocks of this look and of what was left of the one before."""
        own, other = _joined(self._candidate, candidate), _joined(self._baseline, baseline)
        n_own, n_other = len(own[0]), len(other[0])
        blocks: list[Block] = []
        of_own = of_other = 0
        if n_own and n_other:
            of_own, of_other = max(n_own // n_other, 1), max(n_other // n_own, 1)
            blocks = [
                Block(*_cut(own, at * of_own, of_own), *_cut(other, at * of_other, of_other))
                for at in range(min(n_own, n_other))
            ]
        used = len(blocks)
        self._candidate = _rest(candidate, n_own, used * of_own)
        self._baseline = _rest(baseline, n_other, used * of_other)
        return blocks

    def state(self) -> State:
        """What waits for a partner."""
        return {
            "candidate_rest": [list(part) for part in self._candidate],
            "baseline_rest": [list(part) for part in self._baseline],
        }

    def restore(self, state: State) -> None:
        """Take over what `state` returned."""
        self._candidate, self._baseline = _restored(state["candidate_rest"]), _restored(state["baseline_rest"])


def _joined(first: Costs, then: Costs) -> Costs:
    return first[0] + then[0], first[1] + then[1]


def _cut(costs: Costs, start: int, length: int) -> Costs:
    return costs[0][start : start + length], costs[1][start : start + length]


def _rest(new: Costs, n: int, used: int) -> Costs:
    """The last n - used of all, as far as they are new: what was carried once is not carried again."""
    start = max(len(new[0]) - (n - used), 0)
    return _cut(new, start, _MOST_CARRIED)


def _restored(parts: Any) -> Costs:
    costs, successes = parts
    return finite_list(costs, len(costs)), finite_list(successes, len(costs))
