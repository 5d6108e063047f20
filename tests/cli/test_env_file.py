"""The file of `up --env-file`: there while it runs, gone or replaced afterwards, and nobody else's is ever touched."""

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pointsman.envfile import remove_stale_env_file, written_env_file
from pointsman.process import Stopping
from pointsman.settings import Settings, SettingsError
from tests.cli.command import pointsman

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1", database_url="postgresql://127.0.0.1/none")  # type: ignore[arg-type]  # pydantic takes a str

# Its service is deaf. The third argument has its main thread talk until somebody no longer reads, or a second service
# end for a reason.
RUNNING = """
import os, sys, time
from pathlib import Path
import structlog
from pointsman import process
from pointsman.envfile import written_env_file
from pointsman.logs import configure_logs
from tests.cli.test_env_file import SETTINGS

def say(word):
    # In one piece: there are two threads.
    os.write(1, f"{word}\\n".encode())

class Deaf:
    name = "deaf"
    def run(self):
        say("ready")
        time.sleep(60)
    def stop(self):
        say("asked")

class Ending:
    name = "ending"
    def run(self):
        raise LookupError("there is nothing to read")
    def stop(self):
        pass

more = sys.argv[3:]
configure_logs("info", "json")
process.STOP_WITHIN_S = float(sys.argv[2])
stopping = process.Stopping()
written = written_env_file(Path(sys.argv[1]), SETTINGS, 8474, stopping)
with stopping.on_signals(), stopping.held_up_by_nothing(process.STOP_WITHIN_S), written:
    if more == ["talks"]:
        say("ready")
    while more == ["talks"]:
        structlog.get_logger().info("talks")
    process.run_services([Deaf(), *(Ending() for _ in more)], stopping)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it is to be."""
    return tmp_path / "pointsman.env"


@contextmanager
def running(
    file: Path, *arguments: str, stop_within_s: float = 60.0, stderr: int = subprocess.PIPE
) -> Iterator["subprocess.Popen[str]"]:
    """A process that has written the file, and never finishes what it was asked to."""
    command = [sys.executable, "-c", RUNNING, str(file), str(stop_within_s), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            await_line(process, "ready")
            yield process
        finally:
            process.kill()


def fill(write: int) -> None:
    """Leave no room in a pipe; whoever writes into it afterwards waits."""
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"x")
    os.set_blocking(write, True)


def await_line(process: "subprocess.Popen[str]", wanted: str) -> None:
    """It writes its log there too."""
    assert process.stdout is not None
    assert wanted in (line.strip() for line in process.stdout)


def await_full(write: int) -> None:
    """Wait until who writes into a pipe that nobody reads has to wait."""
    deadline = time.monotonic() + 10
    while select.select([], [write], [], 0)[1]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_somebody_elses_stays(file: Path) -> None:
    """A file of the same name with other settings in it: refused, before anything is started."""
    file.write_text("POINTSMAN_KAFKA_BOOTSTRAP=127.0.0.1:1\nPASSWORD=years-of-work\n")
    before = file.read_bytes()
    said = pointsman("up", "--embedded", "--data-dir", str(file.parent / "data"), "--env-file", str(file))
    assert said.code == 2
    assert said.err.startswith(f"pointsman: --env-file: {file} is there already (was not written by pointsman up)")
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_what_was_put_there_meanwhile_stays(file: Path) -> None:
    """Starting takes seconds: whoever writes a file of this name in them keeps it."""
    remove_stale_env_file(file)
    file.write_text("mine")
    with pytest.raises(SettingsError, match="File exists"), written_env_file(file, SETTINGS, 8474, Stopping()):
        pass
    assert file.read_text() == "mine"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_system_without_hard_links(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All the same: written, locked, removed, and what was put there meanwhile stays."""

    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with written_env_file(file, SETTINGS, 8474, Stopping()):
        assert list(file.parent.iterdir()) == [file]
        with pytest.raises(SettingsError, match="which runs"):
            remove_stale_env_file(file)
    assert not file.exists()
    file.write_text("mine")
    with pytest.raises(SettingsError, match="cannot write"), written_env_file(file, SETTINGS, 8474, Stopping()):
        pass
    assert file.read_text() == "mine"
    assert list(file.parent.iterdir()) == [file]


def test_what_replaced_it_stays(file: Path) -> None:
    """At the end only what was written is removed."""
    with written_env_file(file, SETTINGS, 8474, Stopping()):
        file.unlink()
        file.write_text("mine")
    assert file.read_text() == "mine"


def test_two_with_one_file(file: Path) -> None:
    """The second is refused, with the process that has it; the first keeps it."""
    with written_env_file(file, SETTINGS, 8474, Stopping()):
        before = file.read_bytes()
        with pytest.raises(SettingsError, match=f"that of process {os.getpid()}, which runs"):
            remove_stale_env_file(file)
        assert file.read_bytes() == before
    assert not file.exists()


def test_kill_9_leaves_one_that_misleads_nobody(file: Path) -> None:
    """It is gone before the next services start, also where those do not: who waits for the file gets the new one."""
    with running(file) as process:
        process.kill()
    assert file.exists()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = pointsman("up", "--embedded", "--http-port", "0", "--kafka-port", port, "--env-file", str(file))
    assert said.code == 2
    assert "the port is in use" in said.err
    assert not file.exists()


def test_an_empty_file_is_taken(file: Path) -> None:
    """As mktemp makes it."""
    file.touch()
    remove_stale_env_file(file)
    assert not file.exists()


def test_two_ctrl_c(file: Path) -> None:
    """The second ends the process at once, with a word and without the file."""
    with running(file) as process:
        process.send_signal(signal.SIGINT)
        await_line(process, "asked")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1].startswith("pointsman: ended at once, ")
    assert not file.exists()


@pytest.mark.parametrize("log", ["full", "closed"])
def test_two_ctrl_c_with_nobody_who_reads(file: Path, log: str) -> None:
    """No word then, and all the rest."""
    read, write = os.pipe()
    try:
        with running(file, stderr=write) as process:
            if log == "full":
                fill(write)
            else:
                os.close(read)
            process.send_signal(signal.SIGINT)
            await_line(process, "asked")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
        assert not file.exists()
    finally:
        os.close(write)
        if log == "full":
            os.close(read)


def test_a_service_that_does_not_stop(file: Path) -> None:
    """The process says so and ends without it, and without the file."""
    with running(file, stop_within_s=0.2) as process:
        process.terminate()
        assert process.wait(10) == 1
        assert process.stderr is not None
        assert "did_not_stop_in_time" in process.stderr.read()
    assert not file.exists()


def test_the_reason_is_told_also_where_another_service_does_not_stop(file: Path) -> None:
    """It is what a person needs, and says which command helps."""
    with running(file, "ends", stop_within_s=0.2) as process:
        assert process.wait(10) == 1
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1] == "pointsman: there is nothing to read"
    assert not file.exists()


@pytest.mark.parametrize("arguments", [[], ["talks"]])
def test_a_log_that_nobody_reads(file: Path, arguments: list[str]) -> None:
    """The process ends in time, whether the line that waits for a reader is its last one or any before."""
    read, write = os.pipe()
    try:
        with running(file, *arguments, stop_within_s=0.2, stderr=write) as process:
            if arguments:
                await_full(write)
            else:
                fill(write)
            process.terminate()
            assert process.wait(10) == 1
        assert not file.exists()
    finally:
        os.close(read)
        os.close(write)


def test_places_that_are_not_for_a_file(tmp_path: Path) -> None:
    """A directory, a link, a device, a pipe, a missing directory, no name at all: refused before anything starts."""
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "target")
    os.mkfifo(pipe)
    for place in (tmp_path, link, Path("/dev/null"), pipe, tmp_path / "missing" / "file", Path()):
        said = pointsman("up", "--embedded", "--data-dir", str(tmp_path / "data"), "--env-file", str(place))
        assert said.code == 2, place
        assert said.err.startswith("pointsman: --env-file: "), said.err
    assert set(tmp_path.iterdir()) == {link, pipe}
