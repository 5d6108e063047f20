"""`pointsman mdr template | schema`: what helps to write a record."""

import json

import typer

from pointsman.options import with_settings
from pointsman.settings import Settings


@with_settings()
def template_command(*, settings: Settings) -> None:
    """Write a complete record with comments, to be filled in.

    Example: pointsman mdr template > invoices.md
    """
    del settings
    from alerts.records.template import TEMPLATE

    typer.echo(TEMPLATE, nl=False)


@with_settings()
def schema_command(*, settings: Settings) -> None:
    """Print the JSON Schema of the `yaml pointsman` block, for editors.

    Example: pointsman mdr schema > pointsman-block.schema.json
    """
    del settings
    from alerts.records.block_schema import block_schema

    typer.echo(json.dumps(block_schema(), indent=2))
