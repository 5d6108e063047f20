"""Bounds of an emitter: on memory, and on every wait of its own thread."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitterLimits:
    """What an emitter may use. Every value has to be over 0; raises ValueError otherwise.

    Bytes of the buffer are an estimate of memory: 4 KiB for each message and each of its attempts. Bytes that are
    not acknowledged are those of the encoded messages.
    """

    max_buffered: int = 10_000
    """Traces that wait for Kafka; as many outcomes again. The oldest is dropped for the newest."""
    max_buffered_bytes: int = 64 * 1024 * 1024
    max_unacknowledged: int = 2_000
    """Messages of one topic that the producer may hold: kafka-python has no bound of its own."""
    max_unacknowledged_bytes: int = 8 * 1024 * 1024
    max_counters: int = 5_000
    """Combinations of route, arm, task class and epoch that are counted; requests of others are not."""
    quiet_s: float = 600.0
    """After this time without a change a counter with nothing in flight is left out of the heartbeats."""
    heartbeat_interval_s: float = 1.0
    connect_timeout_s: float = 3.0
    topic_timeout_s: float = 0.2
    """How long the thread waits for the partitions of a topic before it goes on with the others."""
    request_timeout_s: float = 10.0
    delivery_timeout_s: float = 600.0
    """After this time a message that Kafka never acknowledged counts as dropped."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} has to be over 0")
