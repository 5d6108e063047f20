"""The flags that both commands of `pointsman evidence` have."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pointsman.exits import UsageError

Limit = Annotated[
    float, typer.Option(help="The largest rate of bad requests that is well: 0.005 is 0.5 %.", metavar="RATE")
]
Alpha = Annotated[float, typer.Option(help="How often a healthy candidate may fail, ever.", metavar="SHARE")]
Level = Annotated[float, typer.Option(help="How often a candidate at the limit may pass, ever.", metavar="SHARE")]
Margin = Annotated[float, typer.Option(help="To pass, the rate has to be below limit x (1 + margin).", metavar="SHARE")]
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
