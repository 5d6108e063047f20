"""Partitions, and where they begin and end: asked of any consumer of kafka-python."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kafka import TopicPartition

from ingest.embedded_cluster import EMBEDDED_CLUSTER


class Partition(NamedTuple):
    """A partition as consumers name it."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"


class Bounds(NamedTuple):
    """The offsets that a partition holds: begin <= offset < end."""

    begin: int
    end: int


def bounds_of(consumer: Any, partitions: Iterable[Partition], timeout_s: float) -> dict[Partition, Bounds]:
    """Beginning and end of the partitions that have a leader. Raises what kafka-python raises.

    A leader that goes while it is asked leaves its partition out of the answer: a KeyError.
    """
    wanted = [at for at in (TopicPartition(*one) for one in partitions) if has_leader(consumer, at)]
    milliseconds = round(timeout_s * 1000)
    begins = consumer.beginning_offsets(wanted, timeout_ms=milliseconds)
    ends = consumer.end_offsets(wanted, timeout_ms=milliseconds)
    if tells_short_ends(consumer):
        ends = {at: max(end, consumer.highwater(at) or 0) for at, end in ends.items()}
    return {Partition(at.topic, at.partition): Bounds(begins[at], ends[at]) for at in wanted}


def tells_short_ends(consumer: Any) -> bool:
    """Whether the broker is the embedded one: asked for the end it tells where its last batch begins, plus one.

    Its fetches tell the true end, and it cannot lose messages while it runs: each start is another cluster.
    """
    return str(consumer._cluster.cluster_id).startswith(EMBEDDED_CLUSTER)  # noqa: SLF001 - see has_leader


def has_leader(consumer: Any, at: TopicPartition) -> bool:
    """Whether a broker leads the partition, by what was heard last; a deleted one has none either."""
    leader = consumer._cluster.leader_for_partition(at)  # noqa: SLF001 - kafka-python shows it nowhere else
    return leader is not None and leader >= 0
