"""The status port by itself: what unusual addresses do to it."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pointsman.http import Healthz, StatusServer
from pointsman.settings import SettingsError


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[StatusServer]:
    """A server on a free port, answering."""
    server = StatusServer(host, 0, CollectorRegistry(), lambda: Healthz(well=True, body={}))
    server.start()
    try:
        yield server
    finally:
        server.close()


def status(host: str, port: int) -> int:
    """What GET /healthz answers."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_version_6() -> None:
    """The loopback address has two forms."""
    with serving("::1") as server:
        assert status("::1", server.port) == 200


@pytest.mark.parametrize("host", ["256.0.0.1", "no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_ours(host: str) -> None:
    """One sentence that names the settings."""
    with pytest.raises(SettingsError, match="set POINTSMAN_HTTP_HOST"), serving(host):
        pass


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])  # noqa: S104 - that is the question
def test_an_address_that_others_reach_is_warned_about(host: str, warned: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """There is no password on the port: who opens it to others shall know."""
    with capture_logs() as logs, serving(host):
        assert [line["event"] for line in logs] == ["http_port_open_to_others"] * warned
