"""`pointsman ingest` as a process of its own: started, watched, and hurt from outside."""

import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.ingest.forked import start_forked

_WITHIN_S = 30.0
_POLL_S = 0.05


class Answer(NamedTuple):
    """What the status port said."""

    status: int
    body: str


class IngestProcess:
    """One `pointsman ingest`. Its log lines go to `log`, its settings come as POINTSMAN_ variables."""

    def __init__(self, log: Path, settings: Mapping[str, object], *arguments: str, command: str = "ingest") -> None:
        """Start it; `settings` are named as in Settings, `arguments` follow the word ingest (or another command)."""
        self._log = log
        self._log.touch()
        self._process = start_forked([command, *arguments], environment(settings), log)

    @property
    def output(self) -> str:
        """All that it has said so far."""
        return self._log.read_text(errors="replace")

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Its log lines, or those of one event."""
        found = []
        # The last line may be half written.
        for line in self.output.rpartition("\n")[0].splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and name in (None, event.get("event")):
                    found.append(event)
        return found

    def wait_for(self, name: str, *, within_s: float = _WITHIN_S) -> dict[str, Any]:
        """The first log line of this event; fails where it does not come."""
        self.wait_until(lambda: bool(self.events(name)), f"log line {name}", within_s=within_s)
        return self.events(name)[0]

    def wait_until(self, holds: Callable[[], object], what: str, *, within_s: float = _WITHIN_S) -> None:
        """Wait until it holds; fails where the process ends before, or the time is over."""
        deadline = time.monotonic() + within_s
        while not holds():
            assert self.running(), f"ended with {self._process.exitcode} before {what}:\n{self.output}"
            assert time.monotonic() < deadline, f"no {what} within {within_s:g} s:\n{self.output}"
            time.sleep(_POLL_S)

    def wait_ended(self, within_s: float = _WITHIN_S) -> int:
        """The exit code; fails where it does not end in time."""
        self._process.join(within_s)
        assert self._process.exitcode is not None, f"still runs after {within_s:g} s:\n{self.output}"
        return self._process.exitcode

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def terminate(self, within_s: float = 10.0) -> int:
        """SIGTERM, and its exit code, which has to come within the 10 s that are promised."""
        self.send(signal.SIGTERM)
        return self.wait_ended(within_s)

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()
        self._process.join(_WITHIN_S)

    def suspend(self) -> None:
        """Freeze it."""
        self.send(signal.SIGSTOP)

    @property
    def memory_bytes(self) -> int:
        """What it holds in memory now (RSS)."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def resume(self) -> None:
        """Go on after `suspend`."""
        self.send(signal.SIGCONT)

    def close(self) -> None:
        """Make sure that it has ended."""
        if self.running():
            self.kill()
        self._process.close()

    def get(self, path: str) -> Answer:
        """Ask the status port."""
        return ask(self.port, path)

    @property
    def port(self) -> int:
        """The status port; waits until it listens."""
        return int(str(self.wait_for("listening")["url"]).rpartition(":")[2])

    def health(self) -> dict[str, Any]:
        """The body of /healthz, with its status."""
        answer = self.get("/healthz")
        body: dict[str, Any] = json.loads(answer.body)
        return {"status": answer.status, **body}

    def wait_health(self, state: str, *, within_s: float = _WITHIN_S) -> dict[str, Any]:
        """Wait until /healthz tells this state; the body."""
        self.wait_until(lambda: self.health()["state"] == state, f"health {state}", within_s=within_s)
        return self.health()

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample of /metrics, None where there is none."""
        wanted = name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"
        for line in self.get("/metrics").body.splitlines():
            sample, _, value = line.rpartition(" ")
            if sample in (wanted, name if not labels else wanted):
                return float(value)
        return None


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with only these settings of Pointsman, and log lines for machines."""
    ours = {f"POINTSMAN_{name.upper()}": str(value) for name, value in settings.items()}
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith("POINTSMAN_")}
    return others | {"POINTSMAN_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"} | ours


def ask(port: int, path: str) -> Answer:
    """GET from a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()
