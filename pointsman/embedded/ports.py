"""TCP ports on the loopback interface for services that this process starts."""

import random
import socket

# Below the range from which Linux and macOS take the ports of outgoing connections. A client that keeps on trying a
# port inside of it while the server is away can be given that very port as its own, and is then connected to itself.
_CANDIDATES = range(20_000, 32_000)
_TRIES = 100


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on. Raises OSError when none of many was free."""
    for port in random.sample(_CANDIDATES, _TRIES):
        if port_is_free(port):
            return port
    raise OSError(f"none of {_TRIES} ports between {_CANDIDATES.start} and {_CANDIDATES.stop} was free")
