"""What stands below a table of measures: notes of single figures, and that sums contradict each other."""

import math
from collections.abc import Sequence

from analytics.errors import HOW_TO_MEND, contradiction_in
from analytics.measures.cost_per_success import UNPRICED
from pointsman.screens.figures import NO_DATA, interval
from pointsman.screens.rows import Figures
from pointsman.terminal import harmless, print_words

_MOST = 5
_OF_COST = "cost_per_success"
_COVERED = 0.995


def print_notes(rows: Sequence[Figures], *, most: int, has_bounds: bool) -> None:
    """A line for each figure that cannot stand alone, at most so many of them; nothing where all can.

    `has_bounds` says that the table shows the bounds of a figure that they replace.
    """
    told = [(row, _note(row, has_bounds=has_bounds)) for row in rows if row.has_data]
    notes = [f"{', '.join([*filter(None, row.group), row.title])}: {note}" for row, note in told if note]
    more = [f"… and {len(notes) - most:,} more notes: --json has all"] if len(notes) > most else []
    if notes:
        print_words("\n" + "\n".join([*map(harmless, notes[:most]), *more]))


def _note(row: Figures, *, has_bounds: bool) -> str:
    bounds = ""
    is_shown = has_bounds and math.isnan(row.value)
    if not math.isnan(row.bound_low) and not is_shown and row.coverage < _COVERED:
        between = interval(row.bound_low, row.bound_high, row.unit).replace(" to ", " and ")
        bounds = f"between {between} once every outcome is known"
    return "; ".join(filter(None, (bounds, row.note)))


def print_unpriced(rows: Sequence[Figures]) -> None:
    """A line for each group of whose requests some have no full cost, a few of them; nothing where none has."""
    told = [
        ": ".join(filter(None, [", ".join(harmless(value) or NO_DATA for value in row.group), sentence]))
        for row in rows
        if row.measure == _OF_COST
        for sentence in row.note.split("; ")
        if UNPRICED in sentence
    ]
    if told:
        more = [f"… and {len(told) - _MOST:,} more"] if len(told) > _MOST else []
        print_words("\n" + "\n".join([*told[:_MOST], *more, "what they lack: pointsman prices check"]))


def print_contradictions(rows: Sequence[Figures]) -> None:
    """A line for each group and sum that is wrong, a few of them, and once what helps; nothing where none is."""
    wrong: dict[str, None] = {}
    for row in rows:
        if what := contradiction_in(row.note):
            where = ", ".join(harmless(value) for value in row.group if value)
            wrong[f"{where}: {harmless(what)}" if where else harmless(what)] = None
    if not wrong:
        return
    more = len(wrong) - _MOST
    shown = [*list(wrong)[:_MOST], *([f"… and {more:,} more"] if more > 0 else [])]
    print_words("\n" + "\n".join([*shown, HOW_TO_MEND]))
