"""Between a client and its broker: everything passes, but the answers about topics (Metadata) come late."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_METADATA, _FIND_COORDINATOR = 3, 10


class SlowBroker:
    """Listens on a port of its own, and tells clients this port for the broker's."""

    def __init__(self, bootstrap: str) -> None:
        self._broker = ("127.0.0.1", int(bootstrap.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = [self._listener]
        self.bootstrap = f"127.0.0.1:{self._port}"
        self.delay_s = 0.0
        # Lets go of what is held back.
        self.let_go = threading.Event()
        self.delayed = 0

    def serve(self) -> None:
        """Until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(self._broker)
                self._open += [client, broker]
                asked: dict[int, int] = {}
                for work in (self._to_broker, self._to_client):
                    threading.Thread(target=work, args=(client, broker, asked), daemon=True).start()

    def close(self) -> None:
        """Break all connections."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _to_broker(self, client: socket.socket, broker: socket.socket, asked: dict[int, int]) -> None:
        for frame in _frames(client, broker):
            api, _, number = struct.unpack_from(">hhi", frame)
            asked[number] = api
            with suppress(OSError):
                broker.sendall(struct.pack(">i", len(frame)) + frame)

    def _to_client(self, client: socket.socket, broker: socket.socket, asked: dict[int, int]) -> None:
        for frame in _frames(broker, client):
            api = asked.pop(struct.unpack_from(">i", frame)[0], -1)
            if api == _METADATA and self.delay_s:
                self.delayed += 1
                self.let_go.wait(self.delay_s)
            answer = frame
            if api in (_METADATA, _FIND_COORDINATOR):
                answer = frame.replace(struct.pack(">i", self._broker[1]), struct.pack(">i", self._port))
            try:
                client.sendall(struct.pack(">i", len(answer)) + answer)
            except OSError:
                # It had no patience.
                return


def _frames(source: socket.socket, other: socket.socket) -> Iterator[bytes]:
    """Whole messages of Kafka's protocol, until either side closes."""
    with suppress(OSError):
        while size := _exactly(source, 4):
            yield _exactly(source, struct.unpack(">i", size)[0])
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = source.recv(size - len(found))
        if not part:
            return b""
        found += part
    return found


@contextmanager
def slow_broker(bootstrap: str) -> Iterator[SlowBroker]:
    """Serves while the block lasts; quick, until `delay_s` is set."""
    broker = SlowBroker(bootstrap)
    threading.Thread(target=broker.serve, daemon=True).start()
    try:
        yield broker
    finally:
        broker.close()
