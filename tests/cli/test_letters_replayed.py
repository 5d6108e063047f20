"""`pointsman dead-letters replay` between Kafka, a running ingest and PostgreSQL."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from kafka import KafkaConsumer, TopicPartition

from pointsman_contract.decode import encode
from pointsman_contract.topics import REPLAY_HEADER
from tests.cli.command import Said, as_process, pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.process import environment
from tests.ingest.traffic import ago, bytes_of, fresh_trace

_BROKEN = [b'{"kind": "pointsman.trace/1", "cut', b"\xff\xfe", b"[]"]
_HALTS = """
CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
CREATE TRIGGER halt BEFORE UPDATE ON dead_letters FOR EACH ROW
WHEN (NEW.replayed_at IS NOT NULL) EXECUTE FUNCTION halt();
"""


def replay(deployment: Deployment, *arguments: str) -> Said:
    """Run it with this deployment's settings."""
    return pointsman("dead-letters", "replay", *arguments, settings=deployment.settings)


def messages(deployment: Deployment, topic: str) -> list[Any]:
    """Everything that the first partition of a topic holds, as kafka-python hands it out."""
    consumer = KafkaConsumer(bootstrap_servers=deployment.bootstrap, group_id=None, auto_offset_reset="earliest")
    try:
        at = TopicPartition(topic, 0)
        consumer.assign([at])
        consumer.seek_to_beginning(at)
        found: list[Any] = []
        while len(found) < deployment.end_of(topic):
            found += consumer.poll(timeout_ms=1000).get(at, [])
        return found
    finally:
        consumer.close()


@pytest.fixture
def broken(on_kafka: Deployment) -> Deployment:
    """A running ingest, and three dead letters of its topic of traces."""
    on_kafka.create_topics()
    on_kafka.reading()
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, _BROKEN))
    assert len(stored.letters(on_kafka.url)) == 3
    return on_kafka


def test_what_can_be_stored_now_is_stored_as_replayed(on_kafka: Deployment) -> None:
    """A trace that was too old under one retention is stored under another: the same bytes, marked, once."""
    on_kafka.create_topics()
    strict = on_kafka.reading(raw_retention="1d")
    late, fresh = fresh_trace(started_at=ago(3 * 86_400)), fresh_trace()
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of([late, fresh])))
    assert [one.reason for one in stored.letters(on_kafka.url)] == ["older_than_retention"]
    strict.terminate()
    on_kafka.reading()
    said = replay(on_kafka, "--max", "10")
    assert (said.code, said.out) == (0, "1 dead letter was replayed\n"), said.err
    sent = messages(on_kafka, on_kafka.traces)[-1]
    assert sent.value == encode(late)
    assert sent.headers == [(REPLAY_HEADER, f"{on_kafka.traces}/0@0".encode())]
    on_kafka.processes[-1].wait_until(lambda: stored.count(on_kafka.url, "traces") == 2, "the replayed trace")
    found = stored.rows(on_kafka.url, "SELECT trace_id, replayed FROM traces ORDER BY replayed")
    assert [(row["trace_id"], row["replayed"]) for row in found] == [(fresh.trace_id, False), (late.trace_id, True)]
    listed = pointsman("dead-letters", "list", settings=on_kafka.settings).out
    assert "replayed" in listed
    again = replay(on_kafka, "--max", "10")
    assert (again.code, again.out) == (
        0, "0 dead letters were replayed\n1 left alone: replayed before, or a replay that came back; see --force\n"
    )  # fmt: skip


def test_letters_do_not_run_in_circles(broken: Deployment) -> None:
    """What is unreadable again is a letter that says so; no replay takes it along unless it is forced."""
    assert replay(broken, "--max", "2").out == "2 dead letters were replayed\n1 more could be: run it again\n"
    broken.processes[0].wait_until(lambda: stored.count(broken.url, "dead_letters") == 5, "the two letters again")
    found = stored.rows(broken.url, "SELECT id, replay_of, payload, message_key FROM dead_letters ORDER BY id")
    assert [row["replay_of"] for row in found[3:]] == [f"{broken.traces}/0@0", f"{broken.traces}/0@1"]
    assert [row["payload"] for row in found[3:]] == _BROKEN[:2]
    shown = pointsman("dead-letters", "show", "1", settings=broken.settings).out
    assert f"became dead letter {found[3]['id']} again" in shown
    assert replay(broken, "--max", "100").out.startswith("1 dead letter was replayed\n4 left alone: ")
    broken.processes[0].wait_until(lambda: stored.count(broken.url, "dead_letters") == 6, "the third letter again")
    last = json.loads(replay(broken, "--max", "100", "--json").out)
    assert (last["replayed"], last["left_alone"]) == (0, 6)
    forced = replay(broken, "4", "--force")
    assert (forced.code, forced.out) == (0, "1 dead letter was replayed\n")
    assert messages(broken, broken.traces)[-1].headers == [(REPLAY_HEADER, f"{broken.traces}/0@3".encode())]


def test_the_others_go_on(broken: Deployment) -> None:
    """A letter without its bytes, one that was sent before and one that is not there are counted; the rest goes."""
    with psycopg.connect(broken.url) as connection:
        connection.execute("UPDATE dead_letters SET payload = NULL WHERE id = 1")
    assert replay(broken, "2").code == 0
    said = replay(broken, "1", "2", "3", "99", "3")
    assert said.code == 1
    assert said.out == (
        "1 dead letter was replayed\n"
        "1 not replayed (1): the payload was not kept (dead_letter_payload = hash), only its hash\n"
        "1 not replayed (2): the replay was acknowledged before; --force sends them again\n"
        "not there: 99\n"
    )
    assert json.loads(replay(broken, "1", "2", "--json").out) == {
        "dry_run": False, "replayed": 0, "would_replay": None, "left": 0, "left_alone": 0,
        "refused": {"not_kept": 1, "replayed_before": 1}, "not_there": [],
    }  # fmt: skip


def test_a_dry_run_sends_nothing(broken: Deployment) -> None:
    """It shows which and how many, for people and for programs."""
    said = replay(broken, "--max", "2", "--dry-run")
    assert f"{broken.traces}/0@0  invalid_json  34 bytes" in said.out
    assert "2 dead letters would be replayed\n1 more could be" in said.out
    *lines, summary = [
        json.loads(line) for line in replay(broken, "--max", "9", "--dry-run", "--json").out.splitlines()
    ]
    assert [line["id"] for line in lines] == [1, 2, 3]
    assert (summary["would_replay"], summary["replayed"]) == (3, 0)
    assert broken.end_of(broken.traces) == 3


@contextmanager
def halted(deployment: Deployment, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A replay as a process that has sent its letters, and stands still before it can mark them."""
    with psycopg.connect(deployment.url) as connection:
        connection.execute(_HALTS.encode())
    before = deployment.end_of(deployment.traces)
    command = [sys.executable, "-m", "pointsman", "dead-letters", "replay", *arguments]
    with subprocess.Popen(
        command, env=environment(deployment.settings), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while deployment.end_of(deployment.traces) == before:
                assert time.monotonic() < deadline
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                time.sleep(0.05)
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
            with psycopg.connect(deployment.url) as connection:
                connection.execute("DROP TRIGGER halt ON dead_letters")
                connection.execute("DROP FUNCTION halt")


def sessions_ended(deployment: Deployment) -> None:
    """End the server's sessions of processes that were killed: their locks go with them."""
    with psycopg.connect(deployment.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'pointsman dead-letters'"
        )


def test_kill_between_sending_and_marking(broken: Deployment) -> None:
    """What was sent and not marked is sent again, and the next replay says so: nothing is lost in silence."""
    with halted(broken, "--max", "3") as process:
        process.kill()
        process.wait()
        sessions_ended(broken)
    marks = stored.rows(broken.url, "SELECT replay_began_at, replayed_at FROM dead_letters WHERE id <= 3")
    assert all(row["replay_began_at"] is not None and row["replayed_at"] is None for row in marks)
    assert "a replay was cut short" in pointsman("dead-letters", "list", settings=broken.settings).out
    said = replay(broken, "--max", "3")
    assert said.code == 0
    assert "3 of them were under way when an earlier replay was cut short" in said.err
    sent = [one for one in messages(broken, broken.traces) if one.headers]
    assert [hashlib.sha256(one.value).digest() for one in sent] == [hashlib.sha256(one).digest() for one in _BROKEN * 2]


def test_ctrl_c_says_how_far_it_came(broken: Deployment) -> None:
    """One sentence, and exit code 130; a second replay beside the first is refused meanwhile."""
    with halted(broken, "--max", "3") as process:
        second = replay(broken, "--max", "3")
        assert (second.code, second.out) == (1, "")
        assert "another replay of dead letters is under way" in second.err
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == (
        "pointsman: interrupted: 0 of 3 dead letters were replayed;"
        " 3 more were under way and are sent again next time\n"
    )


def test_a_broker_that_is_away(broken: Deployment) -> None:
    """Nothing is marked, and the exit code says blind."""
    nowhere = broken.settings | {"kafka_bootstrap": "127.0.0.1:1"}
    said = as_process("dead-letters", "replay", "--max", "3", settings=nowhere)
    assert said.code == 3
    assert said.err.count("\n") == 1
    assert stored.one(broken.url, "SELECT count(replay_began_at) FROM dead_letters") == 0


def test_a_topic_that_is_gone(broken: Deployment) -> None:
    """The letters stay unmarked, with a sentence that names the topic."""
    broken.processes[0].terminate()
    with broken.admin() as admin:
        admin.delete_topics([broken.traces])
    said = replay(broken, "--max", "3")
    assert said.code == 1
    assert broken.traces in said.err
    assert stored.one(broken.url, "SELECT count(replayed_at) FROM dead_letters") == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say how many at most"),
        (["--max", "0"], "--max"),
        (["--max", "x"], "--max"),
        (["1", "--topic", "t"], "either ids, or"),
        (["0"], "there is no dead letter 0"),
        (["--max", "1", "--since", "yesterday"], "expected an age"),
        (["--max", "1", "--reason", "nonsense"], "--reason"),
    ],
)
def test_wrong_use(arguments: list[str], sentence: str) -> None:
    """One sentence, exit code 2, before any service is asked."""
    nowhere = {"kafka_bootstrap": "127.0.0.1:1", "database_url": "postgresql://127.0.0.1:1/none"}
    said = pointsman("dead-letters", "replay", *arguments, settings=nowhere)
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_as_a_person_runs_it(broken: Deployment) -> None:
    """The installed command: nothing on standard error where nothing is wrong."""
    said = as_process("dead-letters", "replay", "--since", "1h", "--max", "5", settings=broken.settings)
    assert (said.code, said.out, said.err) == (0, "3 dead letters were replayed\n", "")
    since = stored.one(broken.url, "SELECT now() - min(replayed_at) FROM dead_letters")
    assert since < timedelta(minutes=1)
