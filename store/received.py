"""What ingest hands to the store: messages with the places that they came from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace


class Source(NamedTuple):
    """One partition of one topic's incarnation: a re-created topic has another `topic_id`."""

    cluster_id: str
    topic_id: UUID
    topic: str
    partition: int


class DeadLetter(NamedTuple):
    """A message that is not stored as what it claims to be, with why and where it seems to belong."""

    reason: DeadLetterReason
    detail: str
    environment: str = ""
    route: str = ""


class CutShort(bytes):
    """The beginning of a message that is too large to be held: its length and hash are those of all its bytes."""

    _length: int
    sha256: bytes

    @classmethod
    def of(cls, beginning: bytes, length: int, sha256: bytes) -> "CutShort":
        """`beginning` of a message of `length` bytes."""
        made = cls(beginning)
        made._length, made.sha256 = length, sha256
        return made

    def __len__(self) -> int:
        return self._length


class StagedTrace(NamedTuple):
    """A trace as the parts of its rows (`store/rows.py`), with what a batch is sorted by."""

    trace_id: UUID
    started_at: datetime
    environment: str
    route: str
    computed: tuple[Any, ...]
    plain: tuple[Any, ...]
    attempts: tuple[tuple[Any, ...], ...]


class Received(NamedTuple):
    """One message of a partition. `payload` and `message_key` are its bytes, kept until it is stored."""

    source: Source
    offset: int
    broker_time: datetime
    content: Trace | StagedTrace | Outcome | Heartbeat | DeadLetter
    payload: bytes | None
    message_key: bytes | None
    # Of which message this is an operator's replay; None for all others.
    replay_of: str | None = None


class Span(NamedTuple):
    """The part of a partition that a batch covers: first <= offset < next."""

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in arrival order, and for each partition the span that is done once they are stored.

    A span may cover offsets without a message: transaction markers, aborted transactions, compaction.
    """

    messages: Sequence[Received]
    spans: Mapping[Source, Span]


class Counts(NamedTuple):
    """What became of one partition's messages; `duplicate` includes `restamped`."""

    stored: int = 0
    duplicate: int = 0
    restamped: int = 0
    dead: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """The sum, field by field."""
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass
class StoredBatch:
    """What became of a batch: the counts of each partition, its dead letters by reason, and attempts without a cost."""

    counts: dict[Source, Counts] = field(default_factory=dict)
    reasons: Counter[DeadLetterReason] = field(default_factory=Counter)
    unpriced: int = 0

    def add(self, other: "StoredBatch") -> None:
        """Take in what became of another part of the same batch."""
        for source, counts in other.counts.items():
            self.counts[source] = self.counts.get(source, Counts()).plus(counts)
        self.reasons.update(other.reasons)
        self.unpriced += other.unpriced
