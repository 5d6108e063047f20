"""`pointsman mdr`: Model Decision Records."""

import typer

from pointsman.options import help_without_command

app = typer.Typer()


@app.callback(invoke_without_command=True)
def mdr(context: typer.Context) -> None:
    """Model Decision Records: check them, keep every revision, see what changed. docs/model-records.md explains them.

    Example: pointsman mdr template > invoices.md, fill it in, pointsman mdr lint invoices.md
    """
    help_without_command(context)
