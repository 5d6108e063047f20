"""The application under show: `pointsman up --embedded` as a process of its own."""

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pointsman.embedded.guarded import GuardedProcess, Service
from pointsman_contract.errors import PointsmanError

_START_WITHIN_S = 60.0
_STOP_WITHIN_S = 20.0


class DemoFailed(PointsmanError):
    """The demo could not be shown; the text says why."""


@contextmanager
def running_application(directory: Path) -> Iterator[Mapping[str, str]]:
    """Start it, yield its POINTSMAN_ variables once it is ready, stop it at the end.

    Raises EmbeddedFailed where it does not start, DemoFailed where it ended before the block.
    """
    env_file, log = directory / "addresses.env", directory / "pointsman.log"
    command = [sys.executable, "-m", "pointsman", "up", "--embedded", "--http-port", "0", "--log-format", "json"]
    command += ["--data-dir", str(directory / "data"), "--env-file", str(env_file)]
    # Guarded: it gets no Ctrl-C of the terminal, and ends with the demo however the demo ends.
    service = Service("the application", command, os.environ, grace_s=_STOP_WITHIN_S, output=log)
    with GuardedProcess.start(service) as application:
        application.wait_until(env_file.exists, within_s=_START_WITHIN_S)
        yield _variables(env_file.read_text())
        if not application.running():
            raise DemoFailed(f"the application ended by itself:\n{application.tail()}")


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
