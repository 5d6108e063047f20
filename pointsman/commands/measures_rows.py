"""Measures for programs: one JSON object a line, or CSV."""

import json
import math
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

_COUNTS = ("count", "requests", "priced", "known", "known_kept", "known_escalated", "premium_requests")
# Sums are exact to a nano-dollar; means and differences have more places, and none of them more than these.
_PLACES = 12
_FIGURES = ("value", "low", "high", "bound_low", "bound_high")


def write_rows(rows: "pd.DataFrame", *, as_json: bool, money: "tuple[str, ...]" = ()) -> None:
    """What is not known is null or empty, what has no end is null or inf; counts are whole, money without the noise.

    `money` are columns in US dollars; without them `unit` says which rows are.
    """
    rows = rows.copy()
    for name in _COUNTS:
        if name in rows:
            rows[name] = rows[name].astype("Int64")
    for name in money:
        rows[name] = rows[name].round(_PLACES)
    if "unit" in rows:
        for name in _FIGURES:
            rows[name] = rows[name].where(rows["unit"] != "USD", rows[name].round(_PLACES))
    if not as_json:
        rows.to_csv(sys.stdout, index=False)
        return
    for record in rows.to_dict("records"):
        typer.echo(json.dumps({str(name): _plain(value) for name, value in record.items()}))


def _plain(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, datetime) else value
