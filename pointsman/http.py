"""One port for machines: /metrics and /healthz, nothing else."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from pointsman.settings import SettingsError

_CLIENT_TIMEOUT_S = 5.0
_MAX_CLIENTS = 32


class Healthz(NamedTuple):
    """What /healthz answers: 200 where `well`, else 503."""

    well: bool
    body: dict[str, Any]


class StatusServer:
    """Serves metrics and health on threads of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Callable[[], Healthz]) -> None:
        """Binds at once; port 0 takes a free one. Raises SettingsError where the address is not to be had."""
        try:
            self._server = _BoundedServer((host, port), _handler(registry, health))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsError(
                f"cannot listen on {host}:{port} ({reason});"
                " set POINTSMAN_HTTP_HOST and POINTSMAN_HTTP_PORT (0 takes a free port)"
            ) from error
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


class _BoundedServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._places = threading.BoundedSemaphore(_MAX_CLIENTS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # A time-out of each read would let a client that sends a byte now and then keep its place for ever.
        deadline = threading.Timer(_CLIENT_TIMEOUT_S, _hang_up, [request])
        deadline.daemon = True
        deadline.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news."""


def _hang_up(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _handler(registry: CollectorRegistry, health: Callable[[], Healthz]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_TIMEOUT_S
        server_version = "pointsman"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
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

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Scrapes are no news."""

    return Handler
