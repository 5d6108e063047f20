"""`pointsman dead-letters` shows people what could not be stored, whatever a hostile message holds."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingest.reading import Model
from migrations.schema import migrate
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.topics import HEARTBEATS, OUTCOMES, TRACES
from pointsman_contract.trace import Trace
from store.received import Batch, Received, Span
from store.sessions import Sessions
from tests.builders import trace, wire
from tests.cli.command import Said, pointsman
from tests.ingest.arrived import message, read_one
from tests.ingest.process import environment
from tests.services.postgres import PostgresServer, fresh_database
from tests.store.feed import Feed, partition

# Ends the line, clears the screen, sets the title, rings, moves backwards, and writes from right to left.
HOSTILE = "\r\n\x1b[2J\x1b]0;title\x07\b\u202e[red]bold[/red]"
VALUES: list[tuple[str, Model, bytes | None]] = [
    (TRACES, Trace, b'{"kind": "pointsman.trace/1", "cut'),
    (TRACES, Trace, wire(trace(), environment=HOSTILE, route=HOSTILE, arm=HOSTILE)),
    (TRACES, Trace, wire(trace(), **{HOSTILE: 1, "arm": "none"})),
    (TRACES, Trace, None),
    (OUTCOMES, Outcome, HOSTILE.encode() + b"\xff\xfe\x9b2J"),
    (HEARTBEATS, Heartbeat, b"x" * 2_000_000),
]


def letter(offset: int, topic: str, model: Model, value: bytes | None) -> Received:
    """As ingest hands it on."""
    now = datetime.now(UTC)
    sent = message(value, offset=offset, timestamp_ms=round(now.timestamp() * 1000), key=HOSTILE.encode())
    return read_one(partition(topic=topic), model, sent, now)


@pytest.fixture(scope="module")
def url(postgres18: PostgresServer) -> Iterator[str]:
    """A store with one dead letter of each value."""
    with fresh_database(postgres18) as url:
        sessions = Sessions(url)
        migrate(sessions)
        feed = Feed(sessions)
        for topic, model, value in VALUES:
            source = partition(topic=topic)
            first = feed.place(source)
            message = letter(first, topic, model, value)
            assert feed.store.store(Batch([message], {source: Span(first, first + 1)})).counts[source].dead == 1
        sessions.close()
        yield url


def ask(url: str, *arguments: str) -> Said:
    """Run one of the two commands."""
    return pointsman("dead-letters", *arguments, settings={"database_url": url})


def test_a_list_is_one_line_each_and_a_count_of_reasons(url: str) -> None:
    """The newest first, with where, why and what is wrong."""
    said = ask(url, "list")
    assert said.code == 0
    assert "6 of 6 shown" in said.out
    assert "invalid_field 2" in said.out
    assert "routing.traces/0@0" in said.out
    assert said.out.index("routing.heartbeats/0@0") < said.out.index("routing.traces/0@0")


@pytest.mark.parametrize("number", range(1, len(VALUES) + 1))
def test_no_message_moves_the_cursor(url: str, number: int) -> None:
    """Control characters of a message arrive as text, in the list and in full."""
    for said in (ask(url, "list"), ask(url, "show", str(number))):
        assert said.code == 0, said.err
        assert all(char.isprintable() or char == "\n" for char in said.out)
    assert "[red]bold[/red]" in ask(url, "show", "2").out


def test_json_for_programs(url: str) -> None:
    """One object a line, with every field; the payload in full where one letter is shown."""
    lines = [json.loads(line) for line in ask(url, "list", "--json").out.splitlines()]
    assert [line["reason"] for line in lines] == [
        "too_large", "not_utf8", "tombstone", "invalid_field", "invalid_field", "invalid_json"
    ]  # fmt: skip
    assert {"id", "dead_at", "topic", "partition", "offset", "reason", "detail", "payload_bytes"} <= lines[0].keys()
    whole = json.loads(ask(url, "show", str(lines[-1]["id"]), "--json").out)
    assert whole["payload"] == '{"kind": "pointsman.trace/1", "cut'
    assert whole["message_key"] == HOSTILE
    assert len(json.loads(ask(url, "show", str(lines[0]["id"]), "--json").out)["payload"]) == 64 * 1024


def test_filters(url: str) -> None:
    """By reason, topic and age; a limit says how many there are."""
    assert len(ask(url, "list", "--reason", "invalid_field", "--json").out.splitlines()) == 2
    assert len(ask(url, "list", "--topic", OUTCOMES, "--json").out.splitlines()) == 1
    assert len(ask(url, "list", "--since", "1h", "--json").out.splitlines()) == 6
    assert "2 of 6 shown" in ask(url, "list", "--limit", "2").out
    assert ask(url, "list", "--topic", "no.such.topic").out == "none of them\n"
    assert ask(url, "list", "--topic", "no.such.topic", "--json").out == ""


@pytest.mark.parametrize("number", ["0", "-1", "7", "99999999999999999999"])
def test_a_letter_that_is_not_there(url: str, number: str) -> None:
    """Wrong use, in one sentence."""
    said = ask(url, "show", "--", number)
    assert said.code == 2
    assert said.err == f"pointsman: there is no dead letter {number}\n"


@pytest.mark.parametrize(("flags", "shown"), [([], 2_000), (["--full"], 64 * 1024)], ids=["beginning", "full"])
def test_a_terminal_gets_the_beginning(url: str, flags: list[str], shown: int) -> None:
    """64 KiB of a stranger's bytes would push what is wrong out of sight; a pipe gets all that is kept."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pointsman", "dead-letters", "show", "6", *flags]
    with subprocess.Popen(command, env=environment({"database_url": url}), stdout=theirs) as run:
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
        assert run.wait(30) == 0
    os.close(ours)
    assert said.count(b"x" * 1000) == shown // 1000
    assert (b"all 65,536 that are kept: pointsman dead-letters show 6 --full" in said) == (not flags)
    assert ask(url, "show", "6").out.count("x" * 1000) == 65


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:
        # Linux's way to say that nobody is on the other side any more.
        return b""
