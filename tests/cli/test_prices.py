"""`pointsman prices`: import, list, check and reprice, against a database with traces in it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrations.schema import migrate
from store.sessions import Sessions
from tests.builders import attempt, trace
from tests.cli.command import Said, as_process, pointsman
from tests.ingest import stored
from tests.ingest.process import environment
from tests.store.feed import Feed

_HEADER = "provider,model,unit,usd_per_million,usd_per_hour,valid_from\n"
_QWEN = _HEADER + ",qwen-*,input_tokens,1,,\n,qwen-*,output_tokens,4,,\n"
_PEOPLE = ",,human_review_hours,,36,\n"
_PERIOD = ("--since", "2026-11-23", "--until", "2026-11-24")


@pytest.fixture
def url(database18: str) -> str:
    """A store without prices, with two traces of two attempts each at noon of a day; a person looked at one."""
    sessions = Sessions(database18)
    migrate(sessions)
    other = attempt(model="gpt-5.4", provider="openai", input_tokens=10, output_tokens=5)
    Feed(sessions).send(trace(attempts=(attempt(), other)), trace(attempts=(attempt(), other), human_review_s=10.0))
    sessions.close()
    return database18


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a price for one of the two models."""
    path = tmp_path / "prices.csv"
    path.write_text(_QWEN)
    return path


def prices(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("prices", *arguments, settings={"database_url": url})


def objects(said: Said) -> list[dict[str, Any]]:
    """The JSON objects that a command printed."""
    return [json.loads(line) for line in said.out.splitlines()]


def test_imported_once(url: str, file: Path) -> None:
    """A dry run changes nothing, the import adds, a second one finds it all there."""
    assert prices(url, "import", str(file), "--dry-run").out.startswith("would add 1; 0 in the book already\n")
    assert stored.count(url, "price_book") == 0
    said = prices(url, "import", str(file))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("added 1; 0 in the book already\n")
    assert "for what is stored already: pointsman prices reprice" in said.out
    assert prices(url, "import", str(file)).out == "nothing changed: 1 in the book already\n"
    assert objects(prices(url, "import", str(file), "--json")) == [
        {"dry_run": False, "new": 0, "withdrawn": 0, "unchanged": 1, "left_out": {}}
    ]
    assert stored.count(url, "price_book") == 2


def test_what_is_in_the_way_is_told_by_name(url: str, file: Path) -> None:
    """All problems, each on a line, and nothing was imported: also not what would have been right."""
    prices(url, "import", str(file))
    others = ",q*wen-,input_tokens,1,,\n,*qwen-,input_tokens,1,,\n,ok,requests,1,,\n"
    file.write_text(_QWEN.replace(",4,", ",5,") + others)
    said = prices(url, "import", str(file))
    assert said.code == 2
    first, *ties, last = said.err.splitlines()
    assert "lines 2, 3: qwen-* from 1970-01-01 is in the book with other prices (price 1)" in first
    assert "--replace withdraws the old one" in first
    assert len(ties) == 3
    assert all(line.endswith("neither goes before the other") for line in ties)
    assert sum("price 1: qwen-* from 1970-01-01" in line for line in ties) == 2
    assert any("line 4: q*wen- from 1970-01-01 and line 5: *qwen- from 1970-01-01" in line for line in ties)
    assert last == "pointsman: 4 problems; nothing was imported"
    assert stored.count(url, "price_book") == 2


def test_replaced(url: str, file: Path) -> None:
    """Only when asked to, and after a question; the old entry stays to be looked at."""
    prices(url, "import", str(file))
    file.write_text(_QWEN.replace(",4,", ",5,"))
    said = as_process("prices", "import", str(file), "--replace", settings={"database_url": url})
    assert said.code == 1
    assert "withdraws price 1: qwen-* from 1970-01-01" in said.err
    assert "nothing was done" in said.err
    assert prices(url, "import", str(file), "--replace", "--yes").out.startswith("added 1, withdrew 1;")
    (now,) = objects(prices(url, "list", "--json"))
    assert (now["price_id"], now["prices"][1]["usd_per_million"]) == (2, "5")
    old, new = objects(prices(url, "list", "--json", "--withdrawn"))
    assert old["withdrawn_at"] is not None
    assert new == now


def test_listed(url: str, file: Path) -> None:
    """By model and time, for people and for programs."""
    assert prices(url, "list").out == "the price book is empty; see: pointsman prices import --help\n"
    file.write_text(_QWEN + _PEOPLE + "openai,gpt-5.4,input_tokens,2.5,,2026-11-23T13:00:00Z\n")
    prices(url, "import", str(file))
    said = prices(url, "list")
    assert "qwen-*" in said.out
    assert "input 1, output 4" in said.out
    assert "human review" in said.out
    assert [one["model"] for one in objects(prices(url, "list", "--json", "--model", "qwen-3"))] == ["qwen-*"]
    assert prices(url, "list", "--model", "gpt-5.4", "--at", "2026-11-23T12:59:59Z").out == "none of them\n"
    (found,) = objects(prices(url, "list", "--json", "--model", "gpt-5.4", "--at", "2026-11-23T13:00:00Z"))
    assert found == {
        "price_id": 3, "provider": "openai", "model": "gpt-5.4", "valid_from": "2026-11-23T13:00:00+00:00",
        "valid_to": None, "gpus": None, "assumed_batch_size": None, "source": "prices.csv",
        "imported_at": found["imported_at"], "withdrawn_at": None,
        "prices": [{"unit": "input_tokens", "above_input_tokens": 0, "usd_per_million": "2.5"}],
    }  # fmt: skip


def test_checked(url: str, file: Path) -> None:
    """Attempts and the time of people without a cost are named, with exit code 1; else 0, and a sentence."""
    said = prices(url, "check", "--since", "2026-11-01")
    assert said.code == 1
    assert "gpt-5.4" in said.out
    assert "human review without a rate: 1 trace, 0 outcomes" in said.out
    qwen, gpt, people = objects(prices(url, "check", "--since", "2026-11-01", "--json"))
    assert (gpt["model"], gpt["provider"], gpt["attempts"], gpt["in_price_book"]) == ("gpt-5.4", "openai", 2, False)
    assert (qwen["input_tokens"], qwen["output_tokens"]) == (2 * 1234, 2 * 321)
    assert people == {"human_review": {"traces": 1, "outcomes": 0}}
    file.write_text(_QWEN + _PEOPLE + ",gpt*,input_tokens,1,,\n,gpt*,output_tokens,1,,\n")
    prices(url, "import", str(file))
    assert {one.get("in_price_book") for one in objects(prices(url, "check", "--since", "2026-11-01", "--json"))} == {
        True,
        None,
    }
    assert prices(url, "reprice", *_PERIOD, "--yes").code == 0
    said = prices(url, "check", "--since", "2026-11-01")
    assert (said.code, said.out) == (0, "everything since 2026-11-01 00:00 UTC has a cost\n")


def test_repriced(url: str, file: Path) -> None:
    """Shows what would change, asks, writes it beside the old costs, and the next run finds nothing to do."""
    file.write_text(_QWEN + _PEOPLE)
    prices(url, "import", str(file))
    said = prices(url, "reprice", *_PERIOD, "--dry-run")
    assert (said.code, stored.count(url, "repriced_attempts")) == (0, 0)
    assert "3 attempts would have other costs" in said.out
    (found,) = objects(prices(url, "reprice", *_PERIOD, "--dry-run", "--json"))
    each = 1234 * 1000 + 321 * 4000
    assert found["models"]["qwen-3.5-72b"] == {
        "attempts": 2, "changed": 2, "unpriced_before": 2, "unpriced_after": 0, "before_nanousd": 0,
        "after_nanousd": 2 * each,
    }  # fmt: skip
    assert found["models"]["gpt-5.4"]["unpriced_after"] == 2
    assert found["models"]["human review"]["after_nanousd"] == 100_000_000
    before = stored.rows(url, "SELECT * FROM attempts ORDER BY trace_id, position")
    said = as_process("prices", "reprice", *_PERIOD, settings={"database_url": url})
    assert (said.code, stored.count(url, "repriced_attempts")) == (1, 0)
    assert "This gives 3 attempts other costs. Go on?" in said.err
    said = prices(url, "reprice", *_PERIOD, "--yes")
    assert (said.code, said.out) == (0, "gave 3 attempts other costs, 1 day rebuilt\n")
    new = "SELECT position, generation_cost_nanousd, price_id FROM repriced_attempts ORDER BY position, trace_id"
    assert [tuple(row.values()) for row in stored.rows(url, new)] == [
        (-1, 100_000_000, 2), (0, 321 * 4000, 1), (0, 321 * 4000, 1),
    ]  # fmt: skip
    assert stored.rows(url, "SELECT * FROM attempts ORDER BY trace_id, position") == before
    assert prices(url, "reprice", *_PERIOD, "--yes").out == "gave 0 attempts other costs, 0 days rebuilt\n"


def test_repriced_again(url: str, file: Path) -> None:
    """By a third book, and back to none where the price was withdrawn without another: unknown, not 0."""
    prices(url, "import", str(file))
    prices(url, "reprice", *_PERIOD, "--yes")
    file.write_text(_QWEN.replace(",4,", ",5,"))
    prices(url, "import", str(file), "--replace", "--yes")
    (found,) = objects(prices(url, "reprice", *_PERIOD, "--yes", "--json", "--model", "qwen-3.5-72b"))
    assert (found["written"], found["rebuilt_days"]) == (2, ["2026-11-23"])
    query = "SELECT DISTINCT generation_cost_nanousd, price_id FROM repriced_attempts"
    assert stored.rows(url, query) == [{"generation_cost_nanousd": 321 * 5000, "price_id": 2}]
    file.write_text(_HEADER + ",qwen-*,input_tokens,1,,\n")
    prices(url, "import", str(file), "--replace", "--yes")
    assert prices(url, "reprice", *_PERIOD, "--yes").out.startswith("gave 2 attempts other costs")
    assert stored.rows(url, query) == [{"generation_cost_nanousd": None, "price_id": None}]
    assert objects(prices(url, "check", "--since", "2026-11-01", "--json"))[0]["attempts"] == 2


def test_a_period_ends_where_it_says(url: str, file: Path) -> None:
    """`--until` is not included, `--since` is; other models than the one asked for stay."""
    prices(url, "import", str(file))
    for period in (("2026-11-22", "2026-11-23T12:00:00Z"), ("2026-11-23T12:00:01Z", "2026-12-01")):
        said = prices(url, "reprice", "--since", period[0], "--until", period[1], "--dry-run")
        assert said.out == "the period holds nothing that the price book prices\n"
    noon = ("--since", "2026-11-23T12:00:00Z", "--until", "2026-11-23T12:00:01Z")
    assert "2 attempts would" in prices(url, "reprice", *noon, "--dry-run").out
    (found,) = objects(prices(url, "reprice", *noon, "--dry-run", "--json", "--model", "gpt-5.4"))
    assert (found["changed"], list(found["models"])) == (0, ["gpt-5.4"])


def test_a_person_is_asked(url: str, file: Path) -> None:
    """At a terminal, after the difference was shown."""
    prices(url, "import", str(file))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pointsman", "prices", "reprice", *_PERIOD]
    pipes: dict[str, Any] = {"stdin": theirs, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment({"database_url": url}), **pipes) as run:
        os.write(ours, b"y\n")
        out, err = run.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert run.returncode == 0
    assert b"+0.005036" in out
    assert b"Go on? [y/N]" in err
    assert stored.count(url, "repriced_attempts") == 2


def test_from_the_package(url: str) -> None:
    """Some providers or all, and what was left out is told."""
    said = prices(url, "import", "--from", "genai-prices", "--provider", "anthropic")
    assert said.code == 0
    assert said.out.startswith("added ")
    assert "left out: " in said.out
    assert {one["provider"] for one in objects(prices(url, "list", "--json"))} == {"anthropic"}
    again = prices(url, "import", "--from", "genai-prices", "--provider", "anthropic")
    assert again.out.startswith("nothing changed: ")


def test_without_the_package(tmp_path: Path) -> None:
    """The extra is named; no database was asked."""
    (tmp_path / "genai_prices.py").write_text("raise ImportError")
    command = [sys.executable, "-m", "pointsman", "prices", "import", "--from", "genai-prices"]
    variables = environment({"database_url": "postgresql://127.0.0.1:1/none"}) | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "needs the extra `prices`: pip install 'pointsman[prices]'" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["import"], "say from where"),
        (["import", "x.csv", "--from", "genai-prices"], "say from where"),
        (["import", "x.csv", "--valid-from", "2026-01-01"], "--provider and --valid-from go with --from"),
        (["import", "no-such.csv"], "no-such.csv: No such file"),
        (["import", "--from", "genai-prices", "--provider", "nobody"], "has no provider nobody"),
        (["list", "--at", "noon"], "--at: cannot read 'noon'"),
        (["check", "--since", "noon"], "--since: cannot read 'noon'"),
        (["reprice", "--since", "2026-11-02", "--until", "2026-11-02"], "--since is not before --until"),
        (["reprice"], "Missing option '--since'"),
    ],
)
def test_wrong_use(arguments: list[str], sentence: str) -> None:
    """One sentence, exit code 2, and no database was asked."""
    said = pointsman("prices", *arguments, settings={"database_url": "postgresql://127.0.0.1:1/none"})
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert sentence in said.err


def test_a_database_that_is_away(file: Path) -> None:
    """Blind, in one sentence."""
    said = pointsman("prices", "import", str(file), settings={"database_url": "postgresql://127.0.0.1:1/none"})
    assert (said.code, said.err.count("\n")) == (3, 1)
