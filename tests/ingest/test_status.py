"""The port of /metrics and /healthz: what it tells, and that nobody who asks badly does harm."""

import json
import socket
import time
from contextlib import ExitStack

import pytest

from tests.cli.command import pointsman
from tests.ingest import stored
from tests.ingest.broken import broken
from tests.ingest.deployment import Deployment
from tests.ingest.process import IngestProcess, ask
from tests.ingest.traffic import ago, bytes_of, fresh_outcome, fresh_traces

RUDE = (
    # What TLS begins with, a line that does not end, another method, and nothing at all.
    b"\x16\x03\x01\x02\x00" * 100,
    b"GET " + b"x" * 70_000,
    b"POST /metrics HTTP/1.1\r\n\r\n",
    b"\r\n" * 50,
)


@pytest.fixture(scope="module")
def deployment(reading_on_kafka: Deployment) -> Deployment:
    """Whose one ingest has stored 20 traces and 5 outcomes, 4 duplicates (one restamped), and 3 dead letters."""
    traces = fresh_traces(20)
    restamped = traces[0].model_copy(update={"started_at": ago(3600)})
    values: list[bytes | None] = [*bytes_of([*traces, *traces[:3], restamped])]
    values += [broken("tombstone"), broken("negative"), broken("no zone")]
    places = reading_on_kafka.publish(reading_on_kafka.traces, values)
    places += reading_on_kafka.publish(reading_on_kafka.outcomes, bytes_of([fresh_outcome() for _ in range(5)]))
    reading_on_kafka.wait_stored(places)
    return reading_on_kafka


@pytest.fixture
def ingest(deployment: Deployment) -> IngestProcess:
    """Its ingest."""
    return deployment.processes[0]


def test_metrics_count_what_became_of_each_message(deployment: Deployment, ingest: IngestProcess) -> None:
    """Stored, duplicate and dead by topic, restamped among the duplicates, dead letters by reason; what has no cost."""
    found = {
        (name, result): ingest.metric("pointsman_ingest_messages_total", topic=name, result=result)
        for name in (deployment.traces, deployment.outcomes)
        for result in ("stored", "duplicate", "dead")
    }
    assert found == {
        (deployment.traces, "stored"): 20,
        (deployment.traces, "duplicate"): 4,
        (deployment.traces, "dead"): 3,
        (deployment.outcomes, "stored"): 5,
        (deployment.outcomes, "duplicate"): 0,
        (deployment.outcomes, "dead"): 0,
    }
    assert ingest.metric("pointsman_ingest_restamped_total") == 1
    assert ingest.metric("pointsman_dead_letters_total", reason="tombstone") == 1
    assert ingest.metric("pointsman_dead_letters_total", reason="invalid_field") == 2
    unpriced = "SELECT count(*) FROM attempts WHERE generation_cost_nanousd IS NULL"
    assert ingest.metric("pointsman_unpriced_attempts_total") == stored.one(deployment.url, unpriced) > 0


def test_metrics_tell_lag_batches_waits_and_days(deployment: Deployment, ingest: IngestProcess) -> None:
    """Lag for each partition, sizes and times of batches, what it waits for, and how many days are made ahead."""
    topics = (deployment.traces, deployment.outcomes, deployment.heartbeats)

    def lags() -> list[float | None]:
        return [ingest.metric("pointsman_ingest_lag_messages", topic=topic, partition="0") for topic in topics]

    ingest.wait_until(lambda: lags() == [0, 0, 0], "no lag")
    batches = ingest.metric("pointsman_ingest_batch_messages_count")
    assert batches is not None
    assert batches >= 1
    assert ingest.metric("pointsman_ingest_batch_messages_sum") == 32
    assert ingest.metric("pointsman_ingest_batch_seconds_count") == batches
    assert ingest.metric("pointsman_ingest_batch_seconds_bucket", le="30.0") == batches
    committed = ingest.metric("pointsman_ingest_last_commit_timestamp_seconds")
    assert committed is not None
    assert 0 <= time.time() - committed < 300
    waits = {what: ingest.metric("pointsman_ingest_waiting", waits_for=what) for what in ("broker", "store", "topics")}
    assert waits == {"broker": 0, "store": 0, "topics": 0}
    assert ingest.metric("pointsman_partitions_ahead") == 7
    version = pointsman("--version").out.split()[1]
    assert ingest.metric("pointsman_info", environment="stage", version=version) == 1


def test_health_is_one_word_and_one_sentence(ingest: IngestProcess) -> None:
    """As JSON, with the version; queries and HEAD are answered too."""
    assert ingest.health()["status"] == 200
    body = json.loads(ingest.get("/healthz?probe=1").body)
    assert body == {"state": "reading", "detail": "3 partitions", "version": pointsman("--version").out.split()[1]}
    with socket.create_connection(("127.0.0.1", ingest.port), timeout=5) as client:
        client.sendall(b"HEAD /healthz HTTP/1.0\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz/x", "/favicon.ico", "/../etc/passwd", "/%00"])
def test_other_paths_are_not_found(ingest: IngestProcess, path: str) -> None:
    """And the answer says what there is."""
    answer = ask(ingest.port, path)
    assert answer.status == 404
    assert "/metrics and /healthz" in answer.body


def test_broken_clients_do_no_harm(ingest: IngestProcess) -> None:
    """Silent ones, rude ones and too many at once: others are answered, and nothing of it is in the log."""
    before = ingest.output
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", ingest.port), timeout=5)) for _ in range(20)
        ]
        for client in clients[:10]:
            client.sendall(b"GET /metr")
        for rude in RUDE:
            with socket.create_connection(("127.0.0.1", ingest.port), timeout=5) as client:
                client.sendall(rude)
        assert ingest.get("/metrics").status == 200
        crowd = [
            stack.enter_context(socket.create_connection(("127.0.0.1", ingest.port), timeout=5)) for _ in range(60)
        ]
        # Over 32 at once the newest are turned away, so that they cannot use up the process's threads.
        turned_away = 0
        for client in crowd:
            client.settimeout(0.05)
            try:
                turned_away += client.recv(1) == b""
            except (TimeoutError, ConnectionResetError):
                continue
        assert turned_away > 0
    ingest.wait_until(lambda: ingest.get("/healthz").status == 200, "an answer after the crowd")
    assert ingest.output == before


def test_a_port_that_is_taken_is_one_sentence(deployment: Deployment, ingest: IngestProcess) -> None:
    """Wrong settings, so 2; the sentence names them."""
    said = pointsman("ingest", settings=deployment.settings | {"http_port": ingest.port})
    assert said.code == 2
    assert said.err.startswith(f"pointsman: cannot listen on 127.0.0.1:{ingest.port} (")
    assert "POINTSMAN_HTTP_PORT" in said.err
    assert len(said.err.splitlines()) == 1
