"""The file of `up --env-file`: there while it runs, gone or replaced afterwards, and nobody else's is ever touched."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pointsman.envfile import remove_stale_env_file, written_env_file
from pointsman.process import Stopping, run_services
from pointsman.settings import Settings, SettingsError
from tests.cli.command import pointsman

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1", database_url="postgresql://127.0.0.1/none")  # type: ignore[arg-type]  # pydantic takes a str

RUNNING = """
import sys, time
from pathlib import Path
from pointsman.envfile import written_env_file
from pointsman.process import Stopping
from tests.cli.test_env_file import SETTINGS
stopping = Stopping()
with stopping.on_signals(), written_env_file(Path(sys.argv[1]), SETTINGS, 8474, stopping):
    print("ready", flush=True)
    stopping.asked.wait(60)
    print("asked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it is to be."""
    return tmp_path / "pointsman.env"


def running(file: Path) -> "subprocess.Popen[str]":
    """A process that has written the file, and never finishes what it was asked to."""
    command = [sys.executable, "-c", RUNNING, str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    await_line(process, "ready")
    return process


def await_line(process: "subprocess.Popen[str]", wanted: str) -> None:
    """It writes its log there too."""
    assert process.stdout is not None
    assert wanted in (line.strip() for line in process.stdout)


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
        assert process.stderr.read().startswith("pointsman: ended at once; ")
    assert not file.exists()


def test_a_service_that_does_not_stop(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends without it, and without the file."""

    class Ended(BaseException):
        """In place of the end of this process."""

    class Stubborn:
        """Goes on for as long as the test."""

        name = "stubborn"
        released = threading.Event()

        def run(self) -> None:
            """Deaf."""
            self.released.wait(30)

        def stop(self) -> None:
            """Not heard."""

    def end(code: int) -> None:
        assert code == 1
        assert not file.exists()
        raise Ended

    monkeypatch.setattr("os._exit", end)
    monkeypatch.setattr("pointsman.process.STOP_WITHIN_S", 0.1)
    stopping, stubborn = Stopping(), Stubborn()
    stopping.asked.set()
    with pytest.raises(Ended), written_env_file(file, SETTINGS, 8474, stopping):
        run_services([stubborn], stopping)
    stubborn.released.set()


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
