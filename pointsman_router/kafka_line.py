"""The line to Kafka: an idempotent producer, made and ended without ever holding up a request.

Where kafka-python 3.0.12 does not keep its word it is told here: its constructor blocks and leaves thread and sockets
behind when it fails; it waits without end for one who lets it connect and then does not talk TLS;
`allow_auto_create_topics` does not reach its metadata; `close` first waits, then raises, and leaves its thread running;
at exit it ends before whoever uses it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from ssl import SSLSocket
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_router.encoding import Encoded
from pointsman_router.limits import EmitterLimits

_LINGER_MS = 20
# What Kafka's own clients give a connection at first.
_AGREEMENT_S = 10.0
_BATCH_BYTES = 128 * 1024
# A missing topic is asked for again after this time; the other topics go on meanwhile.
_ASK_AGAIN_S = 1.0
# The contract's largest message, its key, and what Kafka puts around them.
_LARGEST_BYTES = MAX_MESSAGE_BYTES + 64 * 1024
_OURS = frozenset(
    {
        "acks",
        "allow_auto_create_topics",
        "bootstrap_servers",
        "bootstrap_timeout_ms",
        "delivery_timeout_ms",
        "enable_idempotence",
        "kafka_client",
        "key_serializer",
        "max_block_ms",
        "max_request_size",
        "request_timeout_ms",
        "transactional_id",
        "value_serializer",
    }
)
# Producers of a parent process: their sockets are the parent's, and even to free them here would write to those.
_abandoned: list[Any] = []


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise ValueError for a setting that kafka-python does not have, or that the emitter sets itself."""
    for name in sorted(settings):
        if name in _OURS:
            raise ValueError(f"kafka_settings: {name} is set by the emitter (waits and sizes: EmitterLimits)")
        if name not in KafkaProducer.DEFAULT_CONFIG:
            raise ValueError(f"kafka_settings: kafka-python's producer has no setting {name}")


class _Selector(NetworkSelector):
    """With a bound for the agreement on TLS, see above."""

    def __init__(self, **configs: Any) -> None:
        super().__init__(**configs)  # type: ignore[no-untyped-call]  # kafka-python has no types
        # Until when each has to have agreed.
        self._agreed_by: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def _wait_io(self, fileobj: Any, event: int, timeout_at: float | None) -> None:
        # Before they have agreed there is no version.
        if timeout_at is None and isinstance(fileobj, SSLSocket) and fileobj.version() is None:
            timeout_at = self._agreed_by.setdefault(fileobj, monotonic() + _AGREEMENT_S)
        super()._wait_io(fileobj, event, timeout_at)  # type: ignore[no-untyped-call]  # see above


class KafkaLine:
    """One producer. Used by the emitter's thread alone."""

    def __init__(self, bootstrap: str, settings: Mapping[str, Any], limits: EmitterLimits, connect_s: float) -> None:
        """Blocks for about `connect_s`, up to 10 s more where TLS is to be agreed on.

        Raises whatever kafka-python finds wrong: it leaves nothing behind.
        """
        self._absent: dict[str, float] = {}
        self._request_timeout_s = limits.request_timeout_s
        made: list[Any] = []

        def make(**configs: Any) -> Any:
            made.append(KafkaNetClient(net=_Selector(**configs), **configs))
            return made[-1]

        ours = {
            "bootstrap_servers": bootstrap.split(","),
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,
            "max_request_size": _LARGEST_BYTES,
            "bootstrap_timeout_ms": round(connect_s * 1000),
            "max_block_ms": round(limits.topic_timeout_s * 1000),
            "request_timeout_ms": round(limits.request_timeout_s * 1000),
            "delivery_timeout_ms": round(max(limits.delivery_timeout_s, limits.request_timeout_s + 1) * 1000),
            "kafka_client": make,
        }
        usual = {
            "client_id": "pointsman-router",
            # Without the package crc32c the checksum is computed in Python: of a tenth of the bytes this way.
            "compression_type": "gzip",
            "linger_ms": _LINGER_MS,
            "batch_size": _BATCH_BYTES,
            # A broker that comes back is found again within seconds.
            "reconnect_backoff_max_ms": 2_000,
            "metrics_enabled": False,
        }
        try:
            self._producer: Any = KafkaProducer(**usual | dict(settings) | ours)
        except BaseException:
            for client in made:
                with suppress(Exception):
                    client.close()
            raise
        # Its setting does not get there by itself, and Kafka would create what it is asked about.
        self._producer._metadata.config["allow_auto_create_topics"] = False  # noqa: SLF001 - it is shown nowhere else

    def has(self, topic: str) -> bool:
        """Whether it makes sense to send to this topic now: it was not found missing a moment ago."""
        return self._absent.get(topic, 0.0) <= monotonic()

    @property
    def broken(self) -> bool:
        """Whether the producer will never send anything again.

        One message that Kafka refuses does that: kafka-python then gives up all that it holds, and all that follows.
        """
        return bool(self._producer._transaction_manager.has_fatal_error())  # noqa: SLF001 - nothing public tells

    def send(
        self, topic: str, message: Encoded, acknowledged: Callable[[], None], given_up: Callable[[Exception], None]
    ) -> bool:
        """Hand a message to the producer; False while the topic has no partitions.

        One of the two is called later, from the producer's thread. Waits at most `topic_timeout_s`, and only for a
        topic that is not known yet. Raises KafkaError for a message that the producer refuses.
        """
        try:
            future = self._producer.send(topic, value=message.value, key=message.key)
        except KafkaTimeoutError:
            # What this topic's messages wait for is in the buffer, where it is bounded.
            self._absent[topic] = monotonic() + _ASK_AGAIN_S
            return False
        if future.failed():
            # What the metadata said of the topic: not allowed, for one. It may be right later.
            self._absent[topic] = monotonic() + _ASK_AGAIN_S
            return False
        self._absent.pop(topic, None)
        future.add_callback(lambda _receipt: acknowledged())
        future.add_errback(given_up)
        return True

    def close(self, within_s: float, *, settled: bool) -> None:
        """Free thread and sockets; what is not `settled` is given up. Never raises, and takes about `within_s`."""
        sender = self._producer._sender  # noqa: SLF001 - nothing public ends it while messages are under way
        with suppress(Exception):
            if not settled:
                sender.force_close()
                sender.join(within_s)
            self._producer.close(timeout=within_s)

    def abandon(self) -> None:
        """For the child of a fork: leave the parent's producer alone, also when this process ends."""
        self._producer._unregister_cleanup()  # noqa: SLF001 - or it would flush the parent's messages at exit
        self._producer._closed = True  # noqa: SLF001 - see above, for when it is freed
        _abandoned.append(self._producer)


def error_name(error: BaseException) -> str:
    """What may be said of an error in a log: its class. Its words may quote a message or a setting."""
    return type(error).__name__ if isinstance(error, KafkaError) else f"{type(error).__module__}.{type(error).__name__}"
