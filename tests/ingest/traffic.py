"""Messages of this very moment: Kafka's and PostgreSQL's clocks are real here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from pointsman_contract.decode import encode
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.message import Message
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from tests import builders


class NoText(str):
    """A header's name of any bytes, which kafka-python's producer would not take."""

    __slots__ = ()

    def __new__(cls, raw: bytes) -> Self:
        """The text is never sent."""
        return super().__new__(cls, raw.hex())

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """What is sent."""
        del encoding, errors
        return bytes.fromhex(self)


def ago(seconds: float = 1.0) -> datetime:
    """A moment before this one."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def fresh_trace(**overrides: Any) -> Trace:
    """A request of a second ago, under an id of its own."""
    return builders.trace(**{"started_at": ago()} | overrides)


def fresh_traces(count: int, **overrides: Any) -> list[Trace]:
    """Several of them."""
    return [fresh_trace(**overrides) for _ in range(count)]


def fresh_outcome(**overrides: Any) -> Outcome:
    """A person's verdict of a second ago."""
    return builders.outcome(**{"observed_at": ago()} | overrides)


def fresh_heartbeat(**overrides: Any) -> Heartbeat:
    """A router that is alive now."""
    return builders.heartbeat(**{"at": ago(), "epochs": {}} | overrides)


def bytes_of(messages: Iterable[Message]) -> list[bytes]:
    """As they travel."""
    return [encode(message) for message in messages]


def ids_of(traces: Sequence[Trace]) -> set[UUID]:
    """Their ids."""
    return {trace.trace_id for trace in traces}
