"""`docs/commands.md`, from the command line itself."""

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from pointsman.command_line import app
from pointsman.options import SETTINGS_PANEL

_HEAD = """<!-- Made by scripts/generate from the code. Change the code, not this file. -->

# Commands

`pointsman COMMAND --help` shows the same, with the settings that the command reads ([settings.md](settings.md)).
"""


def render() -> str:
    """The page as Markdown."""
    root = typer.main.get_command(app)
    return _HEAD + "".join(_section(path, command) for path, command in _leaves(root, "pointsman"))


# typer carries a click of its own, without public types: commands and parameters are Any here.
def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from _leaves(child, f"{path} {name}")


def _section(path: str, command: Any) -> str:
    paragraphs = [re.sub(r"\s+", " ", paragraph).strip() for paragraph in (command.help or "").split("\n\n")]
    text = "\n\n".join(
        f"```sh\n{paragraph.removeprefix('Example: ')}\n```" if paragraph.startswith("Example: ") else paragraph
        for paragraph in paragraphs
        if paragraph
    )
    rows = "".join(_row(parameter) for parameter in command.params if not _is_setting(parameter))
    table = f"\n| argument or option | meaning |\n| --- | --- |\n{rows}" if rows else ""
    return f"\n## `{path}`\n\n{text}\n{table}"


def _is_setting(parameter: Any) -> bool:
    return getattr(parameter, "rich_help_panel", None) == SETTINGS_PANEL or parameter.name == "help"


def _row(parameter: Any) -> str:
    flags = "`, `".join(parameter.opts) if parameter.param_type_name == "option" else str(parameter.metavar)
    default = (
        "" if parameter.default in (None, False, ...) or parameter.required else f" (default: `{parameter.default}`)"
    )
    return f"| `{flags}` | {getattr(parameter, 'help', '')}{default} |\n"
