"""What has come over a connection to a broker, taken in large parts.

kafka-python takes 4 KiB with each call and gives way to Python's other threads with each: a fetch of 8 MiB may wait
2,000 times for the thread that decodes. It also loses what came right before the end: a broker's reason to refuse.
"""

import socket
import ssl

from kafka.errors import KafkaConnectionError

_AT_ONCE = 64 * 1024


def receive(connection: socket.socket) -> tuple[bytes, KafkaConnectionError | None]:
    """All that is there to read, or else why nothing more will come.

    Where there is both, the next call finds the end again.
    """
    parts = []
    end = None
    try:
        # Until it has no more: TLS keeps what it has decrypted, and nobody would be told of that.
        while part := connection.recv(_AT_ONCE):
            parts.append(part)
        end = KafkaConnectionError("socket disconnected")
    except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        pass
    except OSError as error:
        end = KafkaConnectionError(error)
    return b"".join(parts), None if parts else end
