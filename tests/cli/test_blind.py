"""A service that does not answer: a command that runs once says so within its ten seconds, with exit code 3."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.command import Said, as_process
from tests.replay_fakes import line, trace_file

# Ten seconds of waiting, and the start of eighteen processes at once.
_WITHIN_S = 25.0
_TRACES = "routing.traces"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def full() -> Iterator[str]:
    """An address that takes no more connections: packets to it are dropped."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = server.getsockname()
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(address)
        yield f"127.0.0.1:{address[1]}"


@pytest.fixture
def refusing() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_commands_that_see_nothing(silent: str, full: str, refusing: str, tmp_path: Path) -> None:
    """One sentence each, with the address and without a traceback, and never the password."""
    file = trace_file(tmp_path, [line(1)])
    commands: list[tuple[str, list[str]]] = []
    for address in (silent, full, refusing):
        database = ["--database-url", f"postgresql://someone:pass-word@{address}/nowhere"]
        broker = ["--kafka-bootstrap", address]
        commands += [
            (address, ["topics", "create", *broker]),
            (address, ["topics", "create", *broker, "--kafka-security-protocol", "SSL"]),
            (address, ["replay", str(file), *broker]),
            (address, ["offsets", "reset", "--topic", _TRACES, *broker, *database]),
            (address, ["migrate", *database]),
            (address, ["dead-letters", "list", *database]),
        ]

    def timed(command: list[str]) -> tuple[float, Said]:
        began = time.monotonic()
        said = as_process(*command)
        return time.monotonic() - began, said

    # Not all at once: what is timed is the wait for the service, not for a processor.
    with ThreadPoolExecutor(len(commands) // 2) as pool:
        ended = list(pool.map(timed, [command for _, command in commands]))
    for (address, command), (seconds, said) in zip(commands, ended, strict=True):
        assert said.code == 3, (command, said)
        assert seconds < _WITHIN_S, (command, said)
        assert said.err.startswith("pointsman: "), said.err
        assert said.err.count("\n") == 1, said.err
        assert address.rpartition(":")[2] in said.err, said.err
        assert "pass-word" not in said.err
