"""The consumer side of Kafka behind types: kafka-python has none.

Rebalance listeners run on kafka-python's IO loop and must not block there: ours pauses what is new, notes what
happened, and the main loop reads the notes. Nothing is delivered from a partition before the main loop has placed it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from ingest.connection import KafkaConnection
from ingest.errors import BrokerUnreachable, IngestStopped, OffsetGone
from ingest.network_client import ask_anew, closed_on_failure, create_no_topics
from ingest.partitions import Bounds, Partition, bounds_of, has_leader, tells_short_ends
from ingest.portions import PortionFull, bound_memory
from ingest.refusals import denied, refusals, why_not

# What one fetch may hold in memory; a single message over it still comes.
_FETCH_BYTES = 8 * 1024 * 1024
_PARTITION_BYTES = 2 * 1024 * 1024
# A broker that holds a fetch back until something comes answers no other question of ours meanwhile: neither the next
# batch's, nor for partitions that have more.
_FETCH_WAIT_MS = 100
# A dead member is noticed after this; the embedded broker lets a member in after half of it.
_SESSION_MS = 10_000
# A member hears with its next heartbeat that others came or went, and a partition that moves takes two rounds of that.
_HEARTBEAT_MS = 1_000


class Message(Protocol):
    """One message as it came: kafka-python's own record, which is not copied on the hot path."""

    @property
    def offset(self) -> int:
        """Where it is in its partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds; the broker's or the producer's, -1 where there is none."""

    @property
    def key(self) -> bytes | None:
        """What decides about the partition; None where nothing does."""

    @property
    def value(self) -> bytes | None:
        """The bytes; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Whatever its sender put beside it."""


class Rebalanced(NamedTuple):
    """What the group did: these partitions came, or went."""

    change: Literal["assigned", "gone"]
    partitions: frozenset[Partition]


class AskedTopics(NamedTuple):
    """A question to the broker that is on its way: kafka-python's own future."""

    answer: Any


class GroupConsumer:
    """One member of a consumer group, read-committed, cooperative, without any reset of its own.

    Not thread-safe. Every call may raise BrokerUnreachable; what no waiting mends raises KafkaDenied or IngestStopped.
    """

    def __init__(
        self, connection: KafkaConnection | str, *, group: str, topics: Iterable[str], connect_timeout_s: float = 5.0
    ) -> None:
        connection = KafkaConnection.of(connection)
        self.address = connection.bootstrap
        self._consumer: Any = None
        self._notes: deque[Rebalanced] = deque()
        with self._translated(), closed_on_failure() as client:
            self._consumer = KafkaConsumer(
                kafka_client=client,
                **connection.client_settings(),
                client_id="pointsman-ingest",
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                partition_assignment_strategy=[CooperativeStickyAssignor],
                fetch_max_bytes=_FETCH_BYTES,
                max_partition_fetch_bytes=_PARTITION_BYTES,
                session_timeout_ms=_SESSION_MS,
                heartbeat_interval_ms=_HEARTBEAT_MS,
                reconnect_backoff_max_ms=5_000,
                metadata_max_age_ms=15_000,
                fetch_max_wait_ms=_FETCH_WAIT_MS,
                bootstrap_timeout_ms=round(connect_timeout_s * 1000),
                metrics_enabled=False,
            )
            self._portion = bound_memory(self._consumer)
            create_no_topics(self._consumer._cluster)  # noqa: SLF001 - kafka-python shows it nowhere else
            self._consumer.subscribe(topics=list(topics), listener=_NoteRebalances(self._consumer, self._notes))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OffsetOutOfRangeError as error:
            raise OffsetGone(str(error)) from error
        except LogTruncationError as error:
            raise IngestStopped(
                f"Kafka lost messages that were read already ({error}); after a look at the topic, run: "
                + "; ".join(
                    f"pointsman offsets reset --topic {at.topic} --partition {at.partition} --to start"
                    for at in sorted(error.divergent_offsets)
                )
            ) from error
        # The KeyError is explained at `bounds_of`.
        except (KafkaError, KeyError, OSError) as error:
            client = self._consumer and self._consumer._client  # noqa: SLF001 - kafka-python shows it nowhere else
            if refused := denied(error, self.address, client):
                raise refused from error
            if isinstance(error, KafkaError) and not (error.retriable or isinstance(error, KafkaTimeoutError)):
                raise IngestStopped(f"Kafka: {type(error).__name__}: {error}") from error
            raise BrokerUnreachable(self.address, why=why_not(error, client)) from error

    def poll(self, timeout_s: float, max_messages: int) -> Mapping[Partition, Sequence[Message]]:
        """Up to `max_messages` new messages, waiting at most about `timeout_s` where there are none.

        Raises OffsetGone where a partition no longer holds its position.
        """
        with self._translated():
            if self.joining():
                # kafka-python forgets a join that is answered between two polls, and then waits for ever: ask again.
                self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - the only way
            self._portion.bytes = 0
            try:
                polled = self._consumer.poll(timeout_ms=max(0, round(timeout_s * 1000)), max_records=max_messages)
            except PortionFull as full:
                # kafka-python keeps the exception in a frame that the exception leads to, and that frame what was read:
                # only a collection of cycles would free the portion.
                full.__traceback__ = None
                return {}
            except NoOffsetForPartitionError:
                # A partition that was just assigned has no position yet: the main loop places it.
                return {}
        return {Partition(at.topic, at.partition): records for at, records in polled.items()}

    def take_rebalances(self) -> list[Rebalanced]:
        """What the group did since the last call, in order."""
        taken = []
        while self._notes:
            taken.append(self._notes.popleft())
        return taken

    def assignment(self) -> set[Partition]:
        """The partitions that this member has."""
        return {Partition(at.topic, at.partition) for at in self._consumer.assignment()}

    def position(self, partition: Partition) -> int | None:
        """The offset behind everything delivered, transaction markers and aborted messages included."""
        state = self._consumer._subscription.assignment.get(TopicPartition(*partition))  # noqa: SLF001 - see below
        # The public `position` may block on the network and raise for another partition.
        return None if state is None or state.position is None else int(state.position.offset)

    def bounds(self, partitions: Iterable[Partition], timeout_s: float = 5.0) -> dict[Partition, Bounds]:
        """Beginning and end of partitions, asked from the broker; those that no broker leads now are left out."""
        with self._translated():
            return bounds_of(self._consumer, partitions, timeout_s)

    def tells_short_ends(self) -> bool:
        """Whether the end of a partition may be told too short: see the function of this name."""
        return tells_short_ends(self._consumer)

    def without_leader(self) -> list[Partition]:
        """This member's partitions that no broker leads now: they cannot be read, the others can."""
        return sorted(at for at in self.assignment() if not has_leader(self._consumer, TopicPartition(*at)))

    def ask_topics(self) -> AskedTopics:
        """Ask the broker which topics there are now; the answer is for `refresh_topics`."""
        with self._translated():
            # The only public call that does this, `topics`, asks for every topic of the cluster and without a bound.
            return AskedTopics(ask_anew(self._consumer._cluster))  # noqa: SLF001 - see above

    def refresh_topics(self, timeout_s: float, asked: AskedTopics | None = None) -> None:
        """Wait for the answer, asking first where it was not: `topic_id` then tells no news older than the question.

        Raises KafkaDenied where this user may not know a topic: it would else count as one that is not there.
        """
        answer = (asked or self.ask_topics()).answer
        with self._translated():
            if not answer.succeeded():
                # Only then: to wait for the network's thread takes as long as what it does just now.
                self._consumer._net.run(self._consumer._manager.wait_for, answer, timeout_s * 1000)  # noqa: SLF001 - see `ask_topics`
            if hidden := self._consumer._cluster.unauthorized_topics:  # noqa: SLF001 - see above
                raise TopicAuthorizationFailedError(hidden)

    def refusing(self) -> dict[str, str]:
        """The brokers that refuse this client, by address, with what they say; others may let it in."""
        return refusals(self._consumer._client)  # noqa: SLF001 - kafka-python shows it nowhere else

    def joining(self) -> bool:
        """Whether this is on its way into the group, for the first time or again."""
        return bool(self._consumer._coordinator.rejoining)  # noqa: SLF001 - kafka-python shows it nowhere else

    def joined(self) -> bool:
        """Whether this is a member of the group, also while the group shares the partitions anew."""
        return bool(self._consumer.group_metadata().generation_id >= 0)

    def cluster_id(self) -> str | None:
        """The cluster's id, None before its first answer."""
        value = self._consumer._cluster.cluster_id  # noqa: SLF001 - kafka-python shows it nowhere else
        return None if value is None else str(value)

    def topic_id(self, topic: str) -> UUID | None:
        """The id of the topic's present incarnation, None where the topic is not there."""
        found = self._consumer._cluster.topic_id(topic)  # noqa: SLF001 - kafka-python shows it nowhere else
        return found if isinstance(found, UUID) else None

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Deliver nothing from these partitions."""
        present = self._consumer.assignment()
        self._consumer.pause(*(at for at in (TopicPartition(*p) for p in partitions) if at in present))

    def start_at(self, partition: Partition, offset: int) -> None:
        """Deliver from this offset on."""
        at = TopicPartition(*partition)
        self._consumer.seek(at, offset)
        self._consumer.resume(at)

    def note_progress(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka how far we are, for lag dashboards only: nothing reads it back, so a failure does not matter."""
        self._consumer.commit_async(
            {TopicPartition(*partition): OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()}
        )

    def close(self, timeout_s: float, progress: Mapping[Partition, int]) -> None:
        """Leave the group within `timeout_s`. Never raises."""
        milliseconds = round(timeout_s * 1000 / 2)
        # The offsets are for dashboards, and the session time-out frees the partitions all the same.
        with suppress(Exception):
            if progress:
                offsets = {TopicPartition(*p): OffsetAndMetadata(offset, "", -1) for p, offset in progress.items()}
                self._consumer.commit(offsets, timeout_ms=milliseconds)
        with suppress(Exception):
            self._consumer.close(autocommit=False, timeout_ms=milliseconds)


class _NoteRebalances(ConsumerRebalanceListener):
    """Runs on kafka-python's IO loop: pauses and notes, never blocks, never asks the network."""

    def __init__(self, consumer: Any, notes: deque[Rebalanced]) -> None:
        self._consumer = consumer
        self._notes = notes

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        partitions = list(assigned)
        self._consumer.pause(*partitions)
        for at in partitions:
            # Any position will do: without one, each poll asks for a committed offset, and fails where there is none.
            self._consumer.seek(at, 0)
        self._notes.append(Rebalanced("assigned", frozenset(Partition(at.topic, at.partition) for at in partitions)))

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self._notes.append(Rebalanced("gone", frozenset(Partition(at.topic, at.partition) for at in revoked)))

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self.on_partitions_revoked(lost)
