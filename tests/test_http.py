"""The status port by itself: what slow clients and unusual addresses do to it."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from prometheus_client import CollectorRegistry

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


def test_clients_that_trickle_are_hung_up_on() -> None:
    """As many as there are places, each with a byte now and then: after five seconds there is room again, so that a
    health check does not find a well process dead for long.
    """
    with serving() as server, ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5)) for _ in range(32)
        ]
        finished = threading.Event()

        def trickle() -> None:
            while not finished.wait(0.5):
                for client in clients:
                    try:
                        client.sendall(b"G")
                    except OSError:
                        continue

        beside = threading.Thread(target=trickle)
        beside.start()
        try:
            began = time.monotonic()
            while True:
                try:
                    assert status("127.0.0.1", server.port) == 200
                    break
                except OSError:
                    assert time.monotonic() - began < 8
                    time.sleep(0.1)
            assert time.monotonic() - began > 2, "there were places left: the clients proved nothing"
        finally:
            finished.set()
            beside.join()


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
