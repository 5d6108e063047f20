"""What came over a connection is handed out whole and in order, and then its end."""

import random
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from ingest.receiving import receive

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a TCP connection; the second does not block, as kafka-python's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    with theirs, ours:
        ours.setblocking(False)  # noqa: FBT003 - the standard library's own
        yield theirs, ours


def wait_readable(ours: socket.socket) -> None:
    """As the network's loop does before each call."""
    ours.settimeout(10)
    ours.recv(1, socket.MSG_PEEK)
    ours.setblocking(False)  # noqa: FBT003 - the standard library's own


def test_nothing_is_there(pair: Pair) -> None:
    """Neither bytes nor an end."""
    assert receive(pair[1]) == (b"", None)


def test_everything_in_order(pair: Pair) -> None:
    """More than a call takes, and more than the system keeps."""
    theirs, ours = pair
    sent = random.Random(1).randbytes(10 * 1024 * 1024)
    sender = threading.Thread(target=theirs.sendall, args=(sent,))
    sender.start()
    came = bytearray()
    while len(came) < len(sent):
        wait_readable(ours)
        part, end = receive(ours)
        assert end is None
        came += part
    sender.join()
    assert came == sent


def test_data_before_the_end(pair: Pair) -> None:
    """A broker that refuses says why and hangs up at once."""
    theirs, ours = pair
    theirs.sendall(b"no")
    theirs.close()
    wait_readable(ours)
    assert receive(ours) == (b"no", None)
    data, end = receive(ours)
    assert data == b""
    assert "disconnected" in str(end)


def test_a_reset(pair: Pair) -> None:
    """The system's error is told."""
    theirs, ours = pair
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    data, end = receive(ours)
    assert data == b""
    assert "reset" in str(end)


def test_a_closed_socket(pair: Pair) -> None:
    """Closed on our own side, while the network's loop was on its way to it."""
    pair[1].close()
    data, end = receive(pair[1])
    assert data == b""
    assert end is not None
