"""Figures of measures as a report would give them, for screens."""

import math
from typing import Any

from pointsman.screens.rows import Figures
from pointsman_contract.measures import MEASURES

NAN = math.nan


def figures(measure: str, value: float = NAN, **overrides: Any) -> Figures:
    """One row of a measure; no bounds, all outcomes known, of a hundred."""
    fields: dict[str, Any] = {
        "group": (),
        "bucket": None,
        "part": "",
        "quantile": None,
        "unit": MEASURES[measure].unit,
        "count": 100.0,
        "coverage": 1.0,
        "low": NAN,
        "high": NAN,
        "bound_low": NAN,
        "bound_high": NAN,
        "note": "",
    }
    return Figures(measure=measure, value=value, **fields | overrides)
