"""What every kind of evidence has: a logarithm of E, the largest so far, and a verdict that stays."""

import copy
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, Self

from analytics.evidence.estimate import Estimate

State = dict[str, Any]
# Of what states hold and of what a look is: from the first release on another reading of either is another version.
VERSION = 1
# What reading a state of another shape ends in.
_WRONG = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


class Trials(Protocol):
    """What was seen, and what it says: the part of evidence that differs from kind to kind."""

    @property
    def log_value(self) -> float:
        """The ln E of all that was seen."""

    @property
    def estimate(self) -> Estimate:
        """What was seen, as a figure with its interval."""

    def state(self) -> State:
        """Everything that changes, as plain JSON."""

    def restore(self, state: State) -> None:
        """Take over what `state` returned. Raises ValueError, KeyError or TypeError for anything else."""


class Process(ABC):
    """A process that is 1 at first, and on the average never above 1 while its null hypothesis holds.

    So the probability that it *ever* reaches 1/alpha is at most alpha (Ville's inequality), however often it is looked
    at. The verdict is latched, and the process goes on being updated.
    """

    kind: ClassVar[str]

    def __init__(self, trials: Trials, threshold: float, **parameters: Any) -> None:
        self._trials = trials
        self._threshold = threshold
        self._parameters = parameters
        self._highest = 0.0
        self._reached = False

    @property
    def log_e(self) -> float:
        """The ln E after all closed looks."""
        return self._trials.log_value

    @property
    def threshold(self) -> float:
        """The ln E at which the verdict falls."""
        return self._threshold

    @property
    def highest(self) -> float:
        """The largest ln E so far, at least 0."""
        return self._highest

    @property
    def p_value(self) -> float:
        """1 / the largest E so far, at most 1: a p-value that holds whenever one looks."""
        return math.exp(-self._highest)

    @property
    def estimate(self) -> Estimate:
        """What was seen in closed looks, as a figure with its interval."""
        return self._trials.estimate

    def state(self) -> State:
        """Everything, as plain JSON: `from_state` goes on from there to the same last bit."""
        return {
            "kind": self.kind,
            "version": VERSION,
            "parameters": copy.deepcopy(self._parameters),
            **self.progress(),
        }

    def progress(self) -> State:
        """What of the state changes: `go_back` takes it."""
        return {"highest": self._highest, "reached": self._reached, "trials": self._trials.state()}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """The process that `state()` was taken from. Raises ValueError where it is not one of this kind."""
        kind = state.get("kind") if isinstance(state, dict) else None
        if kind != cls.kind:
            raise ValueError(f"not a state of {cls.kind!r}: it is one of {kind!r}")
        if state.get("version") != VERSION:
            raise ValueError(f"not a state of {cls.kind!r} of version {VERSION}: it is of {state.get('version')!r}")
        try:
            found = cls._made(state)
            found.restore(state)
        except _WRONG as error:
            raise ValueError(f"not a state of {cls.kind!r}: {error}") from error
        return found

    @classmethod
    def _made(cls, state: State) -> Self:
        """One with the parameters of a state, that has seen nothing yet."""
        return cls(**state["parameters"])

    def restore(self, state: State) -> None:
        """Go on from a state of the same kind and parameters. Raises ValueError, KeyError or TypeError for others."""
        if (state["kind"], state["parameters"]) != (self.kind, self._parameters):
            raise ValueError(f"not a state of {self.kind!r} with the parameters {self._parameters}")
        self.go_back(state)

    def go_back(self, state: State) -> None:
        """Be as `progress` said. Raises ValueError, KeyError or TypeError for anything else."""
        highest, reached = finite(state["highest"]), true_or_false(state["reached"])
        self._trials.restore(state["trials"])
        self._highest, self._reached = highest, reached

    def _see(self, log_e: float) -> bool:
        """Remember the largest; whether the verdict has fallen."""
        self._highest = max(self._highest, log_e)
        self._reached = self._reached or log_e >= self._threshold
        return self._reached

    @abstractmethod
    def update(self, *args: Any, **kwargs: Any) -> None:
        """Close one look."""


class FailingProcess(Process):
    """Evidence that something is worse than it may be."""

    @property
    def failed(self) -> bool:
        """Whether E has ever reached 1/alpha."""
        return self._reached

    def decide(self) -> bool:
        """Whether it fails, now or ever before. Kinds that have open looks take them here."""
        return self._see(self.log_e)


class PassingProcess(Process):
    """Evidence that something is well enough to advance."""

    @property
    def passed(self) -> bool:
        """Whether E has ever reached 1/level."""
        return self._reached


class AlarmingProcess(Process):
    """Evidence that something has changed."""

    @property
    def alarmed(self) -> bool:
        """Whether the alarm was ever reached."""
        return self._reached


def finite(value: Any) -> float:
    """A finite number of a state."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def not_negative(value: Any) -> float:
    """A finite number of a state that is not below 0."""
    found = finite(value)
    if found < 0:
        raise ValueError(f"{value!r} is below 0")
    return found


def finite_list(values: Any, length: int) -> list[float]:
    """So many finite numbers of a state."""
    if not isinstance(values, list) or len(values) != length:
        raise ValueError(f"{values!r} are not {length} numbers")
    return [finite(value) for value in values]


def whole(value: Any) -> int:
    """A whole number of a state that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number from 0 on")
    return value


def true_or_false(value: Any) -> bool:
    """A truth of a state."""
    if value is True or value is False:
        return bool(value)
    raise ValueError(f"{value!r} is neither true nor false")
