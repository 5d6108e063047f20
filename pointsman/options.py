"""Settings as flags: a command names the settings that it reads, and gets them loaded."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import SecretStr

from pointsman.exits import WRONG_USE, one_sentence
from pointsman.logs import configure_logs
from pointsman.settings import CONFIG_VARIABLE, Settings, load_settings, misspelt_variables, variable

SETTINGS_PANEL = "Settings (flag, variable, or key of the --config file)"
LOGGING = ("log_level", "log_format")


def with_settings(
    *names: str, require: tuple[str, ...] = (), warn_of_misspelt: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of these settings; it is called with `settings=`, after `require` was checked.

    What Pointsman raises on purpose leaves as one sentence and its exit code. Variables with our prefix that no setting
    reads are told on standard error, unless `warn_of_misspelt` is off.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(*, config: Path | None, **given: Any) -> None:
            flags = {name: given.pop(name) for name in (*names, *LOGGING)}
            with one_sentence():
                settings = load_settings(flags, config)
                configure_logs(settings.log_level, settings.log_format)
                for name in misspelt_variables() if warn_of_misspelt else ():
                    typer.echo(f"pointsman: warning: no setting is called {name}", err=True)
                settings.require(*require)
                command(settings=settings, **given)

        own = [p for p in inspect.signature(command).parameters.values() if p.name != "settings"]
        flags = [_config_flag(), *(_flag(name) for name in (*names, *LOGGING))]
        signature = inspect.Signature([*own, *flags])
        run.__name__ = command.__name__
        run.__doc__ = command.__doc__
        run.__signature__ = signature  # type: ignore[attr-defined]  # typer reads it there
        run.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
        return run

    return decorate


def help_without_command(context: typer.Context) -> None:
    """For the callback of a group of commands: without one of them its help is all that there is to say."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(WRONG_USE)


def shown_default(default: Any) -> str:
    """A default for people; nothing where there is none, or where it is secret."""
    if isinstance(default, timedelta):
        return f"{default.total_seconds() / 86_400:g}d"
    return "" if default in ("", None) or isinstance(default, SecretStr) else str(default)


def _flag(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    default = shown_default(field.default)
    shown = f" [default: {default}]" if default else ""
    option = typer.Option(
        "--" + name.replace("_", "-"),
        help=f"{field.description}{shown} [{variable(name)}]",
        rich_help_panel=SETTINGS_PANEL,
        show_default=False,
        metavar="|".join(get_args(field.annotation)) if get_origin(field.annotation) is Literal else "VALUE",
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )


def _config_flag() -> inspect.Parameter:
    option = typer.Option(
        "--config",
        help=f"TOML file with settings. [{CONFIG_VARIABLE}]",
        rich_help_panel=SETTINGS_PANEL,
        metavar="FILE",
    )
    return inspect.Parameter(
        "config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Path | None, option]
    )
