"""docs/operating.md names every metric, every command, every check and every reason to stop."""

import ast
import re
from pathlib import Path

import pytest
import typer.main

from pointsman.command_line import app
from pointsman.doctor.checks import CHECKS
from pointsman.reference import metrics_page
from tests.test_doctor_rules import seen

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
_STOPPING = ("ingest/assignment.py", "ingest/broker.py", "ingest/placing.py", "ingest/stopping.py")


def leaves(command: object, path: str) -> list[str]:
    """Every command without children, by its whole name."""
    children = getattr(command, "commands", None)
    if children is None:
        return [path]
    return [leaf for name, child in children.items() for leaf in leaves(child, f"{path} {name}")]


def sentences() -> list[str]:
    """The fixed words of every IngestStopped and Stop that the code raises or returns."""
    found = []
    for name in _STOPPING:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("IngestStopped", "Stop")
            ):
                words = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                found.append(" … ".join(str(word) for word in words))
    return found


def stops() -> list[str]:
    """What the page quotes of them."""
    table = PAGE.partition("## When ingest stops")[2].partition("Log lines that end nothing")[0]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


@pytest.mark.parametrize(
    "metric", re.findall(r"^\| `(\w+)` \|", metrics_page.render().partition("| metric")[2], re.MULTILINE)
)
def test_every_metric_has_a_line(metric: str) -> None:
    """With what to do when it moves."""
    assert re.search(rf"^\| `{metric}` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", leaves(typer.main.get_command(app), "pointsman"))
def test_every_command_is_named(command: str) -> None:
    """Whoever operates Pointsman has read of it once."""
    assert f"`{command}" in PAGE or f"\n{command}" in PAGE


@pytest.mark.parametrize("revision", sorted(path.stem for path in (ROOT / "migrations/versions").glob("0*.py")))
def test_every_revision_has_a_line(revision: str) -> None:
    """Whoever upgrades reads what a migration does to a database that is full."""
    assert re.search(rf"^\| `{revision}` \|[^|]*\| [^|]+ \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("sentence", sentences())
def test_every_reason_to_stop_has_a_line(sentence: str) -> None:
    """Who searches the page for the words of the log finds what to do."""
    # These two hand on a sentence that was made elsewhere.
    made_elsewhere = not sentence or "reason" in sentence
    assert made_elsewhere or any(words in sentence for words in stops()), sentence


def test_reasons_are_found() -> None:
    """The search above is not blind: it sees the sentences, and misses one that is not on the page."""
    assert len([sentence for sentence in sentences() if sentence]) >= 7
    assert not any(words in "a reason that nobody wrote down" for words in stops())


def test_every_check_has_a_line() -> None:
    """Under the name that the report gives it."""
    named = {name.strip() for cell in re.findall(r"^\| ([a-z, ]+) \|", PAGE, re.MULTILINE) for name in cell.split(",")}
    assert {finding.check for check in CHECKS for finding in check(seen())} <= named
