"""What can go wrong between Kafka and us.

PointsmanError (pointsman_contract.errors)
├── BrokerUnreachable      no broker answered at the address in time
├── KafkaDenied            the brokers answer, and say no: wrong credentials, certificates, rights
├── DeliveryFailed         a message that no broker acknowledged; nothing more is sent after it
│   ├── NotAcknowledged    because none answered in time
│   └── DeliveryDenied     because Kafka does not let us (a KafkaDenied too)
├── TopicRefused           Kafka does not let us create or describe a topic
├── OffsetGone             a partition no longer holds the position that was read from
└── IngestStopped          no waiting mends it: the process ends and says what to do
    └── BatchUnreadable    Kafka hands out a batch that cannot be taken apart
"""

from typing import TYPE_CHECKING

from pointsman_contract.errors import PointsmanError

if TYPE_CHECKING:
    from ingest.partitions import Partition


class BrokerUnreachable(PointsmanError):
    """No Kafka broker answered at `address`."""

    def __init__(self, address: str, *, waited_s: float | None = None, why: str = "") -> None:
        waited = "" if waited_s is None else f" within {waited_s:g} s"
        super().__init__(f"no Kafka broker answered at {address}{waited}{f' ({why})' if why else ''}")
        self.address = address


class KafkaDenied(PointsmanError):
    """The settings or Kafka's access lists are wrong: waiting does not help."""


class DeliveryFailed(PointsmanError):
    """Messages that were handed over and never acknowledged: `undelivered` counts those known so far."""

    def __init__(self, reason: str, *, undelivered: int) -> None:
        noun = "message was" if undelivered == 1 else "messages were"
        super().__init__(f"{undelivered:,} {noun} not delivered: {reason}")
        self.reason = reason
        self.undelivered = undelivered


class NotAcknowledged(DeliveryFailed):
    """No broker answered in time."""


class DeliveryDenied(DeliveryFailed, KafkaDenied):
    """Kafka does not let this user write."""


class TopicRefused(PointsmanError):
    """Kafka answered, and refused to create or describe a topic."""


class OffsetGone(PointsmanError):
    """The position of a partition is outside of what Kafka holds: place it anew."""


class IngestStopped(PointsmanError):
    """Ingest cannot go on by itself; the text says why, and which command helps."""


class BatchUnreadable(IngestStopped):
    """Kafka hands out bytes of a partition, from the offset `first` on, that cannot be taken apart.

    Messages go on at `behind`, where that can be told. A broker that checks what it takes has such a batch only on a
    damaged disk.
    """

    def __init__(self, partition: "Partition", first: int, behind: int | None, why: str) -> None:
        what = f"a batch at the offset {first:,}" if behind is None else f"the batch of {first:,} to {behind - 1:,}"
        to = "OFFSET, that of the next batch" if behind is None else behind
        super().__init__(
            f"{partition}: {what} cannot be read: {why}. What was read before is stored. After a look at the topic, to"
            f" go on behind it, run: pointsman offsets reset --topic {partition.topic} --partition {partition.number}"
            f" --to {to}"
        )
        self.partition = partition
