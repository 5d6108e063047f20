"""What a measure is: its name, what it counts, how it is computed.

The unit, the direction and the synonyms belong to the name (`pointsman_contract/measures.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd

from analytics.frames import ATTEMPT_KEYS, REQUEST_KEYS
from pointsman_contract.measures import MEASURES, MeasureName

Basis = Literal["requests", "attempts", "latency", "mix", "probes"]
# Of what the keys are, by which a measure can be split.
Fact = Literal["requests", "attempts"]
Interval = Literal["wilson", "delta", "order statistics", "poisson", "none"]
KEYS: dict[Fact, frozenset[str]] = {"requests": REQUEST_KEYS, "attempts": ATTEMPT_KEYS}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What all measures have.

    `compute` returns a frame on the index of the rows that it measured, with `count` (of what the value is of),
    `coverage` (the share of which the input is known, NaN where that cannot be told), `value`, `low`, `high`. NaN is
    "no data", never 0. It raises KeyError for a column that is missing and ValueError for sums that cannot be.
    """

    name: str
    interval: Interval

    @property
    def named(self) -> MeasureName:
        """Unit, direction and synonyms."""
        return MEASURES[self.name]

    @property
    def keys(self) -> frozenset[str]:
        """The columns by which it can be split."""
        raise NotImplementedError

    def splits_by(self, by: Sequence[str]) -> bool:
        """Whether it can be told apart by all of these columns."""
        return self.keys.issuperset(by)


@dataclass(frozen=True, kw_only=True)
class Measure(Definition):
    """One value for each group, from its row of sums: `compute(frame)`."""

    basis: Fact
    compute: Callable[[pd.DataFrame], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that it sums."""
        return KEYS[self.basis]


@dataclass(frozen=True, kw_only=True)
class PerSecond(Definition):
    """One value for each group over a span of time: `compute(frame, seconds)`."""

    basis: Fact
    compute: Callable[[pd.DataFrame, float], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that it sums."""
        return KEYS[self.basis]


@dataclass(frozen=True, kw_only=True)
class Quantiles(Definition):
    """A value for each group and quantile, from bins: `compute(latency, groups, by)`, also with `quantile`.

    `groups` is the frame of the facts that were timed; each of its index labels stands once for each quantile.
    """

    basis: ClassVar[Basis] = "latency"
    interval: Interval = "order statistics"
    of: Fact
    compute: Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that were timed."""
        return KEYS[self.of]


@dataclass(frozen=True, kw_only=True)
class Mix(Definition):
    """A share for each group and value of a set: `compute(mix, groups, by)`, also with `part`, the value.

    `groups` is the frame of the facts; each of its index labels stands once for each value that occurred.
    """

    basis: ClassVar[Basis] = "mix"
    interval: Interval = "wilson"
    of: Fact
    compute: Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts."""
        return KEYS[self.of]


@dataclass(frozen=True, kw_only=True)
class Probes(Definition):
    """A score for each group and kind of test traffic: `compute(probe_requests, probe_attempts, requests, by)`."""

    basis: ClassVar[Basis] = "probes"
    compute: Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those that requests and attempts share, since it reads both; its parts are the values of `probe`."""
        return (REQUEST_KEYS & ATTEMPT_KEYS) - {"probe"}


AnyMeasure = Measure | PerSecond | Quantiles | Mix | Probes
