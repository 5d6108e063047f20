"""Several kinds of evidence as one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from analytics.evidence.estimate import Estimate
from analytics.evidence.process import FailingProcess, State
from analytics.evidence.rate import RateEvidence

# For each child its open looks `(n, bad)`, oldest first, or those of its own children; None or empty without any.
OpenLooks = Sequence[Any] | None


class Combination(FailingProcess):
    """Several children and one verdict, which falls at looks: in `update` and in `decide`.

    `update` closes a look of the children and looks at them together. Children may also be updated by themselves; then
    `decide` is the look, and what E was in between counts for nothing. A child's own FAIL is for display.
    """

    _trials: "Children"

    @property
    def children(self) -> tuple[FailingProcess, ...]:
        """In the order in which they were given."""
        return self._trials.children

    def update(self, *looks: Sequence[Any] | None) -> None:
        """Close one look of each child: the arguments of its own `update`, one sequence for each child.

        None for a child that has closed none: an empty look would be one, and end what arms or costs have carried. All
        are updated before the whole is looked at. Raises ValueError for another number of looks than of children, and
        what the children raise; then none of them is changed.
        """
        self._trials.one_for_each(looks)
        before = [child.progress() for child in self.children]
        try:
            for child, look in zip(self.children, looks, strict=True):
                if look is not None:
                    child.update(*look)
            self._see(self.log_e)
        except BaseException as error:
            for child, state in zip(self.children, before, strict=True):
                child.go_back(state)
            if isinstance(error, TypeError):
                raise ValueError(f"not a look of each child: {error}") from error  # noqa: TRY004 - as all wrong ones
            raise

    def preview(self, looks: OpenLooks = ()) -> float:
        """The largest ln E over all *common* prefixes of the children's open looks; without any, that of the states.

        One sequence of open looks for each child, which must all be as long as each other; a child that is a
        combination itself has one for each of its own. A child whose trials count only when they are closed has an
        empty one (or None), and counts with what it is now. So among rates alone the states will confirm what is seen
        here; beside other kinds they may not, since those move before the open looks are closed, and the error
        probability is shown by simulation, not by a theorem. Raises ValueError where lengths differ.
        """
        if looks is None or (isinstance(looks, list | tuple) and not looks):
            return self.log_e
        lengths = self.lengths(looks)
        if len(lengths) > 1:
            raise ValueError(f"open looks must be the same ones for each child, not {sorted(lengths)} of them")
        return max(self.path(looks, max(lengths, default=0)), default=self.log_e)

    def lengths(self, looks: Any) -> set[int]:
        """How many open looks those children have that have any. Raises ValueError for what are none."""
        return self._trials.lengths(looks)

    def path(self, looks: Sequence[Any], length: int) -> list[float]:
        """The ln E after each common prefix, of which the longest has so many looks."""
        return self._trials.path(looks, length)

    def decide(self, looks: OpenLooks = ()) -> bool:
        """Whether it fails, now or ever before: the states or the preview have reached 1/alpha.

        Children do not look: their own verdicts are as they were.
        """
        early = self.preview(looks)
        self._see(self.log_e)
        return self._see(early)

    @classmethod
    def _children_of(cls, state: State) -> list[Any]:
        """Of whatever kind: those that cannot fail are refused as they are anywhere."""
        from analytics.evidence.restoring import restored

        return [restored(child) for child in state["trials"]["children"]]


class Children(ABC):
    """Evidence of which the whole is made."""

    def __init__(self, children: Sequence[FailingProcess]) -> None:
        if not children:
            raise ValueError("children must not be empty")
        for child in children:
            if not isinstance(child, FailingProcess):
                raise ValueError(  # noqa: TRY004 - wrong arguments of evidence are ValueError throughout
                    f"children must be evidence that can fail, not {type(child).__name__}"
                )
        if len({id(child) for child in children}) < len(children):
            raise ValueError("children must not hold one twice: each of its looks would count twice")
        self.children = tuple(children)

    @property
    def log_value(self) -> float:
        """The ln E of the whole."""
        return self.whole([child.log_e for child in self.children])

    @property
    def estimate(self) -> Estimate:
        """That of the child that decides."""
        return self.children[self.deciding].estimate

    @property
    @abstractmethod
    def deciding(self) -> int:
        """The place of the child that the verdict hangs on."""

    @abstractmethod
    def whole(self, parts: Sequence[float]) -> float:
        """The ln E of the whole from the ln E of the children."""

    def one_for_each(self, looks: Sequence[Any]) -> None:
        """Raises ValueError where there are more or fewer looks than children."""
        if len(looks) != len(self.children):
            raise ValueError(f"one sequence for each of {len(self.children)} children, not {len(looks)}")

    def lengths(self, looks: Any) -> set[int]:
        """Of all children together; those of a child that is a combination among them."""
        if not isinstance(looks, Sequence) or isinstance(looks, str):
            raise ValueError(  # noqa: TRY004 - wrong arguments of evidence are ValueError throughout
                f"open looks must be one sequence for each child, not {looks!r:.40}"
            )
        self.one_for_each(looks)
        found: set[int] = set()
        for child, own in zip(self.children, looks, strict=True):
            if own is None:
                continue
            if not hasattr(own, "__len__"):
                raise ValueError(f"open looks of a child must be a sequence, not {own!r:.40}")
            if isinstance(child, Combination) and len(own):
                found |= child.lengths(own)
            else:
                found |= {len(own)} - {0}
        return found

    def path(self, looks: Any, length: int) -> list[float]:
        """The ln E of the whole after each common prefix, of which the longest has so many looks."""
        paths = []
        for child, own in zip(self.children, looks, strict=True):
            if isinstance(child, Combination) and own is not None and len(own):
                paths.append(child.path(own, length))
            elif own is None or not len(own):
                paths.append([child.log_e] * length)
            elif isinstance(child, RateEvidence):
                paths.append(child.path(own))
            else:
                raise ValueError(f"{child.kind} has no preview: it counts closed looks only")
        # A look that one child cannot see yet ends it for all.
        return [self.whole(parts) for parts in zip(*paths, strict=False)]

    def state(self) -> State:
        """Those of the children."""
        return {"children": [child.state() for child in self.children]}

    def restore(self, state: State) -> None:
        """Take over what `state` returned, each child its own."""
        self.one_for_each(state["children"])
        for child, own in zip(self.children, state["children"], strict=True):
            child.restore(own)
