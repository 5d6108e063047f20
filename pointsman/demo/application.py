"""The application under show: `pointsman up --embedded` as a process of its own."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pointsman_contract.errors import PointsmanError

_START_WITHIN_S = 60.0
_STOP_WITHIN_S = 20.0
_LOG_LINES = 15


class DemoFailed(PointsmanError):
    """The demo could not be shown; the text says why."""


@contextmanager
def running_application(directory: Path) -> Iterator[Mapping[str, str]]:
    """Start it, yield its POINTSMAN_ variables once it is ready, stop it at the end. Raises DemoFailed."""
    env_file, log = directory / "addresses.env", directory / "pointsman.log"
    command = [sys.executable, "-m", "pointsman", "up", "--embedded", "--http-port", "0", "--log-format", "json"]
    command += ["--data-dir", str(directory / "data"), "--env-file", str(env_file)]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches the demo, which then ends the application in order.
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _START_WITHIN_S
        while not env_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"the application did not start:\n{last_lines(log)}")
            time.sleep(0.05)
        yield _variables(env_file.read_text())
        if process.poll() is not None:
            raise DemoFailed(f"the application ended by itself:\n{last_lines(log)}")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_lines(log: Path) -> str:
    """The end of the application's log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def lag_of(port: str) -> int | None:
    """Messages that wait in Kafka, by the application's own metrics; None where it does not answer yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    lags = [
        sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "pointsman_ingest_lag_messages"
        for sample in family.samples
    ]
    return int(sum(lags)) if lags else None


def _variables(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip("'") for name, value in pairs}
