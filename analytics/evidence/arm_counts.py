"""What one look saw of one stratum, on both arms."""

from typing import NamedTuple

from analytics.evidence.checking import trials


class ArmCounts(NamedTuple):
    """Requests of each arm, and how many of them are bad."""

    candidate_n: int
    candidate_bad: int
    baseline_n: int
    baseline_bad: int

    @property
    def n(self) -> int:
        """Requests of both arms."""
        return self.candidate_n + self.baseline_n

    @property
    def has_both_arms(self) -> bool:
        """Whether there is anything to compare."""
        return self.candidate_n > 0 and self.baseline_n > 0

    def plus(self, other: "ArmCounts") -> "ArmCounts":
        """Both together."""
        return ArmCounts(*(own + more for own, more in zip(self, other, strict=True)))

    def checked(self, stratum: str) -> "ArmCounts":
        """The same as whole numbers. Raises ValueError where no requests can have such counts."""
        where = f"stratum {stratum!r}: "
        return ArmCounts(
            *trials(self.candidate_n, self.candidate_bad, f"{where}candidate_"),
            *trials(self.baseline_n, self.baseline_bad, f"{where}baseline_"),
        )


NONE = ArmCounts(0, 0, 0, 0)
