"""Exit codes, the same everywhere, and errors as one sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from ingest.errors import BrokerUnreachable, KafkaDenied, NotAcknowledged
from pointsman.embedded.errors import DirectoryInUse, DirectoryUnusable, EmbeddedMissing, PortTaken
from pointsman.settings import SettingsError
from pointsman_contract.errors import PointsmanError
from store.errors import AddressUnreadable, StoreAway, StoreDenied, WrongRevision

WELL = 0
ATTENTION = 1
WRONG_USE = 2
BLIND = 3
INTERRUPTED = 130
# What a shell tells of a process that SIGPIPE has ended.
NOBODY_READS = 141

MEANINGS = {
    WELL: "well",
    ATTENTION: "something needs attention",
    WRONG_USE: "wrong use or settings",
    BLIND: "blind: a service did not answer, so nothing could be seen",
    INTERRUPTED: "a Ctrl-C cut something short",
    NOBODY_READS: "whoever read the output went away, as `head` does",
}
_WRONG_USE = (
    SettingsError,
    AddressUnreadable,
    StoreDenied,
    KafkaDenied,
    WrongRevision,
    EmbeddedMissing,
    DirectoryInUse,
    DirectoryUnusable,
    PortTaken,
)
_BLIND = (BrokerUnreachable, NotAcknowledged, StoreAway)


class UsageError(PointsmanError):
    """The command line asks for something that makes no sense; the sentence says what."""


def code_of(error: PointsmanError) -> int:
    """The exit code of an error."""
    if isinstance(error, (*_WRONG_USE, UsageError)):
        return WRONG_USE
    return BLIND if isinstance(error, _BLIND) else ATTENTION


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what Pointsman raises on purpose into its sentence and exit code; the rest is a bug and shows itself."""
    try:
        yield
    except PointsmanError as error:
        say(f"{error}")
        raise typer.Exit(code_of(error)) from error
    except KeyboardInterrupt as interrupted:
        say(str(interrupted) or "interrupted")
        raise typer.Exit(INTERRUPTED) from None


def say(sentence: str) -> None:
    """To standard error, if somebody is there."""
    with suppress(OSError):
        sys.stderr.write(f"pointsman: {sentence}\n")
