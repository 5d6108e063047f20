"""What a measure is: its name, what it counts, how it is computed.

The unit, the direction and the synonyms belong to the name (`pointsman_contract/measures.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd

from analytics.frames import ATTEMPT_KEYS, REQUEST_KEYS, SHADOW_KEYS
from analytics.intervals import Numbers
from pointsman_contract.measures import MEASURES, MeasureName

Basis = Literal["requests", "attempts", "shadows", "latency", "mix", "probes"]
# Of what the keys are, by which a measure can be split.
Fact = Literal["requests", "attempts", "shadows"]
FrameOfSums = Literal["requests", "attempts", "probe_requests", "probe_attempts", "shadows"]
Interval = Literal["wilson", "delta", "normal", "order statistics", "poisson", "none"]
KEYS: dict[Fact, frozenset[str]] = {
    "requests": REQUEST_KEYS,
    "attempts": ATTEMPT_KEYS,
    "shadows": SHADOW_KEYS,
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What all measures have.

    `takes` is which sums of which frame (`analytics/frames.py`) it needs beside the columns to group by: nothing else
    has to be read. `compute` returns a frame on the index of the rows that it measured, with `count` (of what the value
    is of), `coverage` (the share of which the input is known, NaN where that cannot be told), `value`, `low`, `high`.
    NaN is "no data", never 0. It raises KeyError for a column that is missing and ValueError for sums that cannot be.
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

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """The sums that it needs."""
        raise NotImplementedError

    def splits_by(self, by: Sequence[str]) -> bool:
        """Whether it can be told apart by all of these columns."""
        return self.keys.issuperset(by)


@dataclass(frozen=True, kw_only=True)
class Measure(Definition):
    """One value for each group, from its row of sums: `compute(frame)`."""

    basis: Fact
    reads: tuple[str, ...]
    compute: Callable[[pd.DataFrame], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that it sums."""
        return KEYS[self.basis]

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """What it reads."""
        return {self.basis: self.reads}


@dataclass(frozen=True, kw_only=True)
class PerSecond(Definition):
    """One value for each group over a span of time: `compute(frame, seconds)`, of all rows or of each."""

    basis: Fact
    reads: tuple[str, ...]
    compute: Callable[[pd.DataFrame, float | Numbers], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that it sums."""
        return KEYS[self.basis]

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """What it reads."""
        return {self.basis: self.reads}


@dataclass(frozen=True, kw_only=True)
class Quantiles(Definition):
    """A value for each group and quantile, from bins: `compute(latency, groups, by)`, also with `quantile`.

    `kind` is which rows of `latency` it needs (REQUEST_TIMES, ATTEMPT_TIMES). `groups` is the frame of the
    facts that were timed; each of its index labels stands once for each quantile.
    """

    basis: ClassVar[Basis] = "latency"
    interval: Interval = "order statistics"
    of: Fact
    kind: str
    compute: Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts that were timed."""
        return KEYS[self.of]

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """How many facts there are."""
        return {self.of: (self.of,)}


@dataclass(frozen=True, kw_only=True)
class Mix(Definition):
    """A share for each group and value of a set: `compute(mix, groups, by)`, also with `part`, the value.

    `kind` is which rows of `mix` it needs (REQUEST_MIXES, ATTEMPT_MIXES). `groups` is the frame of the facts;
    each of its index labels stands once for each value that occurred.
    """

    basis: ClassVar[Basis] = "mix"
    interval: Interval = "wilson"
    of: Fact
    kind: str
    compute: Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those of the facts."""
        return KEYS[self.of]

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """How many facts there are."""
        return {self.of: (self.of,)}


@dataclass(frozen=True, kw_only=True)
class Probes(Definition):
    """A score for each group and kind of test traffic: `compute(probe_requests, probe_attempts, requests, by)`.

    Each of the three frames has its sums.
    """

    basis: ClassVar[Basis] = "probes"
    probe_requests: tuple[str, ...]
    probe_attempts: tuple[str, ...]
    requests: tuple[str, ...]
    compute: Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]

    @property
    def keys(self) -> frozenset[str]:
        """Those that requests and attempts share, since it reads both; its parts are the values of `probe`."""
        return (REQUEST_KEYS & ATTEMPT_KEYS) - {"probe"}

    @property
    def takes(self) -> Mapping[FrameOfSums, Sequence[str]]:
        """Those of test traffic, and those of user traffic that it is compared with."""
        return {
            "probe_requests": self.probe_requests,
            "probe_attempts": self.probe_attempts,
            "requests": self.requests,
        }


AnyMeasure = Measure | PerSecond | Quantiles | Mix | Probes
