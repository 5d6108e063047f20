"""`pointsman status` against a real store: one word, its reasons, a line for each route, an exit code."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from migrations.schema import migrate
from store.leases import acquire
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import attempt, outcome, trace
from tests.cli.command import Said, pointsman
from tests.ingest.process import environment
from tests.services.postgres import PostgresServer
from tests.store.feed import OUTCOMES_0, Feed, execute, unreadable

NOW = datetime.now(UTC)


@pytest.fixture
def url(database18: str) -> str:
    """A led store with two routes that have just had requests, and one of yesterday evening's."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    start = datetime.now(UTC) - timedelta(seconds=5)
    judged = trace(started_at=start, duration_s=1.0)
    feed.send(judged, trace(started_at=start, route="chat\x1b[2J"), trace(started_at=start, environment="stage"))
    feed.send(outcome(trace_id=judged.trace_id), to=OUTCOMES_0)
    tick(sessions)
    with sessions.write() as db:
        acquire(db, "steer", "host/1", life=timedelta(minutes=10))
    sessions.close()
    return database18


def status(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("status", *arguments, settings={"database_url": url})


def also(url: str, *contents: object) -> None:
    """Store these too, and count them."""
    sessions = Sessions(url)
    Feed(sessions).send(*contents)  # type: ignore[arg-type]  # messages
    tick(sessions)
    sessions.close()


def test_calm(url: str) -> None:
    """One line for each route of this environment; a stranger's words move no cursor."""
    said = status(url)
    assert said.code == 0, said
    assert said.out.startswith("calm  ")
    assert "chat\\x1b[2J" in said.out
    (line,) = [line for line in said.out.splitlines() if line.startswith("invoices")]
    assert "100 %" in line
    seen = json.loads(status(url, "--json").out)
    assert [route["route"] for route in seen["routes"]] == ["chat\x1b[2J", "invoices"]
    assert seen["state"] == "calm"


def test_another_environment_is_named(url: str) -> None:
    """Who looks into an empty one is told which others there are."""
    assert "but of prod, stage: --environment prod" in status(url, "--environment", "test").out


def test_attention(url: str) -> None:
    """Exit code 1 and the reason: unreadable messages, a silent route, an injection."""
    also(url, *(unreadable(environment="prod", route="invoices") for _ in range(2)))
    also(url, trace(started_at=datetime.now(UTC) - timedelta(hours=3), route="mail"))
    also(url, trace(started_at=datetime.now(UTC), attempts=(attempt(injection="succeeded"),)))
    said = status(url)
    assert said.code == 1
    assert "invoices: 50.0 % of its messages are dead letters" in said.out
    assert "invoices: 1 injection succeeded" in said.out
    assert "mail: silent" in said.out


def test_sums_that_contradict_each_other(url: str) -> None:
    """One route needs attention and shows no figure of them; the others are shown as they are."""
    sessions = Sessions(url)
    of_chat = "(SELECT key_id FROM request_keys WHERE route LIKE 'chat%')"
    execute(sessions, f"UPDATE request_rollups_minute SET succeeded = known + 1 WHERE key_id IN {of_chat}")
    sessions.close()
    said = status(url)
    assert said.code == 1
    assert "its sums contradict each other (succeeded: more than known, of which it is a part)" in said.out
    seen = {line["route"]: line for line in json.loads(status(url, "--json").out)["routes"]}
    assert seen["invoices"]["eventual_success_rate"] == 1
    assert (seen["chat\x1b[2J"]["eventual_success_rate"], seen["chat\x1b[2J"]["requests"]) == (None, 1)


def test_traffic_is_of_time_that_has_gone(url: str) -> None:
    """A window ends now, not with the minute, and nothing was seen in the future."""
    before = datetime.now(UTC)
    (line,) = [
        one for one in json.loads(status(url, "--window", "1m", "--json").out)["routes"] if one["route"] == "invoices"
    ]
    # From the beginning of the minute in which the window began.
    seconds = 60 / line["requests_per_minute"]
    gone = 60 + (before - timedelta(minutes=1)).second
    assert gone - 2 <= seconds <= gone + 5
    assert datetime.fromisoformat(line["last_seen"]) <= datetime.now(UTC)


def test_too_few_outcomes(url: str) -> None:
    """Under 80 % the bounds stand for the cost per success."""
    free = dict.fromkeys(("prefill_cost_usd", "cache_cost_usd", "tools_cost_usd"), Decimal(0))
    paid = attempt(generation_cost_usd=Decimal("0.01"), **free)
    now = datetime.now(UTC)
    outcomes = ("success", "success", "unknown")
    also(url, *(trace(started_at=now, route="few", attempts=(paid,), outcome=value) for value in outcomes))
    assert "$0.0100 to $0.0150" in status(url).out
    (line,) = [one for one in json.loads(status(url, "--json").out)["routes"] if one["route"] == "few"]
    assert (line["cost_per_success"], line["cost_per_success_bounds"]) == (None, [0.01, 0.015])


def test_blind(database18: str) -> None:
    """Exit code 3 where nothing was ever stored, and where no database answers."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    said = status(database18)
    assert (said.code, said.out.split()[0]) == (3, "blind")
    assert "nothing was ever stored" in said.out
    away = status("postgresql://someone:pass-word@127.0.0.1:1/none")
    assert away.code == 3
    assert "pass-word" not in away.err


@pytest.mark.parametrize("window", ["30s", "2d", "soon", "2026-11-28"])
def test_a_window_that_is_none(url: str, window: str) -> None:
    """A minute to a day."""
    said = status(url, "--window", window)
    assert said.code == 2
    assert "--window: " in said.err


@contextmanager
def watching(url: str, *arguments: str, **streams: Any) -> Iterator["subprocess.Popen[str]"]:
    """A watch as a process of its own, which ends with the block."""
    command = [sys.executable, "-m", "pointsman", "status", "--watch", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    variables = environment({"database_url": url}) | {"TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(command, env=variables, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_watch_outlives_the_database(url: str, postgres18: PostgresServer) -> None:
    """While it is away the watch is blind, says since when and why, and looks on; Ctrl-C then ends it with 3."""
    with watching(url, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None

        def until(state: str) -> dict[str, Any]:
            assert process.stdout is not None
            while True:
                line = json.loads(process.stdout.readline())
                if line["state"] == state:
                    return dict(line)

        counted = until("calm")["counted_until"]
        postgres18.stop()
        try:
            first, second = until("blind"), until("blind")
        finally:
            postgres18.start()
        assert first["sentences"][0].startswith("the database has not answered since ")
        assert first["sentences"][0][:50] == second["sentences"][0][:50]
        assert re.search("connect|terminat", second["sentences"][0])
        assert (second["routes"], second["counted_until"]) == ([], counted)
        assert [route["route"] for route in until("calm")["routes"]] == ["chat\x1b[2J", "invoices"]
        postgres18.stop()
        try:
            until("blind")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 3
        finally:
            postgres18.start()
        assert process.stderr.read() == ""


def test_a_watch_of_a_host_that_stands_still(url: str, postgres18: PostgresServer) -> None:
    """It takes what is sent and answers nothing, which no time-out of a connection ends: blind all the same, and Ctrl-C
    does not wait for it.
    """
    with watching(url, "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["state"] == "calm"
        postgres18.suspend()
        try:
            line = json.loads(process.stdout.readline())
            while line["state"] != "blind":
                line = json.loads(process.stdout.readline())
            assert "has said nothing for" in line["sentences"][0] or "time" in line["sentences"][0]
            process.send_signal(signal.SIGINT)
            assert process.wait(3) == 3
        finally:
            postgres18.resume()


def test_programs_get_an_object_also_from_nobody(url: str, postgres18: PostgresServer) -> None:
    """One look at a database that is away."""
    postgres18.stop()
    try:
        said = status(url, "--json")
    finally:
        postgres18.start()
    assert (said.code, json.loads(said.out)["state"]) == (3, "blind")


def test_a_watch_on_a_terminal_outlives_the_database(url: str, postgres18: PostgresServer) -> None:
    """The screen is blind, and shows the routes again once the database is back, also where it began without one."""
    ours, theirs = pty.openpty()
    postgres18.stop()
    try:
        with watching(url, stdout=theirs, stdin=subprocess.DEVNULL) as process:

            def until(words: str) -> str:
                shown = ""
                while words not in shown:
                    ready, _, _ = select.select([ours], [], [], 30)
                    assert ready, (shown, process.poll())
                    shown += os.read(ours, 4096).decode(errors="replace")
                return shown

            shown = until("looks again every two seconds")
            assert "blind" in shown
            assert "the database has not answered since" in shown
            postgres18.start()
            until("invoices")
            postgres18.stop()
            until("looks again every two seconds")
            process.send_signal(signal.SIGINT)
            # A terminal that nobody reads would hold up its end.
            os.set_blocking(ours, False)
            assert process.wait(15) == 3
    finally:
        if not postgres18.running():
            postgres18.start()
        os.close(ours)
        os.close(theirs)


def test_a_watch_without_a_schema_ends(database18: str) -> None:
    """Only a database that is away is waited for: what a person has to do is said, with exit code 2."""
    said = status(database18, "--watch")
    assert said.code == 2
    assert "pointsman migrate" in said.err


def test_a_watch_ends_with_what_it_saw_last(url: str) -> None:
    """Ctrl-C is how a watch ends: its exit code is the state's, and nothing is said about it."""
    with watching(url, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [line["state"] for line in lines] == ["calm", "calm"]
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
