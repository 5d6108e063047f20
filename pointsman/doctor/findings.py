"""What a check finds, and what it looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from ingest.inspection import ClusterFacts
from pointsman.settings import Settings
from store.counting import CountingFacts
from store.inspection import ServerFacts, StoreFacts


class Level(StrEnum):
    """How bad it is. A warning may be meant so; a problem needs somebody; blind: a service did not answer."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    WRONG = "wrong"
    BLIND = "blind"


class Finding(NamedTuple):
    """One line of the report; `fix` is the command or setting that helps, '' where nothing has to be done."""

    check: str
    level: Level
    detail: str
    fix: str = ""


class Unanswered(NamedTuple):
    """Why a service was not seen: it did not answer, or it refused (then the settings are wrong)."""

    sentence: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was seen, at one time.

    `store` and `counting` are None where the schema is not this version's. `clock_ahead` is the database's clock
    against ours.
    """

    settings: Settings
    misspelt: Sequence[str]
    head: str
    cluster: ClusterFacts | Unanswered | None
    server: ServerFacts | Unanswered | None
    store: StoreFacts | None
    counting: CountingFacts | None
    days_ahead: int
    clock_ahead: timedelta


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, detail)


def warning(check: str, detail: str, fix: str) -> Finding:
    """It works, and could go wrong."""
    return Finding(check, Level.WARNING, detail, fix)


def problem(check: str, detail: str, fix: str) -> Finding:
    """Something needs attention."""
    return Finding(check, Level.PROBLEM, detail, fix)
