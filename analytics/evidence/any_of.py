"""One verdict for several triggers of which any is enough."""

import math
from collections.abc import Sequence
from typing import Self

from analytics.evidence.checking import positive, share
from analytics.evidence.combination import Children, Combination
from analytics.evidence.mixture import log_sum
from analytics.evidence.process import FailingProcess, State

_ROUNDING = 1e-9


def any_of(
    children: Sequence[FailingProcess], *, alpha: float = 0.01, weights: Sequence[float] | None = None
) -> "AnyOf":
    """Evidence against "all of the children's nulls hold": `E = sum v_i E_i`, FAIL once E >= 1/alpha.

    `weights` are the v_i, which sum to 1 and are fixed from the start; equal ones without. Raises ValueError for no
    children, a weight not above 0, weights that do not sum to 1, or an alpha that is not between 0 and 1.
    """
    return AnyOf(children, alpha=alpha, weights=weights)


class AnyOf(Combination):
    """The weighted mean of its children's E: the error probability is that of one trigger, whatever their number.

    Source: statistics rules of this project, §5; a mean of E-values is one (Vovk and Wang, Ann. Statist. 49 (2021)).
    """

    kind = "any_of"
    _trials: "_Mean"

    def __init__(
        self, children: Sequence[FailingProcess], *, alpha: float = 0.01, weights: Sequence[float] | None = None
    ) -> None:
        alpha = share(alpha, "alpha")
        mean = _Mean(children, weights)
        super().__init__(mean, -math.log(alpha), alpha=alpha, weights=mean.weights)

    @property
    def blame(self) -> int:
        """The place of the child with the largest v_i E_i now."""
        return self._trials.deciding

    @classmethod
    def _made(cls, state: State) -> Self:
        return cls(cls._children_of(state), **state["parameters"])


class _Mean(Children):
    def __init__(self, children: Sequence[FailingProcess], weights: Sequence[float] | None) -> None:
        super().__init__(children)
        given = [1 / len(children)] * len(children) if weights is None else list(weights)
        if len(given) != len(children):
            raise ValueError(f"weights must be one for each of {len(children)} children, not {len(given)}")
        self.weights = [positive(weight, "weights") for weight in given]
        total = math.fsum(self.weights)
        if abs(total - 1) > _ROUNDING:
            raise ValueError(f"weights must sum to 1, not {total:g}")
        self._logs = [math.log(weight) for weight in self.weights]

    @property
    def deciding(self) -> int:
        parts = [child.log_e + weight for child, weight in zip(self.children, self._logs, strict=True)]
        return parts.index(max(parts))

    def whole(self, parts: Sequence[float]) -> float:
        return log_sum([part + weight for part, weight in zip(parts, self._logs, strict=True)])
