"""The status port among clients that are slow, broken or hostile: it answers the others all the same."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.test_http import serving, status

# A health check of a container waits as long.
_ANSWERED_WITHIN_S = 2.0
_CROWD = 200
_GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def connected(port: int, stack: ExitStack) -> socket.socket:
    """One more client, gone with the test."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))


def said(port: int, request: bytes) -> bytes:
    """All that the server answers to these bytes before it hangs up."""
    with ExitStack() as stack:
        client = connected(port, stack)
        client.sendall(request)
        answer = b""
        with suppress(ConnectionResetError):
            while part := client.recv(65_536):
                answer += part
        return answer


def answered(port: int) -> None:
    """Fail unless a good client is answered soon."""
    began = time.monotonic()
    assert status("127.0.0.1", port) == 200
    assert time.monotonic() - began < _ANSWERED_WITHIN_S


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server for all who come one at a time: each leaves it as it was."""
    with serving() as server:
        yield server.port


@contextmanager
def trickling(clients: list[socket.socket], piece: bytes) -> Iterator[None]:
    """Each client sends a little now and then."""
    finished = threading.Event()

    def trickle() -> None:
        while not finished.wait(0.2):
            for client in clients:
                with suppress(OSError):
                    client.sendall(piece)

    beside = threading.Thread(target=trickle)
    beside.start()
    try:
        yield
    finally:
        finished.set()
        beside.join()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"G"),
        (b"GET /metrics HTTP/1.1\r\n", b"X-A: b\r\n"),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n", b"x"),
        (b"", b""),
    ],
    ids=["request line", "headers", "body", "silence"],
)
def test_a_crowd_that_says_little(first: bytes, then: bytes) -> None:
    """Two hundred clients hold on to every place that there is: a good one is answered at once, again and again."""
    with serving() as server, ExitStack() as stack:
        crowd = [connected(server.port, stack) for _ in range(_CROWD)]
        for client in crowd:
            with suppress(OSError):
                client.sendall(first)
        with trickling(crowd, then):
            for _ in range(5):
                answered(server.port)


def test_nobody_stays() -> None:
    """Who says nothing useful is hung up on after five seconds, however busily."""
    with serving() as server, ExitStack() as stack:
        client = connected(server.port, stack)
        client.settimeout(8)
        began = time.monotonic()
        with trickling([client], b"G"), suppress(ConnectionResetError):
            assert client.recv(1) == b""
        assert 4 < time.monotonic() - began < 7


def test_a_crowd_that_never_reads() -> None:
    """Answers that nobody takes hold no place for long."""
    with serving() as server, ExitStack() as stack:
        for _ in range(_CROWD):
            client = connected(server.port, stack)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.sendall(_GET.replace(b"healthz", b"metrics"))
        answered(server.port)


def test_two_hundred_good_clients_at_once() -> None:
    """Whoever asks properly is answered before somebody else takes the place."""
    with serving() as server, ExitStack() as stack:
        clients = []
        for _ in range(_CROWD):
            clients.append(connected(server.port, stack))
            clients[-1].sendall(_GET)
        answers = [client.recv(65_536) for client in clients]
        assert sum(answer.startswith(b"HTTP/1.0 200") for answer in answers) > _CROWD * 0.9
        answered(server.port)


@pytest.mark.parametrize(
    "target",
    ["/", "//metrics", "/metrics/", "/metrics/../metrics", "/./metrics", "/%6detrics", "/metrics%00", "/metrics%2e",
     "/healthz/../../etc/passwd", "/METRICS", "http://x/metrics", "*", "/metrics;a", "\\metrics", "/debug/pprof"],
)  # fmt: skip
def test_only_what_is_named(port: int, target: str) -> None:
    """Two paths, letter by letter; everything else is not there."""
    assert said(port, f"GET {target} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.0 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "<script>"])
def test_other_methods(port: int, method: str) -> None:
    """They are not allowed, with the two that are; a body is no harm, and nothing of the request comes back."""
    answer = said(port, f"{method} /metrics HTTP/1.1\r\nX: plänted\r\nContent-Length: 3\r\n\r\nabc".encode())
    assert answer.startswith(b"HTTP/1.0 405 Method Not Allowed\r\n")
    assert b"Allow: GET, HEAD\r\n" in answer
    assert b"script" not in answer
    assert "plänted".encode() not in answer


def test_head_has_no_body(port: int) -> None:
    """The same headers as GET, and no more."""
    headers, _, body = said(port, b"HEAD /healthz HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.0 200 ")
    assert b"Content-Length: " in headers
    assert body == b""


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /healthz HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /healthz HTTP/x\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"one two three four five\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    ],
    ids=["line", "header", "headers", "version", "no version", "no path", "words", "TLS"],
)
def test_what_is_no_request(port: int, request_: bytes, code: bytes) -> None:
    """Too large, or none at all: told in one line that repeats nothing of it, and the next client is answered."""
    answer = said(port, request_)
    assert answer.startswith(b"HTTP/1.0 " + code)
    assert len(answer) < 500
    answered(port)


def test_half_a_request(port: int) -> None:
    """A client that breaks off in the middle, or resets, is no news."""
    for piece in (b"", b"GE", b"GET /healthz", b"GET /healthz HTTP/1.1\r\nHos", _GET):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        client.sendall(piece)
        client.close()
    answered(port)


def test_two_requests_in_one(port: int) -> None:
    """The first is answered, the second is not read: nobody can smuggle one behind another's."""
    assert said(port, _GET + _GET).count(b"HTTP/1.0 ") == 1
