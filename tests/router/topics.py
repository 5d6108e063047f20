"""Topics of a test's own, and what is in them, read by the contract."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition

from ingest.topics import create_topics
from pointsman_contract import topics
from pointsman_contract.decode import decode
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_router import TraceEmitter

M = TypeVar("M", bound=Message)
_QUIET_S = 0.5


class Arrived(NamedTuple):
    """Everything that the topics hold, each message in the order of its partition."""

    traces: Sequence[Trace]
    outcomes: Sequence[Outcome]
    heartbeats: Sequence[Heartbeat]

    def ids(self) -> list[UUID]:
        """The ids of the traces, a repeated one twice."""
        return [trace.trace_id for trace in self.traces]


class Topics:
    """The topics of one router, under a prefix of their own."""

    def __init__(self, bootstrap: str, *, partitions: int = 3, create: bool = True) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"router-{secrets.token_hex(4)}."
        self._partitions = partitions
        if create:
            self.create()

    def create(self) -> None:
        """Make them with Pointsman's own settings."""
        create_topics(self.bootstrap, prefix=self.prefix, partitions=self._partitions, replication=1)

    def emitter(self, router_id: str = "router-3", **settings: Any) -> TraceEmitter:
        """An emitter of a router in production."""
        address = settings.pop("bootstrap", self.bootstrap)
        return TraceEmitter(address, environment="prod", router_id=router_id, topic_prefix=self.prefix, **settings)

    def read(self, *, traces: int = 0, heartbeats: int = 0, within_s: float = 20.0) -> Arrived:
        """Wait for so many of each, and a moment longer for what must not come."""
        names = {self.prefix + name: [] for name in (topics.TRACES, topics.OUTCOMES, topics.HEARTBEATS)}  # type: dict[str, list[Any]]
        consumer: Any = KafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        try:
            consumer.assign(
                [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name)]
            )
            deadline = time.monotonic() + within_s
            while time.monotonic() < deadline:
                for partition, records in consumer.poll(timeout_ms=100).items():
                    names[partition.topic].extend(records)
                if (
                    len(names[self.prefix + topics.TRACES]) >= traces
                    and len(names[self.prefix + topics.HEARTBEATS]) >= heartbeats
                ):
                    deadline = min(deadline, time.monotonic() + _QUIET_S)
        finally:
            consumer.close()
        found = (names[self.prefix + name] for name in (topics.TRACES, topics.OUTCOMES, topics.HEARTBEATS))
        return Arrived(*(_messages(model, records) for model, records in zip(_MODELS, found, strict=True)))


_MODELS: tuple[Any, ...] = (Trace, Outcome, Heartbeat)


def _messages(model: type[M], records: Sequence[Any]) -> list[M]:
    """Decoded as ingest does it, with nothing in it that the contract does not know, under the right key."""
    found = []
    for record in records:
        decoded = decode(model, record.value)
        assert decoded.unknowns is None
        message: Any = decoded.message
        assert record.key.decode() == (message.router_id if model is Heartbeat else str(message.trace_id))
        found.append(decoded.message)
    return found


def wait_until(holds: Callable[[], object], what: str, *, within_s: float = 20.0) -> None:
    """Wait until it holds; fails where that takes too long."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"no {what} within {within_s:g} s"
        time.sleep(0.02)
