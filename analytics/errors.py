"""What can be wrong with what measures are computed from.

PointsmanError
└── ContradictorySums      sums that no requests can have; the rollups are not what the raw rows say
"""

from pointsman_contract.errors import PointsmanError


class ContradictorySums(PointsmanError, ValueError):
    """Sums that contradict each other: a figure made of them would be wrong in silence."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: no requests have such sums; find and mend them: pointsman rollups verify, rebuild")
