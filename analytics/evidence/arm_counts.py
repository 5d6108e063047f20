"""What one look saw of one stratum, on both arms."""

from typing import Any, NamedTuple

from analytics.evidence.checking import by_name, trials


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


NONE = ArmCounts(0, 0, 0, 0)


def checked_look(look: Any) -> dict[str, ArmCounts]:
    """All strata of a look with whole numbers. Raises ValueError where no requests can have such counts."""
    found = by_name(look, "ArmCounts of each stratum")
    return {stratum: _checked(counts, f"stratum {stratum!r}: ") for stratum, counts in found.items()}


def _checked(counts: Any, where: str) -> ArmCounts:
    try:
        found = ArmCounts(*counts)
    except TypeError:
        raise ValueError(f"{where}must have four counts, {', '.join(ArmCounts._fields)}, not {counts!r:.40}") from None
    return ArmCounts(
        *trials(found.candidate_n, found.candidate_bad, f"{where}candidate_"),
        *trials(found.baseline_n, found.baseline_bad, f"{where}baseline_"),
    )
