"""`pointsman evidence`: why a verdict about a rate falls, and how long verdicts take."""

import typer

from pointsman.options import help_without_command

app = typer.Typer()


@app.callback(invoke_without_command=True)
def evidence(context: typer.Context) -> None:
    """Anytime-valid evidence about a rate: why did it fail, and how long will it take? docs/evidence.md explains it.

    Example: pointsman evidence power --limit 0.005 --rate 10/min
    """
    help_without_command(context)
