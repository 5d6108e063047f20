"""What can be wrong with what measures are computed from.

PointsmanError
└── ContradictorySums      sums that no requests can have; the rollups are not what the raw rows say
"""

from pointsman_contract.errors import PointsmanError

HOW_TO_MEND = (
    "no requests have such sums: pointsman rollups verify finds the day, and rebuild makes its sums again; a day that"
    " verify leaves out lacks raw rows and stays as it is: leave it out with --since and --until"
)


class ContradictorySums(PointsmanError, ValueError):
    """Sums that contradict each other: a figure made of them would be wrong in silence. `what` says which."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: {HOW_TO_MEND}")
        self.what = what


def contradiction_in(note: str) -> str:
    """What is wrong, where a note is that of ContradictorySums; else ''."""
    return note.removesuffix(f": {HOW_TO_MEND}") if note.endswith(HOW_TO_MEND) else ""
