"""`pointsman up --embedded` as a person starts it: addresses in a file, data that stay, nothing left behind."""

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from ingest.producer import KafkaPublisher
from pointsman.embedded.locks import exclusive
from pointsman_contract.decode import encode
from tests.cli.command import as_process, pointsman
from tests.cli.test_env_file import fill
from tests.ingest import stored
from tests.ingest.process import ask, environment
from tests.ingest.traffic import fresh_traces
from tests.services.processes import has_ended, names_of

pytestmark = pytest.mark.usefixtures("embedded_wheels")

_START_S = 30.0
_STORED_S = 30.0
# Ingest has ten seconds to leave, both services their own grace after it.
_END_S = 25.0


class Up:
    """One `pointsman up --embedded` on a directory."""

    def __init__(self, directory: Path, process: "subprocess.Popen[bytes]", stale: str | None = None) -> None:
        self.directory = directory
        self.process = process
        self.env_file = directory / "pointsman.env"
        deadline = time.monotonic() + _START_S
        while _text(self.env_file) == stale or not self.env_file.exists():
            assert process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)
        lines = [word.partition("=") for word in shlex.split(self.env_file.read_text(), comments=True)]
        self.addresses = {name.removeprefix("POINTSMAN_").lower(): value for name, _, value in lines}

    @property
    def output(self) -> str:
        """All that it has said."""
        return (self.directory / "log").read_text()

    def told(self, event: str) -> dict[str, str]:
        """The first line of its log about this."""
        deadline = time.monotonic() + _START_S
        while True:
            lines = [json.loads(line) for line in self.output.splitlines(keepends=True) if line.endswith("\n")]
            for line in lines:
                if line["event"] == event:
                    return dict(line)
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """The address of its database."""
        return self.addresses["database_url"]

    def family(self) -> list[psutil.Process]:
        """Every process below it."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def send(self, count: int) -> None:
        """Publish traces and wait until they are stored."""
        wanted = stored.count(self.url, "traces") + count
        with KafkaPublisher(self.addresses["kafka_bootstrap"]) as publisher:
            for trace in fresh_traces(count):
                publisher.publish("routing.traces", str(trace.trace_id).encode(), encode(trace))
            publisher.flush(20)
        deadline = time.monotonic() + _STORED_S
        while stored.count(self.url, "traces") < wanted:
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def wait_rolled_up(self, count: int) -> None:
        """Wait until so many requests are in the rollups."""
        deadline = time.monotonic() + _STORED_S
        while stored.one(self.url, "SELECT coalesce(sum(requests), 0) FROM request_rollups_day") < count:
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None


@contextmanager
def up(directory: Path, *arguments: str) -> Iterator[Up]:
    """Started with an env file and a data directory in `directory`; its addresses are known when the block begins."""
    files = ["--data-dir", str(directory / "data"), "--env-file", str(directory / "pointsman.env")]
    command = [sys.executable, "-m", "pointsman", "up", "--embedded", "--http-port", "0", *files, *arguments]
    stale = _text(directory / "pointsman.env")
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, env=environment({}), start_new_session=True)
    try:
        yield Up(directory, process, stale)
    finally:
        process.kill()
        process.wait()


def wait_gone(family: list[psutil.Process]) -> None:
    """Fail unless all of these end in time."""
    deadline = time.monotonic() + _END_S
    while alive := [process for process in family if not has_ended(process)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.05)


def test_everything_runs_and_a_second_run_finds_the_data(tmp_path: Path) -> None:
    """Addresses for the owner's eyes only, health and metrics, traces stored; SIGTERM leaves no process and no file
    behind; the next start reads on with the same database.
    """
    with up(tmp_path) as first:
        assert stat.S_IMODE(first.env_file.stat().st_mode) == 0o600
        first.send(10)
        port = int(first.addresses["http_port"])
        health = json.loads(ask(port, "/healthz").body)
        assert (health["state"], health["steer"]["state"]) == ("reading", "leading")
        first.wait_rolled_up(10)
        assert b'result="stored"' in ask(port, "/metrics").body.encode()
        family = first.family()
        assert {"tansu", "postgres"} <= names_of(family)
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(_END_S) == 0, first.output
        wait_gone(family)
        assert not first.env_file.exists()
    with up(tmp_path) as second:
        assert stored.count(second.url, "traces") == 10
        # Another broker, so its offsets begin anew and nothing is taken for read.
        second.send(5)
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(_END_S) == 0, second.output
    assert "Traceback" not in second.output


def test_the_env_file_serves_other_commands(tmp_path: Path) -> None:
    """What the log tells people to type into a shell is enough for every other command."""
    with up(tmp_path) as running:
        sourced = running.told("addresses_written")["for_another_terminal"]
        for command in ("offsets list", "dead-letters list", "migrate"):
            script = f"{sourced}; exec {sys.executable} -m pointsman {command}"
            done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
            assert (done.returncode, done.stderr) == (0, ""), command


def test_kill_9_leaves_nothing_running_and_loses_nothing(tmp_path: Path) -> None:
    """No broker, no database, no guardian outlives it; what was stored is there at the next start, whose addresses
    replace those in the file that was left.
    """
    with up(tmp_path) as first:
        first.send(10)
        family = first.family()
        first.process.kill()
        wait_gone(family)
    assert first.env_file.exists()
    with up(tmp_path) as second:
        assert second.addresses["kafka_bootstrap"] != first.addresses["kafka_bootstrap"]
        assert stored.count(second.url, "traces") == 10


def test_two_on_one_directory(tmp_path: Path) -> None:
    """The second is refused with a sentence, and the first goes on."""
    with up(tmp_path) as first:
        said = as_process("up", "--embedded", "--http-port", "0", "--data-dir", str(tmp_path / "data"))
        assert said.code == 2
        assert f"is in use by process {first.process.pid}" in said.err.splitlines()[-1]
        assert "Traceback" not in said.err
        assert first.process.poll() is None
        assert stored.count(first.url, "traces") == 0


def test_flags_that_need_embedded() -> None:
    """They would do nothing without it."""
    said = pointsman("up", "--migrate", settings={"kafka_bootstrap": "h:1", "database_url": "postgresql://h/d"})
    assert said.code == 2
    assert "--embedded" in said.err


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """One sentence, exit code 2, and nothing was started or made."""
    with up(tmp_path) as first:
        other = tmp_path / "other"
        port = first.addresses["http_port"]
        said = pointsman("up", "--embedded", "--http-port", port, "--data-dir", str(other))
        assert said.code == 2
        assert said.err.startswith(f"pointsman: cannot listen on 127.0.0.1:{port}")
        assert said.err.count("\n") == 1
        assert not other.exists()


def test_a_service_that_dies_ends_the_process(tmp_path: Path) -> None:
    """Nobody else would start it again: the process ends with 1 and says which one it was."""
    with up(tmp_path) as running:
        (broker,) = [process for process in running.family() if process.name() == "tansu"]
        family = running.family()
        broker.kill()
        assert running.process.wait(_END_S) == 1
        assert "the embedded broker has ended by itself" in running.output
        assert "Traceback" not in running.output
        wait_gone(family)


def test_a_start_can_be_cut_short(tmp_path: Path) -> None:
    """While it waits for an earlier server to finish: SIGTERM is heard at once, and nothing is left running."""
    data = tmp_path / "data"
    data.mkdir()
    with exclusive(data / "server.lock", within_s=0):
        command = [sys.executable, "-m", "pointsman", "up", "--embedded", "--http-port", "0", "--data-dir", str(data)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment({})) as process:
            assert process.stderr is not None
            assert b"embedded broker started" in process.stderr.readline()
            family = psutil.Process(process.pid).children(recursive=True)
            assert family
            process.send_signal(signal.SIGTERM)
            assert process.wait(8) == 0
            assert b"Traceback" not in process.stderr.read()
    wait_gone(family)


STARTS = """
import sys
from pointsman import serving
serving.EMBEDDED_STOP_WITHIN_S = 0.5
sys.argv = ["pointsman", "up", "--embedded", "--http-port", "0", "--data-dir", sys.argv[1]]
from pointsman.__main__ import main
main()
"""


def test_a_start_is_cut_short_also_where_nobody_reads_its_log(tmp_path: Path) -> None:
    """What was started says that it stops, and nobody takes the line: it stops all the same."""
    read, write = os.pipe()
    with os.fdopen(read) as log, os.fdopen(write, "w"):
        command = [sys.executable, "-c", STARTS, str(tmp_path / "data")]
        with subprocess.Popen(command, stderr=write, env=environment({})) as process:
            try:
                assert any("embedded broker started" in line for line in log)
                family = psutil.Process(process.pid).children(recursive=True)
                fill(write)
                process.terminate()
                assert process.wait(10) == 1
            finally:
                process.kill()
    wait_gone(family)


@pytest.mark.parametrize("place", ["data", ""])
def test_a_directory_with_other_things_in_it(tmp_path: Path, place: str) -> None:
    """It is refused and left as it is, before anything is started."""
    thesis = tmp_path / place / "thesis.txt"
    thesis.parent.mkdir(exist_ok=True)
    thesis.write_text("years of work")
    said = pointsman("up", "--embedded", "--http-port", "0", "--data-dir", str(tmp_path))
    assert said.code == 2
    assert "--data-dir" in said.err.splitlines()[-1]
    assert ("was not made for this" if not place else "holds no database") in said.err
    assert "started" not in said.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [thesis]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--embedded", "--kafka-port", "99999"],
        ["--embedded", "--kafka-port", "0"],
        ["--embedded", "--http-host", ""],
        ["--data-dir", "somewhere"],
    ],
    ids=" ".join,
)
def test_flags_that_make_no_sense(arguments: list[str]) -> None:
    """Wrong use, in one sentence, before anything is started."""
    said = pointsman("up", *arguments)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
