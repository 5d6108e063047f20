"""One verdict for several triggers that must all be met."""

import math
from collections.abc import Sequence
from typing import Self

from analytics.evidence.checking import share
from analytics.evidence.combination import Children, Combination
from analytics.evidence.process import FailingProcess, State


def all_of(children: Sequence[FailingProcess], *, alpha: float = 0.01) -> "AllOf":
    """Evidence against "at least one of the children's nulls holds": E = min E_i, FAIL once E >= 1/alpha.

    Raises ValueError for no children, or an alpha that is not between 0 and 1.
    """
    return AllOf(children, alpha=alpha)


class AllOf(Combination):
    """The smallest of its children's E: below that of the child whose null holds. Source: statistics rules, §5."""

    kind = "all_of"
    _trials: "_Smallest"

    def __init__(self, children: Sequence[FailingProcess], *, alpha: float = 0.01) -> None:
        alpha = share(alpha, "alpha")
        super().__init__(_Smallest(children), -math.log(alpha), alpha=alpha)

    @classmethod
    def _made(cls, state: State) -> Self:
        return cls(cls._children_of(state), **state["parameters"])


class _Smallest(Children):
    @property
    def deciding(self) -> int:
        logs = [child.log_e for child in self.children]
        return logs.index(min(logs))

    def whole(self, parts: Sequence[float]) -> float:
        return min(parts)
