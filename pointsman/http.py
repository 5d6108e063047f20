"""One port for machines: /metrics and /healthz, nothing else."""

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from pointsman.settings import SettingsError

log = structlog.get_logger()

_CLIENT_TIMEOUT_S = 5.0
_MAX_CLIENTS = 32
# Answers take milliseconds; a crowd of 200 that says nothing is through in less than a second.
_UNDISTURBED_S = 0.1
_MOST_UNREAD_BYTES = 256 * 1024


class Healthz(NamedTuple):
    """What /healthz answers: 200 where `well`, else 503."""

    well: bool
    body: dict[str, Any]


class StatusServer:
    """Serves metrics and health on threads of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Callable[[], Healthz]) -> None:
        """Binds at once; port 0 takes a free one. Raises SettingsError where the address is not to be had."""
        self._server = _listening(host, port, _handler(registry, health))
        bound = ipaddress.ip_address(str(self._server.server_address[0]).partition("%")[0])
        if not bound.is_loopback:
            log.warning(
                "http_port_open_to_others",
                address=f"{bound}",
                why="whoever reaches it reads /metrics and /healthz: there is no password and no TLS",
            )
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()


def refuse_taken_port(host: str, port: int) -> None:
    """Raise SettingsError where a StatusServer could not listen there now."""
    _listening(host, port, BaseHTTPRequestHandler).server_close()


class _BoundedServer(ThreadingHTTPServer):
    """A thread for each of a few clients. Whoever holds a place longest loses it to who comes next, or to the clock:
    clients that say little, or never read, keep nobody out. Each has the time that a good client needs.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        # In the order in which they came, with the time at which each is hung up on.
        self._clients: dict[socket.socket, float] = {}
        self._changing = threading.Condition()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changing:
            self._make_room()
            self._clients[request] = time.monotonic() + _CLIENT_TIMEOUT_S
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changing:
                self._clients.pop(request, None)
                self._changing.notify()

    def _make_room(self) -> None:
        if len(self._clients) < _MAX_CLIENTS:
            return
        oldest, deadline = next(iter(self._clients.items()))
        left_s = deadline - _CLIENT_TIMEOUT_S + _UNDISTURBED_S - time.monotonic()
        if not self._changing.wait_for(lambda: len(self._clients) < _MAX_CLIENTS, max(0.0, left_s)):
            self._clients.pop(oldest, None)
            _hang_up(oldest)

    def service_actions(self) -> None:
        """Twice a second: a time-out of each read would let a client that sends a byte now and then stay for ever."""
        now = time.monotonic()
        with self._changing:
            for request in [one for one, deadline in self._clients.items() if deadline <= now]:
                del self._clients[request]
                _hang_up(request)

    def shutdown_request(self, request: Any) -> None:
        """Take in what was sent and is wanted by nobody: a socket that is closed over it takes the answer back."""
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.recv(_MOST_UNREAD_BYTES, socket.MSG_DONTWAIT)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news."""


def _hang_up(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _listening(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _BoundedServer:
    try:
        return _BoundedServer((host, port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"cannot listen on {host}:{port} ({reason});"
            " set POINTSMAN_HTTP_HOST and POINTSMAN_HTTP_PORT (0 takes a free port)"
        ) from error


def _handler(registry: CollectorRegistry, health: Callable[[], Healthz]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_TIMEOUT_S
        # A request without one is answered with a status line too.
        default_request_version = "HTTP/1.0"
        server_version = "pointsman"
        sys_version = ""

        def do_GET(self) -> None:
            # As it was asked for: the base class has tidied its own copy up.
            path = self.requestline.split()[1].partition("?")[0]
            if path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif path == "/healthz":
                answer = health()
                body = json.dumps(answer.body, indent=2).encode() + b"\n"
                self._answer(200 if answer.well else 503, "application/json", body)
            else:
                self._answer(404, "text/plain; charset=utf-8", b"here are /metrics and /healthz\n")

        do_HEAD = do_GET  # noqa: N815 - the name is the base class's

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base class's
            """What is wrong, without a word of what was asked."""
            status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
            self.close_connection = True
            self.send_response(status)
            if status == HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "GET, HEAD")
            body = f"{status.phrase}\n".encode()
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Scrapes are no news."""

    return Handler
