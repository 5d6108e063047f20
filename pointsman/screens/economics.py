"""`pointsman measures --as economics`: what the cascade costs and achieves beside sending all to the premium route."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from analytics.economics import GROUPS, OBSERVED
from analytics.errors import HOW_TO_MEND, contradiction_in
from pointsman.screens.blocks import Block, Line, print_blocks
from pointsman.screens.figures import NO_DATA, figure, interval
from pointsman.terminal import harmless, print_words
from pointsman.wording import counted

Row = Mapping[Any, Any]


def print_economics(rows: pd.DataFrame, by: Sequence[str]) -> None:
    """A block for each group, the largest first; costs are means for one request."""
    names = [*by, *GROUPS]
    records = rows.sort_values("requests", ascending=False).to_dict("records")
    print_blocks([_block(record, names) for record in records])
    if any(contradiction_in(record["note"]) for record in records):
        print_words(f"\n{HOW_TO_MEND}")


def _block(row: Row, names: Sequence[str]) -> Block:
    key = ", ".join(_key(row[name]) for name in names)
    if wrong := contradiction_in(row["note"]):
        return Block(key, [], [f"contradictory sums: {harmless(wrong)}"])
    costs, success = _costs(row), _success(row)
    return Block(f"{key}: {counted(int(row['requests']), 'request')}", [*costs, *success], _notes(row))


def _key(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return harmless(str(value)) or NO_DATA


def _costs(row: Row) -> list[Line]:
    """What a request costs, of those whose cost is known in full, and what it would cost without the cascade."""
    if not row["priced"]:
        return [Line("cost", NO_DATA, of="none is priced in full")]
    priced = f"of {row['priced']:,.0f} priced in full"
    lines = [
        Line("cost of a request", figure(row["observed_cost"], "USD"), of=priced),
        Line("  first attempt", figure(row["first_cost"], "USD")),
    ]
    if row["escalation_rate"] > 0:
        lines.append(Line("  an escalation", figure(row["escalated_extra_cost"], "USD"), of="more, once escalated"))
    lines.append(Line("escalated", figure(row["escalation_rate"], "1"), _interval(row, "escalation_rate"), priced))
    if not math.isnan(row["premium_cost"]):
        lines += [
            Line("premium instead", figure(row["premium_cost"], "USD"), of=_whence(row)),
            Line("saving", figure(row["saving"], "USD"), of="a request"),
        ]
    if not math.isnan(row["break_even"]):
        lines.append(Line("pays below", _break_even(row["break_even"]), of="escalated"))
    return lines


def _success(row: Row) -> list[Line]:
    """Of requests whose outcome is known, whatever is known of their cost."""
    lines = [Line("success", figure(row["quality"], "1"), _interval(row, "quality"), _outcomes(row["known"]))]
    if row["known_escalated"]:
        kept, handed_on = _outcomes(row["known_kept"]), _outcomes(row["known_escalated"])
        lines += [
            Line("  not escalated", figure(row["quality_kept"], "1"), _interval(row, "quality_kept"), kept),
            Line("  escalated", figure(row["quality_escalated"], "1"), _interval(row, "quality_escalated"), handed_on),
        ]
    if not math.isnan(row["premium_quality"]):
        lines.append(Line("  premium", figure(row["premium_quality"], "1"), of=_whence(row)))
    return lines


def _outcomes(known: float) -> str:
    return f"of {counted(int(known), 'known outcome')}"


def _whence(row: Row) -> str:
    return (
        f"of {row['premium_requests']:,.0f} premium-direct" if row["premium_from"] == OBSERVED else "estimated: below"
    )


def _notes(row: Row) -> list[str]:
    """What these figures rest on, where it is not what a reader would think."""
    told = [row["note"]] if row["note"] else []
    if row["known_escalated"] and row["escalation_rate"] == 0:
        told.append("those that escalated are not priced in full: the costs and the share of escalated ones lack them")
    return told


def _interval(row: Row, name: str) -> str:
    return interval(row[f"{name}_low"], row[f"{name}_high"], "1")


def _break_even(rate: float) -> str:
    """The escalation rate up to which the cascade is cheaper than the premium route."""
    if rate < 0:
        return "never"
    return "always" if rate > 1 else figure(rate, "1")
