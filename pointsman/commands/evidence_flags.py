"""The flags that both commands of `pointsman evidence` have."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from pointsman.exits import UsageError

_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")


def share_of(text: str | float) -> float:
    """`0.005` or `0.5%`. Raises typer.BadParameter for anything else."""
    if not isinstance(text, str):
        return text
    percent = text.strip().endswith("%")
    try:
        found = float(text.strip().removesuffix("%"))
    except ValueError:
        raise typer.BadParameter(f"expected a share such as 0.005 or 0.5%, not {text!r}") from None
    return found / 100 if percent else found


def requests_of(text: str | float) -> float:
    """`100000`, `1e5` or `100,000`. Raises typer.BadParameter for anything else."""
    if not isinstance(text, str):
        return text
    plain = text.strip()
    try:
        return float(plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else plain)
    except ValueError:
        raise typer.BadParameter(f"expected a number of requests such as 100000, not {text!r}") from None


Limit = Annotated[
    float,
    typer.Option(
        help="The largest rate of bad requests that is well: 0.005, or 0.5%.", metavar="RATE", parser=share_of
    ),
]
Alpha = Annotated[
    float, typer.Option(help="How often a healthy candidate may fail, ever.", metavar="SHARE", parser=share_of)
]
Level = Annotated[
    float, typer.Option(help="How often a candidate at the limit may pass, ever.", metavar="SHARE", parser=share_of)
]
Margin = Annotated[
    float,
    typer.Option(help="To pass, the rate has to be below limit x (1 + margin).", metavar="SHARE", parser=share_of),
]
Planned = Annotated[
    float,
    typer.Option(help="Requests that all canary steps together are to have.", metavar="REQUESTS", parser=requests_of),
]
PlannedOrDay = Annotated[
    float | None,
    typer.Option(
        help="Requests of all canary steps together; else those of 24 h.", metavar="REQUESTS", parser=requests_of
    ),
]
Counts = Annotated[
    Path,
    typer.Option(
        help="CSV of n and bad, a line a look, oldest first, at most 500,000; a header may name more columns; - is"
        " standard input.",
        metavar="FILE",
    ),
]
Incidents = Annotated[
    Literal["count", "clip"], typer.Option(help="clip: a short burst of bad requests is not to decide.")
]
Plot = Annotated[
    Path | None, typer.Option(help="Draw it into this file, .png or .svg (the extra `plots`).", metavar="FILE")
]


@contextmanager
def wrong_numbers_told() -> Iterator[None]:
    """What evidence says of numbers that make no sense becomes a UsageError."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error
