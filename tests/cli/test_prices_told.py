"""What `pointsman prices` says besides its figures: of a dry run, of a no, of own prices that list prices go before."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from migrations.schema import migrate
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.cli.command import Said, pointsman
from tests.ingest import stored
from tests.ingest.process import environment
from tests.store.feed import Feed

_HEADER = "provider,model,unit,usd_per_million\n"
_OWN = _HEADER + ",claude-*,input_tokens,1\n,claude-*,output_tokens,2\n"
_PACKAGE = ("import", "--from", "genai-prices", "--provider", "anthropic")


@pytest.fixture
def url(database18: str) -> str:
    """A store with attempts of two models, one of them with a long name, and no price."""
    sessions = Sessions(database18)
    migrate(sessions)
    Feed(sessions).send(trace(attempts=(attempt(), attempt(model="m" * 90))))
    sessions.close()
    return database18


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A file with a pattern of the operator's own."""
    path = tmp_path / "own.csv"
    path.write_text(_OWN)
    return str(path)


def prices(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("prices", *arguments, settings={"database_url": url})


def test_a_dry_run_speaks_of_what_would_be(url: str, own: str) -> None:
    """Nothing holds from now on where nothing was done."""
    assert "they would hold for what is stored after the import; " in prices(url, "import", own, "--dry-run").out
    assert "they hold for what is stored from now on; " in prices(url, "import", own).out


def test_a_no_stands_on_a_line_of_its_own(url: str, tmp_path: Path) -> None:
    """Behind a question that a pipe answered there is no end of the line; behind one in a terminal there is."""
    file = tmp_path / "prices.csv"
    file.write_text(_HEADER + ",qwen*,input_tokens,1\n,qwen*,output_tokens,2\n")
    prices(url, "import", str(file))
    command = [sys.executable, "-m", "pointsman", "prices", "reprice", "--since", "2026-11-23"]
    variables = environment({"database_url": url})
    piped = subprocess.run(command, env=variables, input="n\n", capture_output=True, text=True, check=False, timeout=60)
    assert piped.returncode == 1
    assert piped.stderr.endswith("Go on? [y/N]:\npointsman: nothing was done\n")
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=variables, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL) as run:
        shown = ""
        while "[y/N]" not in shown:
            shown += os.read(ours, 65_536).decode()
        os.write(ours, b"n\n")
        assert run.wait(60) == 1
    after = os.read(ours, 65_536).decode().replace("\r", "")
    os.close(ours)
    os.close(theirs)
    assert after.endswith("n\npointsman: nothing was done\n")
    assert stored.count(url, "repriced_attempts") == 0


def test_rows_in_a_pipe_end_with_their_last_word(url: str) -> None:
    """Spaces behind it would wrap at the terminal where the pipe ends, and show as an empty line."""
    lines = prices(url, "check", "--since", "2026-11-01").out.splitlines()
    assert len(lines) == 3
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) > 80


def test_own_prices_that_list_prices_go_before_are_told(url: str, own: str) -> None:
    """Whichever was there first: the operator's pattern is named, with models for which it holds no more."""
    prices(url, "import", own)
    would = prices(url, *_PACKAGE, "--dry-run").out
    assert "list prices would go before your price 1: claude-* from 1970-01-01: anthropic/claude-" in would
    (found,) = json.loads(prices(url, *_PACKAGE, "--json").out)["shadowed"].items()
    assert found[0] == "claude-* from 1970-01-01"
    assert len(found[1]) > 5
    assert "go before" not in prices(url, *_PACKAGE).out
    other = Path(own).with_name("other.csv")
    other.write_text(_OWN.replace("claude-*", "claude-3*") + _OWN.replace("claude", "qwen").removeprefix(_HEADER))
    (told,) = [line for line in prices(url, "import", str(other)).out.splitlines() if "go before" in line]
    assert told.startswith("list prices go before your claude-3* from 1970-01-01: anthropic/claude-3")


def test_own_names_of_a_provider_keep_their_models(url: str, own: str) -> None:
    """What goes before the package's entries, or never meets them, is not told."""
    Path(own).write_text(_OWN.replace(",claude-*", "openai,claude-*") + ",gpt-5.4,input_tokens,1\n")
    prices(url, "import", own)
    assert "go before" not in prices(url, *_PACKAGE).out
