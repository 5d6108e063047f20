"""Prometheus and Alertmanager as the system brings them, on ports of a test's own."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import Any

from pointsman.embedded.guarded import GuardedProcess, Service
from pointsman.embedded.ports import free_port
from tests.services.missing import ServiceMissing

_START_S = 30.0
_PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")


def prometheus_binaries() -> Path:
    """The directory of the programs. Raises ServiceMissing."""
    found = [shutil.which(program) for program in _PROGRAMS]
    if not all(found):
        raise ServiceMissing("Prometheus and Alertmanager: apt-get install prometheus prometheus-alertmanager")
    return Path(str(found[0])).parent


@contextmanager
def alertmanager(bindir: Path, directory: Path, config: Path) -> Iterator[str]:
    """Alertmanager with this configuration; yields host:port."""
    address = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={config}", f"--storage.path={directory}", f"--web.listen-address={address}"]
    command = [str(bindir / "prometheus-alertmanager"), *arguments, "--cluster.listen-address="]
    with _running("Alertmanager", command, directory / "alertmanager.log", address):
        yield address


@contextmanager
def prometheus(bindir: Path, directory: Path, config: Path) -> Iterator[str]:
    """Prometheus with this configuration; yields host:port."""
    address = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}"]
    command = [str(bindir / "prometheus"), *arguments, f"--web.listen-address={address}"]
    with _running("Prometheus", command, directory / "prometheus.log", address):
        yield address


def complaints(bindir: Path, port: int) -> str:
    """What promtool finds wrong with the metrics that this port shows now; nothing where they are well."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        scraped = answer.read()
    command = [str(bindir / "promtool"), "check", "metrics"]
    said = subprocess.run(command, input=scraped, capture_output=True, check=False, timeout=60)
    return f"{said.stdout.decode()}{said.stderr.decode()}" or ("" if said.returncode == 0 else f"{said.returncode}")


def get_json(url: str) -> Any:
    """What an API answers."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this test
        return json.load(answer)


def until_found(url: str, found: Any, *, within_s: float) -> Any:
    """Ask until `found(answer)` is something; fails where it takes too long."""
    deadline = time.monotonic() + within_s
    while True:
        answer = get_json(url)
        if result := found(answer):
            return result
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


@contextmanager
def _running(name: str, command: list[str], log: Path, address: str) -> Iterator[None]:
    service = Service(name=name, arguments=command, environment=dict(environ), output=log)
    with GuardedProcess.start(service) as process:
        process.wait_until(lambda: _ready(address), within_s=_START_S)
        yield


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
