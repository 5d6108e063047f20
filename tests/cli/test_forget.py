"""`pointsman forget` asks first, says what went, and what it cannot promise."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from migrations.schema import migrate
from store.received import Batch
from store.sessions import Sessions
from tests.builders import trace
from tests.cli.command import Said, as_process, pointsman
from tests.ingest import stored
from tests.ingest.process import environment
from tests.store.feed import TRACES_0, Feed, unreadable

_SETTINGS_AWAY = {"database_url": "postgresql://someone:pass-word@127.0.0.1:1/none"}


@pytest.fixture
def url(database18: str) -> str:
    """A store with three traces and a dead letter of session s-1, and one trace of another."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    feed.send(*(trace(session_id="s-1") for _ in range(3)), trace(session_id="s-2"))
    batch = feed.batch({TRACES_0: [unreadable()] * 2})
    payloads = (b'{"session_id": "s-1", ', b'{"tenant": "s-1"')
    messages = [one._replace(payload=payload) for one, payload in zip(batch.messages, payloads, strict=True)]
    feed.send_batch(Batch(messages, batch.spans))
    sessions.close()
    return database18


def forget(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("forget", *arguments, settings={"database_url": url})


def test_a_dry_run_counts(url: str) -> None:
    """What would go, and nothing has gone."""
    said = forget(url, "--session", "s-1", "--dry-run")
    assert said.code == 0
    assert "would delete 3 traces with attempts and outcomes, and 1 dead letter\n" in said.out
    assert "stays: the value stands somewhere else in 1 dead letter (2);" in said.out
    assert stored.count(url, "traces") == 4


def test_it_goes_and_a_second_run_finds_nothing(url: str) -> None:
    """Counts for people and for programs, and what Kafka may bring back."""
    said = forget(url, "--session", "s-1", "--yes")
    assert said.code == 0
    assert said.out.startswith("deleted 3 traces, 3 attempts, 0 outcomes and 1 dead letter\n")
    assert "Kafka still holds" in said.out
    again = json.loads(forget(url, "--session", "s-1", "--yes", "--json").out)
    assert again == {
        "deleted": {"traces": 0, "attempts": 0, "outcomes": 0, "dead_letters": 0},
        "dry_run": False, "letters_that_mention_it": 1, "letters_unseen": {"hashed": 0, "cut": 0},
        "renamed_rollups": 0,
        "stored_meanwhile": 0,
    }  # fmt: skip
    found = json.loads(forget(url, "--session", "s-2", "--dry-run", "--json").out)["found"]
    assert found == {"traces": 1, "dead_letters": 0, "tenant_sums": 0}


def test_nobody_who_could_say_yes(url: str) -> None:
    """Without a terminal and without --yes nothing is deleted."""
    said = as_process("forget", "--session", "s-1", settings={"database_url": url})
    assert said.code == 1
    assert "This deletes 3 traces with attempts and outcomes, and 1 dead letter. Go on?" in said.err
    assert "nothing was done" in said.err
    assert stored.count(url, "traces") == 4


def test_nothing_to_delete(url: str) -> None:
    """Nobody is asked, so that nobody has to be there."""
    said = as_process("forget", "--session", "s-3", settings={"database_url": url})
    assert said.code == 0
    assert said.out.startswith("deleted 0 traces, 0 attempts, 0 outcomes and 0 dead letters\n")
    assert "Go on?" not in said.err


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 4)])
def test_a_person_is_asked(url: str, answer: str, left: int) -> None:
    """At a terminal; the answer decides."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pointsman", "forget", "--session", "s-1"]
    with subprocess.Popen(command, env=environment({"database_url": url}), stdin=theirs, stderr=subprocess.PIPE) as run:
        os.write(ours, answer.encode())
        _, err = run.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert b"Go on? [y/N]" in err
    assert err.index(b"stays: the value stands somewhere else in 1 dead letter") < err.index(b"Go on?")
    assert run.returncode == (0 if left == 1 else 1)
    assert stored.count(url, "traces") == left


@contextmanager
def held(url: str) -> Iterator[subprocess.Popen[str]]:
    """A forget that waits for a lock on the traces of its session."""
    with psycopg.connect(url) as holder:
        holder.execute("SELECT 1 FROM traces WHERE session_id = 's-1' FOR UPDATE")
        command = [sys.executable, "-m", "pointsman", "forget", "--session", "s-1", "--yes"]
        with subprocess.Popen(
            command, env=environment({"database_url": url}), stderr=subprocess.PIPE, text=True
        ) as run:
            try:
                with psycopg.connect(url, autocommit=True) as looker:
                    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    deadline = time.monotonic() + 20
                    while looker.execute(waiting).fetchone() == (0,):
                        assert time.monotonic() < deadline
                        time.sleep(0.02)
                yield run
            finally:
                run.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_one_that_is_cut_short_is_continued(url: str, how: signal.Signals) -> None:
    """Ctrl-C says so in one sentence; after either the next run finds what is left."""
    with held(url) as run:
        run.send_signal(how)
        _, err = run.communicate(timeout=30)
    if how == signal.SIGINT:
        assert run.returncode == 130
        assert err.startswith("pointsman: interrupted: deleted 0 traces, 0 attempts")
        assert err.endswith("run it again to go on\n")
    assert forget(url, "--session", "s-1", "--yes").out.startswith("deleted 3 traces, 3 attempts")


def test_a_row_that_is_held_ends_it_in_time(url: str) -> None:
    """Nobody waits for more than a lock's three seconds; exit code 3, and how far it came."""
    with held(url) as run:
        _, err = run.communicate(timeout=20)
    assert run.returncode == 3
    assert "pointsman: deleted 0 traces, 0 attempts, 0 outcomes and 0 dead letters; run it again to go on\n" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say whose"),
        (["--session", "a", "--tenant", "b"], "say whose"),
        (["--session", ""], "--session: expected 1 to 256 characters"),
        (["--tenant", "x" * 257], "--tenant: expected 1 to 256 characters"),
        (["--tenant", "a\udcff"], "--tenant: expected 1 to 256 characters"),
        (["--session", "a", "--environment", ""], "--environment: expected"),
    ],
)
def test_wrong_use(arguments: list[str], sentence: str) -> None:
    """One sentence, exit code 2, and no database was asked."""
    said = pointsman("forget", *arguments, settings=_SETTINGS_AWAY)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert sentence in said.err


def test_a_database_that_is_away() -> None:
    """Blind, without the password."""
    said = as_process("forget", "--session", "a", "--yes", settings=_SETTINGS_AWAY)
    assert said.code == 3
    assert "pass-word" not in said.err
    assert said.err.count("\n") == 1
