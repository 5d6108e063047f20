"""What a person sees: the live view while traces arrive, and the account at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pointsman.demo.measured import Measured
from pointsman.demo.measures_view import how_far, measures_line, measures_table
from pointsman.demo.sending import Sent
from pointsman.terminal import harmless
from store.arrivals import RouteArrivals, TopicAccount

_NANO = 1_000_000_000
_NOTHING_MEASURED = Measured()
# Lines: of the frame and the titles around what can be as long as there is room for, and of the counts of messages.
_AROUND = 3 + 4 + 2
_COUNTS = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the store and the application."""

    routes: Sequence[RouteArrivals]
    account: TopicAccount
    reasons: Mapping[str, int]
    lag: int | None
    seconds: float
    measured: Measured = _NOTHING_MEASURED


def live_view(seen: Seen, total: int, height: int = 50) -> RenderableType:
    """Traces, tokens and money by route; measures as they are counted; dead letters by reason; lag.

    On a terminal of less `height` there are no models, and not every reason.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    # Everything that is replayed has one environment.
    table.add_column("route", overflow="fold")
    for name in ("traces", "model calls", "tokens in", "tokens out", "USD"):
        table.add_column(name, justify="right")
    for route in seen.routes:
        cost = f"{route.cost_nanousd / _NANO:,.4f}" if route.priced else "no price"
        table.add_row(
            Text(harmless(route.route)),
            f"{route.traces:,}",
            f"{route.attempts:,}",
            f"{route.input_tokens:,}",
            f"{route.output_tokens:,}",
            cost,
        )
    room = height - 1 - _AROUND - len(seen.routes) - _COUNTS
    measures = measures_table("route", seen.measured.routes, most_lines=max(1, room))
    letters = _letters(seen.reasons, most=max(_COUNTS, room + _COUNTS - measures.row_count))
    lag = "not known yet" if seen.lag is None else f"{seen.lag:,} messages"
    state = Text.assemble(
        (f"{seen.account.stored:>9,}", "bold green"), f" of {total:,} stored\n",
        (f"{seen.account.duplicate:>9,}", "bold"), f" duplicates, {seen.account.restamped:,} of them restamped\n",
        (f"{seen.account.dead:>9,}", "bold yellow"), " dead letters\n\n",
        f"lag: {lag}\n{seen.seconds:.0f} s",
    )  # fmt: skip
    below = Columns([Panel(state, title="messages"), Panel(letters, title="dead letters by reason")], expand=True)
    return Group(
        Panel(table, title="what arrives in the store", border_style="cyan"),
        Panel(measures, title="measures", subtitle=how_far(seen.measured, seen.account.stored), border_style="cyan"),
        below,
    )


def _letters(reasons: Mapping[str, int], most: int) -> str:
    """A line for each reason, `most` of them at the most."""
    lines = [f"{count:>6,}  {reason}" for reason, count in reasons.items()]
    if len(lines) > most:
        lines[most - 1 :] = [f"{'…':>6}  {len(lines) - most + 1} more reasons"]
    return "\n".join(lines) or "none yet"


def one_line(seen: Seen, total: int) -> str:
    """The live view for a log."""
    tokens = sum(route.input_tokens + route.output_tokens for route in seen.routes)
    money = sum(route.cost_nanousd for route in seen.routes) / _NANO
    return (
        f"{seen.seconds:4.0f} s: {seen.account.stored:,} of {total:,} traces stored, {tokens:,} tokens,"
        f" {money:.4f} USD, {seen.account.duplicate:,} duplicates, {seen.account.dead:,} dead letters,"
        f" lag {'?' if seen.lag is None else f'{seen.lag:,}'}; {measures_line(seen.measured)}"
    )


def account_table(sent: Sent, seen: Seen) -> tuple[RenderableType, bool]:
    """Every message accounted for, line by line, and whether the account is right."""
    lines = [
        ("valid traces", "stored once", sent.stored, seen.account.stored),
        ("sent again, restamped", "duplicates", sent.duplicate, seen.account.duplicate),
        ("", "of them restamped", sent.duplicate, seen.account.restamped),
    ]
    lines += [
        ("broken on purpose", f"dead letter {reason}", sent.dead[reason], seen.reasons.get(reason, 0))
        for reason in sorted(set(sent.dead) | set(seen.reasons))
    ]
    lines.append(("stored once", "counted in the rollups", seen.account.stored, seen.measured.counted))
    lines.append(("all messages", "accounted for", sent.messages, seen.account.messages))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("sent", "left"),
        ("found as", "left"),
        ("expected", "right"),
        ("found", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich's own literal
    right = True
    for what, found_as, expected, found in lines:
        agrees = expected == found
        right = right and agrees
        mark = "[green]ok[/]" if agrees else "[bold red]WRONG[/]"
        table.add_row(what, found_as, f"{expected:,}", f"{found:,}", mark)
    return table, right
