"""The examples run as a user runs them, and what they send is valid, counted, and adds up."""

import http.client
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pointsman.embedded.guarded import accepts_connections
from pointsman.embedded.ports import free_port
from tests.router.topics import Arrived, Topics, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples" / "router"


def dispatched(arrived: Arrived) -> Counter[tuple[str, str]]:
    """By arm and task class, as the last heartbeat has it; everything that was dispatched has finished."""
    last = max(arrived.heartbeats, key=lambda beat: beat.sequence)
    assert all(one.dispatched == one.finished for one in last.counters)
    assert (last.emitted, last.dropped) == (len(arrived.traces), 0)
    return Counter({(one.arm, one.task_class): one.dispatched for one in last.counters})


def on_record(arrived: Arrived) -> Counter[tuple[str, str]]:
    """The same of the traces."""
    return Counter((trace.arm, trace.task_class) for trace in arrived.traces)


def test_the_plain_script_delivers_what_it_routes(tansu: str) -> None:
    """Traces and counters agree, both arms are there, and it says how many were delivered."""
    topics = Topics(tansu)
    command = [sys.executable, str(EXAMPLES / "plain.py"), "--bootstrap", topics.bootstrap]
    ended = subprocess.run(
        [*command, "--requests", "150", "--topic-prefix", topics.prefix],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "150 requests routed, 150 traces delivered, 0 dropped\n"
    arrived = topics.read(traces=150, heartbeats=1)
    assert len(set(arrived.ids())) == len(arrived.traces) == 150
    assert dispatched(arrived) == on_record(arrived)
    assert {arm for arm, _ in on_record(arrived)} == {"baseline", "canary"}
    assert {epoch.epoch for beat in arrived.heartbeats for epoch in beat.epochs.values()} == {17}


def test_the_plain_script_says_when_kafka_is_away() -> None:
    """It ends, with 1 and a sentence that names the way out."""
    command = [sys.executable, str(EXAMPLES / "plain.py"), "--bootstrap", f"127.0.0.1:{free_port()}", "--requests", "3"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stdout == "3 requests routed, 0 traces delivered, 3 dropped\n"
    assert "pointsman topics create" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("script", ["plain.py", "fastapi_app.py"])
def test_help_has_an_example(script: str) -> None:
    """--help ends well and shows a whole command line."""
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0
    assert f"python examples/router/{script} --bootstrap" in ended.stdout


@contextmanager
def served(topics: Topics) -> Iterator[int]:
    """The FastAPI example, listening; ended as Ctrl-C ends it."""
    port = free_port()
    command = [sys.executable, str(EXAMPLES / "fastapi_app.py"), "--bootstrap", topics.bootstrap]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--topic-prefix", topics.prefix], stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: process.poll() is not None or accepts_connections(("127.0.0.1", port)), "listening")
        yield port
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert "Traceback" not in said, said
    finally:
        process.kill()
        process.communicate()


def ask(port: int, content: str, **more: Any) -> tuple[int, str, str]:
    """Status, the trace's id, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = {"model": "auto", "messages": [{"role": "user", "content": content}], **more}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    found = response.status, response.headers["x-trace-id"], response.read().decode()
    connection.close()
    return found


def test_requests_through_the_middleware_are_on_record(tansu: str) -> None:
    """Whole, streamed, failed and unreadable ones: each is one trace with the tokens of its usage."""
    topics = Topics(tansu)
    with served(topics) as port:
        whole = [ask(port, "one two three") for _ in range(20)]
        streamed = [ask(port, "one two", stream=True) for _ in range(5)]
        failed = ask(port, "fail")
        unreadable = ask(port, "x", messages=None)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/openapi.json")
        assert connection.getresponse().status == 200
        connection.close()
    arrived = topics.read(traces=27, heartbeats=1)
    traces = {str(trace.trace_id): trace for trace in arrived.traces}
    assert len(traces) == len(arrived.traces) == 27
    assert dispatched(arrived) == on_record(arrived)
    for status, trace_id, body in whole:
        (attempt,) = traces[trace_id].attempts
        usage = json.loads(body)["usage"]
        assert (status, attempt.status, attempt.streamed) == (200, "ok", False)
        assert (attempt.input_tokens, attempt.output_tokens) == (3, usage["completion_tokens"])
        assert json.loads(body)["model"] == attempt.model
    for status, trace_id, body in streamed:
        (attempt,) = traces[trace_id].attempts
        assert (status, attempt.status, attempt.streamed, attempt.input_tokens) == (200, "ok", True, 2)
        assert body.endswith("data: [DONE]\n\n")
        assert attempt.ttft_s is not None
        assert attempt.duration_s is not None
        assert 0 < attempt.ttft_s < attempt.duration_s
    assert (failed[0], unreadable[0]) == (500, 400)
    for status, trace_id, _ in (failed, unreadable):
        (attempt,) = traces[trace_id].attempts
        assert (traces[trace_id].outcome, attempt.status, attempt.error_type) == ("failure", "error", f"http_{status}")


def test_a_client_that_leaves_is_on_record(tansu: str) -> None:
    """A stream that nobody hears to its end is a request that ended, with its trace."""
    topics = Topics(tansu)
    with served(topics) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        connection.getresponse().read(1)
        connection.close()
    arrived = topics.read(traces=1, heartbeats=1)
    assert dispatched(arrived) == on_record(arrived)
    assert sum(on_record(arrived).values()) == 1
