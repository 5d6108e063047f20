"""Messages as they come from Kafka, for tests that need none."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ingest.reading import Model, TopicReader
from pointsman_contract.errors import DeadLetterReason
from store.received import DeadLetter, Received, Source
from tests.builders import NOON, trace

TOPIC_ID = UUID(int=7)
OTHER_TOPIC_ID = UUID(int=8)
NOON_MS = round(NOON.timestamp() * 1000)


def source(partition: int = 0, *, topic: str = "routing.traces", topic_id: UUID = TOPIC_ID) -> Source:
    """A partition of the topic of traces."""
    return Source("cluster", topic_id, topic, partition)


class Polled(NamedTuple):
    """A message as a poll hands it out."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def message(value: bytes | None, *, offset: int = 0, timestamp_ms: int = NOON_MS, key: bytes | None = None) -> Polled:
    """What a poll hands out."""
    return Polled(offset, timestamp_ms, key, value)


def read_one(at: Source, model: Model, polled: Polled, now: datetime = NOON) -> Received:
    """One message, read as ingest does."""
    (received,) = TopicReader(model).read(at, [polled], now)
    return received


def read(at: Source | None = None, *, offset: int = 0, payload: bytes = b"", key: bytes | None = None) -> Received:
    """A valid trace, as it was read; the payload is only for its length."""
    return Received(at or source(), offset, NOON, trace(), payload, key)


def dead(
    reason: DeadLetterReason = DeadLetterReason.INVALID_JSON, *, at: Source | None = None, detail: str = "cut off"
) -> Received:
    """A message that could not be read."""
    return Received(at or source(), 0, NOON, DeadLetter(reason, detail), b"{", None)
