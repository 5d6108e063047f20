"""However an application ends, its embedded services end too, and the next start finds the data."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from pointsman.embedded.postgres import embedded_postgres
from tests.services.processes import has_ended, names_of

pytestmark = pytest.mark.usefixtures("embedded_wheels")

_START_S = 30
_END_S = 25


@contextmanager
def application(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Both services in another process with a process group of its own; ready when the block begins."""
    command = [sys.executable, "-m", "tests.services.application", str(directory)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def starts(directory: Path) -> int:
    """How often the application has been started on this directory, from the database itself."""
    with embedded_postgres(directory) as database, psycopg.connect(database.url) as connection:
        row = connection.execute("SELECT count(*) FROM starts").fetchone()
    assert row is not None
    return int(row[0])


def wait_ended(processes: list[psutil.Process]) -> None:
    """Fail unless all of these end in time."""
    deadline = time.monotonic() + _END_S
    while alive := [process for process in processes if not has_ended(process)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.05)


def test_kill_9_of_the_application_leaves_nothing_running(tmp_path: Path) -> None:
    """Broker, database and guardians are gone, and what was committed is there."""
    with application(tmp_path / "db") as process:
        family = psutil.Process(process.pid).children(recursive=True)
        assert {"tansu", "postgres"} <= names_of(family)
        process.kill()
        wait_ended(family)
    assert starts(tmp_path / "db") == 1


def test_a_start_right_after_kill_9_waits_for_the_old_server(tmp_path: Path) -> None:
    """Two servers on one directory would ruin it: the second start lets the first server finish."""
    for _ in range(3):
        with application(tmp_path / "db") as process:
            process.kill()
    assert starts(tmp_path / "db") == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_kill_9_of_the_guardians_too_leaves_nothing_running(tmp_path: Path) -> None:
    """As when memory runs out, or somebody kills every Python process."""
    with application(tmp_path / "db") as process:
        family = psutil.Process(process.pid).children(recursive=True)
        guardians = [child for child in psutil.Process(process.pid).children() if "python" in child.name()]
        assert len(guardians) == 2
        process.kill()
        for guardian in guardians:
            guardian.kill()
        wait_ended(family)
    assert starts(tmp_path / "db") == 1


def test_ctrl_c_reaches_the_application_alone(tmp_path: Path) -> None:
    """It can still finish its batch with both services, and stops them afterwards."""
    with application(tmp_path / "db") as process:
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=_START_S)
        assert "finished" in said
        assert process.returncode == 0
        wait_ended(family)
