"""Messages on their way to Kafka: each one acknowledged by all replicas, or one clear error in bounded time.

kafka-python 3 has no bound of its own on what it buffers, waits once for each batch in `flush`, and lets `close`
raise before it stops its thread: the bounds are here instead.
"""

from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import AuthorizationError, KafkaError, KafkaTimeoutError

from ingest.connection import KafkaConnection
from ingest.deliveries import Deliveries
from ingest.errors import BrokerUnreachable, DeliveryDenied, DeliveryFailed, NotAcknowledged
from ingest.network_client import closed_on_failure, create_no_topics
from ingest.refusals import denied, missing_right, why_not

# What the client keeps for a message beside its bytes: a future, its callbacks, an entry in the batch.
_BOOKKEEPING_BYTES = 1024
_LINGER_MS = 20
# Under 128 KiB the overhead of requests is felt, over it nothing is gained (measured on the embedded broker).
_BATCH_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherLimits:
    """Bounds on memory, on message size and on every wait.

    `max_message_bytes` is wider than the contract's limit: what is too large shall be the ingest's finding, not ours.
    """

    max_pending_bytes: int = 16 * 1024 * 1024
    max_message_bytes: int = 16 * 1024 * 1024
    connect_timeout_s: float = 10.0
    topic_timeout_s: float = 10.0
    request_timeout_s: float = 10.0
    delivery_timeout_s: float = 30.0


class KafkaPublisher:
    """Publishes bytes to any topic, in order by key, without duplicates of its own.

    `publish` may block while too much is under way; `flush` blocks until everything is acknowledged; `close` gives
    up what is not. After a message was lost each further call raises: the sequence has a hole that only the caller
    can judge.
    """

    def __init__(self, connection: KafkaConnection | str, *, limits: PublisherLimits | None = None) -> None:
        """Connects. Raises BrokerUnreachable, KafkaDenied."""
        connection = KafkaConnection.of(connection)
        self._address = connection.bootstrap
        self._limits = limits or PublisherLimits()
        self._deliveries = Deliveries(self._limits.max_pending_bytes)
        self._producer = _connect(connection, self._limits)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.flush(self._limits.delivery_timeout_s)
        finally:
            self.close(0.0)

    @property
    def delivered(self) -> int:
        """Messages that the broker acknowledged so far."""
        return self._deliveries.delivered

    def publish(
        self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]] | None = None
    ) -> None:
        """Hand one message over; a value of None is a tombstone and needs a key.

        Blocks while `max_pending_bytes` are under way, at most for the delivery time-out. Raises DeliveryFailed.
        """
        size = len(key or b"") + len(value or b"") + _BOOKKEEPING_BYTES
        if not self._deliveries.begin(size, self._limits.delivery_timeout_s):
            raise self._unacknowledged(self._limits.delivery_timeout_s)
        try:
            self._raise_if_lost()
            future = self._producer.send(topic, value=value, key=key, headers=headers)
        except KafkaTimeoutError as error:
            self._deliveries.withdraw(size)
            raise self._no_topic(topic) from error
        except AuthorizationError as error:
            self._deliveries.withdraw(size)
            raise DeliveryDenied(missing_right(error), undelivered=1) from error
        except (KafkaError, ValueError) as error:
            self._deliveries.withdraw(size)
            raise DeliveryFailed(f"topic {topic}: {_sentence(error)}", undelivered=1) from error
        except BaseException:
            self._deliveries.withdraw(size)
            raise
        future.add_callback(partial(self._deliveries.acknowledged, size))
        future.add_errback(partial(self._deliveries.lost, size))

    def flush(self, timeout_s: float) -> None:
        """Block until every message is acknowledged. Raises DeliveryFailed if one was not, or not in time."""
        if not self._deliveries.settled(timeout_s):
            raise self._unacknowledged(timeout_s)
        self._raise_if_lost()

    def close(self, timeout_s: float) -> None:
        """Wait this long for what is under way, give up the rest, free thread and sockets. Never raises."""
        if self._closed:
            return
        self._closed = True
        if not self._deliveries.settled(timeout_s):
            self._give_up()
        try:
            self._producer.close(timeout=self._limits.request_timeout_s)
        except KafkaError:
            # Its thread still hangs in a request: it is a daemon and ends with the request's time-out.
            return

    def _give_up(self) -> None:
        # KafkaProducer.close() would first wait for these messages, then raise, and leave its thread running.
        sender = self._producer._sender  # noqa: SLF001 - nothing public ends it
        sender.force_close()
        sender.join(self._limits.request_timeout_s)

    def _raise_if_lost(self) -> None:
        error = self._deliveries.first_error
        if isinstance(error, KafkaTimeoutError):
            raise self._unacknowledged(self._limits.delivery_timeout_s) from error
        if isinstance(error, AuthorizationError):
            raise DeliveryDenied(missing_right(error), undelivered=self._undelivered()) from error
        if error is not None:
            raise DeliveryFailed(_sentence(error), undelivered=self._undelivered()) from error

    def _undelivered(self) -> int:
        return self._deliveries.failed + self._deliveries.pending

    def _no_topic(self, topic: str) -> DeliveryFailed:
        waited = f"{self._limits.topic_timeout_s:g} s"
        reason = (
            f"{self._address} named no partition of topic {topic} within {waited}: is the topic there?"
            " To create it, run: pointsman topics create"
        )
        return DeliveryFailed(reason, undelivered=1)

    def _unacknowledged(self, waited_s: float) -> DeliveryFailed:
        return NotAcknowledged(
            f"{self._address} did not acknowledge within {waited_s:g} s ({self.delivered:,} before were delivered)",
            undelivered=self._undelivered(),
        )


def _connect(connection: KafkaConnection, limits: PublisherLimits) -> Any:
    try:
        with closed_on_failure() as client:
            producer: Any = KafkaProducer(
                kafka_client=client,
                **connection.client_settings(),
                client_id="pointsman-publisher",
                acks="all",
                enable_idempotence=True,
                # A misspelt topic shall be an error, not a new topic.
                allow_auto_create_topics=False,
                compression_type="zstd",
                linger_ms=_LINGER_MS,
                batch_size=_BATCH_BYTES,
                max_request_size=limits.max_message_bytes,
                bootstrap_timeout_ms=round(limits.connect_timeout_s * 1000),
                max_block_ms=round(limits.topic_timeout_s * 1000),
                request_timeout_ms=round(limits.request_timeout_s * 1000),
                delivery_timeout_ms=max(
                    round(limits.delivery_timeout_s * 1000), round(limits.request_timeout_s * 1000) + _LINGER_MS
                ),
                metrics_enabled=False,
            )
    except KafkaError as error:
        if refused := denied(error, connection.bootstrap):
            raise refused from error
        raise BrokerUnreachable(connection.bootstrap, waited_s=limits.connect_timeout_s, why=why_not(error)) from error
    create_no_topics(producer._metadata)  # noqa: SLF001 - kafka-python shows it nowhere else
    return producer


def _sentence(error: Exception) -> str:
    text = str(error).strip()
    return text if text.startswith(type(error).__name__) else f"{type(error).__name__}: {text}".removesuffix(": ")
