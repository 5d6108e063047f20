"""`pointsman measures --as swap`: a candidate beside the model that serves, on the same prompts."""

import math
from collections.abc import Sequence

from analytics.errors import contradiction_in
from analytics.report import Asked
from pointsman.screens.blocks import Block, Line, print_blocks
from pointsman.screens.figures import NO_DATA, figure, interval
from pointsman.screens.over_time import Axis, print_over_time
from pointsman.screens.rows import Figures
from pointsman.terminal import harmless, print_words
from pointsman.wording import counted

# In this order, with what one line says of each.
_TITLES = {
    "swap_input_tokens": "input tokens",
    "swap_input_cost": "extra input cost",
    "swap_output_tokens": "output tokens",
    "swap_cost": "cost in all",
}
# What a router must do so that there are some.
NO_SHADOWS = (
    "no shadow requests in this span: to compare a candidate, a router answers a copy of a request with it too, and"
    " sends that as a trace of its own with arm 'shadow' and shadow_of, the trace_id of the request that was copied"
)
# People compare amounts for many requests, not the millionth parts of a dollar that one costs.
_REQUESTS = 1000


def print_swap(rows: Sequence[Figures], asked: Asked, *, shadows: int, paired: int) -> None:
    """A block for each candidate and baseline, the most pairs first; then how many shadows have no pair, and why."""
    names = list(asked.by)
    compared = [row for row in rows if _named(row, names)["baseline_model"]]
    groups: dict[tuple[str, ...], list[Figures]] = {}
    for row in compared:
        groups.setdefault(row.group, []).append(row)
    if asked.step is not None and compared:
        print_over_time(compared, names, Axis.of(asked))
    else:
        by_size = sorted(groups.values(), key=lambda of: -max((row.count for row in of if row.count > 0), default=0))
        print_blocks([_block(of, names) for of in by_size])
    if groups:
        print_words("")
    print_words(_without_a_pair(shadows, paired))


def _named(row: Figures, names: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, row.group, strict=True))


def _block(rows: Sequence[Figures], names: Sequence[str]) -> Block:
    key = {name: harmless(value) or NO_DATA for name, value in _named(rows[0], names).items()}
    candidate, baseline = key.pop("model"), key.pop("baseline_model")
    of = {row.measure: row for row in rows}
    wrong = dict.fromkeys(contradiction_in(row.note) for row in rows)
    where = f"{', '.join(key.values())}: " if key else ""
    pairs = of["swap_input_tokens"].count
    return Block(
        f"{where}{candidate} in place of {baseline}",
        [_line(title, of[name], pairs) for name, title in _TITLES.items()],
        [f"contradictory sums: {harmless(what)}" for what in wrong if what],
    )


def _line(title: str, row: Figures, pairs: float) -> Line:
    """`pairs` are those of the input tokens, of which the money is too; fewer, where not all have a price."""
    times = _REQUESTS if row.unit == "USD" else 1
    of = "" if math.isnan(row.count) else f"of {counted(int(row.count), 'pair')}"
    if row.unit == "USD":
        of = f"per {_REQUESTS:,} requests" + (f", {of}" if row.count != pairs else "")
    return Line(
        title,
        figure(row.value * times, row.unit),
        interval(row.low * times, row.high * times, row.unit),
        of,
    )


def _without_a_pair(shadows: int, paired: int) -> str:
    alone = shadows - paired
    if alone <= 0:
        return (
            f"each of {counted(shadows, 'shadow request')} has its pair; compared are those that both models answered,"
            " input only of text"
        )
    return (
        f"{alone:,} of {counted(shadows, 'shadow request')} {'has' if alone == 1 else 'have'} no pair: what they shadow"
        " must be stored too, with a start on the same UTC day, in the same environment and on the same route"
    )
