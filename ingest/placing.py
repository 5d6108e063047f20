"""Where reading of a partition begins: a pure rule over what the store says and what Kafka holds.

Every recovery comes through here. Whatever happened to a consumer (lost connection, lost race, rebalance, a commit
whose answer never came), it drops what it holds in memory, asks the store how far it is, and is placed anew.
"""

from dataclasses import dataclass
from uuid import UUID

from ingest.partitions import Bounds
from store.offsets import KnownPartition
from store.received import Source, Span


@dataclass(frozen=True, slots=True)
class Continue:
    """Read on from this offset."""

    offset: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Never read before: note this offset in the store first."""

    offset: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Kafka deleted messages before they were read: note the gap and move behind it."""

    gap: Span


@dataclass(frozen=True, slots=True)
class Stop:
    """Only a person can say what is right; `reason` holds the command."""

    reason: str


Placing = Continue | Begin | Jump | Stop


def place(source: Source, known: list[KnownPartition], bounds: Bounds) -> Placing:
    """Where to read `source` from. `known` are the topic's partitions that the store knows, of any incarnation."""
    others = sorted({other.source.topic_id for other in known if other.source.topic_id != source.topic_id}, key=str)
    if others:
        return Stop(_recreated(source, others))
    offset = next((one.next_offset for one in known if one.source.partition == source.partition), None)
    if offset is None:
        return Begin(bounds.begin)
    if offset > bounds.end:
        return Stop(
            f"{source.topic}/{source.partition} is stored up to offset {offset}, but Kafka's ends at {bounds.end}:"
            " messages were lost, or this is another cluster. To read on from its beginning (traces that are stored"
            f" already count as duplicates), run: pointsman offsets reset --topic {source.topic}"
            f" --partition {source.partition} --to start"
        )
    if offset < bounds.begin:
        return Jump(Span(offset, bounds.begin))
    return Continue(offset)


def _recreated(source: Source, others: list[UUID]) -> str:
    return (
        f"topic {source.topic} was re-created: the store knows it as {others[0]}, it is now {source.topic_id}."
        " What was stored stays; to read the new topic from its beginning, run:"
        f" pointsman offsets reset --topic {source.topic} --to start"
    )
