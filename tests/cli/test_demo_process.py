"""The demo as a process: however it ends, nothing of it stays."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.test_up import wait_gone
from tests.ingest.process import environment
from tests.replay_fakes import line, trace_file
from tests.services.processes import names_of

pytestmark = pytest.mark.usefixtures("embedded_wheels")

_RUNNING = {"tansu", "postgres"}
_START_S = 40.0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda end: end.name)
def test_the_application_ends_with_the_demo(tmp_path: Path, end: signal.Signals) -> None:
    """A closed terminal and kill -9 too."""
    file = trace_file(tmp_path, [line(number) for number in range(100)])
    command = [sys.executable, "-m", "pointsman.demo", str(file), "--seconds", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({})) as demo:
        try:
            family: list[psutil.Process] = []
            deadline = time.monotonic() + _START_S
            while not names_of(family) >= _RUNNING:
                assert time.monotonic() < deadline
                assert demo.poll() is None
                time.sleep(0.1)
                family = psutil.Process(demo.pid).children(recursive=True)
            demo.send_signal(end)
            code = demo.wait(30)
            assert code == (-9 if end == signal.SIGKILL else 130)
            wait_gone(family)
        finally:
            demo.kill()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_length_that_is_none(tmp_path: Path, seconds: str) -> None:
    """Wrong use, before anything is started."""
    command = [sys.executable, "-m", "pointsman.demo", str(tmp_path / "no.jsonl"), "--seconds", seconds]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "--seconds" in done.stderr
