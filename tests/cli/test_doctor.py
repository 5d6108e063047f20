"""`pointsman doctor` on real services: what it sees, what it says, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.command import as_process, pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.process import environment
from tests.ingest.traffic import bytes_of, fresh_traces
from tests.services.postgres import PostgresServer, fresh_database

_DEAD_KAFKA = "127.0.0.1:1"
_COUNTED = "SELECT coalesce(sum(requests), 0) FROM request_rollups_day"
_DEAD_DATABASE = "postgresql://someone:pass-word@127.0.0.1:1/none"


def examined(deployment: Deployment, **settings: object) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings of each check."""
    # In a process of its own where Kafka is away: kafka-python leaves the sockets of refused connections behind.
    run = as_process if _DEAD_KAFKA in settings.values() else pointsman
    said = run("doctor", "--json", settings={**deployment.settings, **settings})
    found: dict[str, list[dict[str, Any]]] = {}
    for line in said.out.splitlines():
        finding = json.loads(line)
        found.setdefault(finding["check"], []).append(finding)
    return said.code, found


def test_a_deployment_from_its_beginning(on_kafka: Deployment) -> None:
    """Without topics, with them, with an ingest that reads, and after its topic was re-created."""
    del_group = on_kafka.group
    code, found = examined(on_kafka)
    assert (code, found["topics"][0]["fix"][:23]) == (1, "pointsman topics create")
    assert (found["ingest"][0]["level"], f"group {del_group} has no member" in found["ingest"][0]["detail"]) == (
        "problem",
        True,
    )
    on_kafka.create_topics()
    on_kafka.start(command="up").wait_for("reading")
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of(fresh_traces(10))))
    on_kafka.wait_until(lambda: stored.one(on_kafka.url, _COUNTED) == 10, "10 requests in the rollups")
    code, found = examined(on_kafka)
    assert code == 0, found
    troubles = {check for check, ones in found.items() for one in ones if one["level"] != "ok"}
    assert troubles == {"topics", "prices"}
    assert "replication 1" in found["topics"][0]["detail"]
    assert found["lag"][0]["detail"] == "0 messages"
    assert found["ingest"][0]["detail"].startswith("1 running, last batch")
    assert found["dead letters"][0]["detail"].startswith("0 of 10 messages in 24 h")
    assert "leads, the lease lives for another" in found["leadership"][0]["detail"]
    assert found["rollups"][0]["detail"].startswith("all is counted, the newest message is")
    assert "the price book is empty, 10 attempts" in found["prices"][0]["detail"]
    on_kafka.processes[0].terminate()
    on_kafka.publish(on_kafka.outcomes, [b"{"])
    on_kafka.recreate(on_kafka.traces)
    code, found = examined(on_kafka)
    assert code == 1
    assert "was re-created" in found["offsets"][0]["detail"]
    assert any("the producers' time" in one["detail"] for one in found["topics"])
    assert found["lag"][0]["detail"].startswith(("1 message,", "0 messages"))


def test_a_store_that_nobody_counts(on_kafka: Deployment) -> None:
    """Ingest alone: it stores, nobody leads, the rollups stand still; exit code 1, and the command that helps."""
    on_kafka.create_topics()
    on_kafka.reading()
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of(fresh_traces(10))))
    with psycopg.connect(on_kafka.url) as db:
        db.execute("UPDATE ingest_batches SET committed_at = committed_at - interval '6 minutes'")
    code, found = examined(on_kafka)
    assert code == 1
    assert (found["leadership"][0]["level"], found["rollups"][0]["level"]) == ("problem", "problem")
    assert "pointsman steer" in found["leadership"][0]["fix"]
    assert "nothing was ever counted" in found["rollups"][0]["detail"]


def test_settings_of_topics_are_kafkas_own(on_kafka: Deployment) -> None:
    """What Kafka answers is what the rules are given: a topic set otherwise is found."""
    on_kafka.create_topics()
    on_kafka.create_topic(
        "other." + on_kafka.traces,
        retention_ms="60000",
        message_timestamp_type="LogAppendTime",
        max_message_bytes="1048588",
    )
    _, found = examined(on_kafka, topic_prefix="other." + on_kafka.prefix)
    told = " ".join(one["detail"] for one in found["topics"])
    assert "Kafka keeps 1 minute:" in told
    assert "takes 1,048,588 bytes" in told
    assert "producers' time" not in told


def test_both_services_are_tried(on_kafka: Deployment) -> None:
    """One that is away hides nothing of the other."""
    code, found = examined(on_kafka, kafka_bootstrap=_DEAD_KAFKA)
    assert (code, found["kafka"][0]["level"], found["postgresql"][0]["level"]) == (3, "blind", "ok")
    code, found = examined(on_kafka, database_url=_DEAD_DATABASE)
    assert (code, found["kafka"][0]["level"], found["postgresql"][0]["level"]) == (3, "ok", "blind")
    assert "topics" in found


def test_services_that_are_away() -> None:
    """In a process of its own: exit code 3, both are named, and no password."""
    said = as_process("doctor", settings={"kafka_bootstrap": _DEAD_KAFKA, "database_url": _DEAD_DATABASE})
    assert said.code == 3
    assert said.out.count("blind ") >= 2
    assert said.err == ""
    assert "pass-word" not in said.out


def test_a_database_that_refuses(postgres18: PostgresServer) -> None:
    """A name that is not there is a wrong setting: exit code 2."""
    said = pointsman("doctor", settings={"database_url": postgres18.url("no_such_database")})
    assert said.code == 2
    assert "wrong    postgresql: " in said.out
    assert "wrong    settings: kafka_bootstrap is not set" in said.out


def test_no_schema_yet(postgres: PostgresServer) -> None:
    """The command that makes one; nothing else of the store is asked, on either version."""
    with fresh_database(postgres) as url:
        said = pointsman("doctor", settings={"database_url": url})
    assert f"ok       postgresql: version {postgres.major}." in said.out
    assert "problem  schema: the database has no schema yet\n         → pointsman migrate\n" in said.out
    assert "days:" not in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--json", "extra"], "extra"), (["--raw-retention", "soon"], "--raw-retention"), (["--fix"], "--fix")],
)
def test_wrong_use(arguments: list[str], sentence: str) -> None:
    """One sentence, exit code 2."""
    said = pointsman("doctor", *arguments, settings={})
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert sentence in said.err


def test_ctrl_c(tmp_path: Path) -> None:
    """While it waits for a service that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://someone:pass-word@127.0.0.1:{silent.getsockname()[1]}/x"
        command = [sys.executable, "-m", "pointsman", "doctor"]
        with subprocess.Popen(
            command, env=environment({"database_url": url}), stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
        ) as run:
            connected, _ = silent.accept()
            time.sleep(0.2)
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=20)
            connected.close()
    assert (run.returncode, err) == (130, "pointsman: interrupted\n")
