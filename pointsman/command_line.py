"""The commands, put together."""

import sys
from contextlib import suppress
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pointsman.commands import dead_letters, evidence, mdr, offsets, prices, rollups, topics
from pointsman.commands.dead_letters_replay import replay_command as replay_letters
from pointsman.commands.doctor import doctor
from pointsman.commands.evidence_explain import explain_command
from pointsman.commands.evidence_power import power_command
from pointsman.commands.forget import forget
from pointsman.commands.mdr_apply import apply_command
from pointsman.commands.mdr_lint import lint_command
from pointsman.commands.mdr_stored import diff_command, list_command, show_command
from pointsman.commands.mdr_written import schema_command, template_command
from pointsman.commands.measures import measures
from pointsman.commands.prices_reprice import reprice_command
from pointsman.commands.replay import replay
from pointsman.commands.schema import migrate_command
from pointsman.commands.services import ingest, steer, up
from pointsman.commands.status import status
from pointsman.exits import ATTENTION, INTERRUPTED, WELL, say
from pointsman.options import help_without_command
from pointsman.version import VERSION

_WIDEST_HELP = 110

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST_HELP},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's callbacks are called so
    if asked:
        typer.echo(f"pointsman {VERSION}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def pointsman(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Holds an LLM router to its Model Decision Records.

    Exit codes: 0 well, 1 something needs attention, 2 wrong use or settings, 3 blind (a service did not answer), 130
    interrupted, 141 nobody reads the output any more.

    For a first look: pointsman up --embedded
    """
    help_without_command(context)


app.command("migrate", short_help="Bring the database to this version's schema.")(migrate_command)
app.command("ingest", short_help="Read from Kafka into PostgreSQL, exactly once.")(ingest)
app.command("steer", short_help="Do what runs by the clock, or stand by for it.")(steer)
app.command("up", short_help="Run everything in one process.")(up)
app.command("status", short_help="Show how every route does now.")(status)
app.command("measures", short_help="Show what routes cost and how well they work.")(measures)
app.command("doctor", short_help="Check everything, with the fix beside each problem.")(doctor)
app.command("forget", short_help="Delete what is stored of one session or one tenant.")(forget)
app.command("replay", short_help="Publish a file of recorded traces.")(replay)
dead_letters.app.command("replay")(replay_letters)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(topics.app, name="topics")
app.add_typer(offsets.app, name="offsets")
app.add_typer(rollups.app, name="rollups")
prices.app.command("reprice")(reprice_command)
app.add_typer(prices.app, name="prices")
evidence.app.command("explain")(explain_command)
evidence.app.command("power")(power_command)
app.add_typer(evidence.app, name="evidence")
mdr.app.command("lint", short_help="Check records: what is understood, every problem by line.")(lint_command)
mdr.app.command("apply", short_help="Store records; every revision is kept.")(apply_command)
mdr.app.command("list", short_help="List records, or the revisions of one.")(list_command)
mdr.app.command("show", short_help="Show what a stored record says.")(show_command)
mdr.app.command("diff", short_help="Show what differs, and which evidence would begin anew.")(diff_command)
mdr.app.command("template", short_help="Write a record to be filled in.")(template_command)
mdr.app.command("schema", short_help="Print the JSON Schema of the block, for editors.")(schema_command)
app.add_typer(mdr.app, name="mdr", short_help="Model Decision Records: check, keep, compare.")


def run() -> int:
    """Run what the arguments say; the exit code."""
    try:
        code = app(prog_name="pointsman", standalone_mode=False)
    except typer.Abort as abort:
        # At a question: the answer was no, there was none, or a Ctrl-C. Only an answer typed into a terminal ends the
        # line of the question there.
        unanswered = abort.__context__
        if unanswered is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
            with suppress(OSError):
                sys.stderr.write("\n")
        return _say("nothing was done", INTERRUPTED if isinstance(unanswered, KeyboardInterrupt) else ATTENTION)
    except TyperException as error:
        return _say(_sentence(error), error.exit_code)
    return code if isinstance(code, int) else WELL


def _sentence(error: TyperException) -> str:
    """Wrong use in one sentence, as every other error."""
    text = error.format_message().replace("Value error, ", "").strip()
    context = getattr(error, "ctx", None)
    return f"{text.removesuffix('.')}; see: {context.command_path} --help" if text and context else text


def _say(sentence: str, code: int) -> int:
    if sentence:
        say(sentence)
    return code
