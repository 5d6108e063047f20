"""Figures of a few groups, a block for each: a heading, and below it a line for each figure. Fits in 80 columns."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from pointsman.terminal import print_table, print_words


class Line(NamedTuple):
    """A figure: what it is, the value, its 95 % interval, and of what it is, or what else must be known."""

    title: str
    value: str
    interval: str = ""
    of: str = ""


class Block(NamedTuple):
    """One group. `notes` are sentences about it."""

    heading: str
    lines: Sequence[Line]
    notes: Sequence[str] = ()


def print_blocks(blocks: Sequence[Block]) -> None:
    """One below the other, with the same columns; texts are harmless already."""
    widths = [max((len(line[place]) for block in blocks for line in block.lines), default=0) for place in range(3)]
    for number, block in enumerate(blocks):
        print_words(f"{'' if number == 0 else chr(10)}{block.heading}")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=widths[0] + 2, no_wrap=True)
        for width in widths[1:]:
            table.add_column(min_width=width, justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        for line in block.lines:
            table.add_row(f"  {line.title}", Text(line.value, style="bold"), Text(line.interval), Text(line.of))
        if block.lines:
            print_table(table)
        for note in block.notes:
            print_words(f"  {note}")
