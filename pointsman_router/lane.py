"""The way of one topic: from its buffer through the encoding into the producer, and back where that gives up."""

import time
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Generic, TypeVar

from kafka.errors import AuthorizationError, IllegalStateError, KafkaTimeoutError

from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_router.buffer import Buffer, Waiting
from pointsman_router.conditions import Conditions
from pointsman_router.encoding import Encoded, UnsendableError, encode_message
from pointsman_router.flight import Flight
from pointsman_router.kafka_line import KafkaLine, error_name
from pointsman_router.request import Request

M = TypeVar("M", bound=Request | Trace | Outcome)

# After so many messages the thread lets others have the interpreter: encoding holds it.
_SLICE = 25
_PAUSE_S = 0.001
# A producer that meets one message that Kafka refuses gives up all that it holds: those go once more, each alone.
_MOST_TRIES = 2


class Lane(Generic[M]):
    """One topic's messages. Used by the emitter's thread; only what the producer calls back comes from another."""

    def __init__(
        self, topic: str, buffer: Buffer[M], flight: Flight, say: Conditions, wake: Callable[[], None]
    ) -> None:
        self.topic = topic
        self.buffer = buffer
        self.flight = flight
        self._say = say
        self._wake = wake
        self._alone = False
        self._invalid = 0
        self.left_out_fields = 0

    @property
    def dropped(self) -> int:
        """Messages that were given up: by a full buffer, by the contract, or by Kafka."""
        return self.buffer.dropped + self._invalid + self.flight.failed

    @property
    def waiting(self) -> int:
        """Messages that may still arrive."""
        return len(self.buffer) + self.flight.pending

    def hand_over(self, line: KafkaLine, between: Callable[[], None]) -> None:
        """Give the producer what it has room for; calls `between` after each slice of messages."""
        handed = 0
        while self._may_send(line) and (waiting := self.buffer.take()) is not None:
            if waiting.tries and self.flight.pending:
                self.buffer.put_back(waiting)
                return
            encoded = self._encode(waiting.item)
            if encoded is None:
                continue
            self._alone = waiting.tries > 0
            try:
                if not self._send(line, encoded, waiting):
                    self.buffer.put_back(waiting)
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, the message is accounted for
                self._invalid += 1
                self._say.begins("refused", f"the producer refuses a message for {self.topic}: {error_name(error)}")
                continue
            handed += 1
            if handed % _SLICE == 0:
                time.sleep(_PAUSE_S)
                between()

    def _may_send(self, line: KafkaLine) -> bool:
        # What a broken producer is given comes back as if it were that message's fault.
        return not line.broken and line.has(self.topic) and self._has_room()

    def _has_room(self) -> bool:
        return self.flight.pending == 0 if self._alone else self.flight.has_room(0)

    def _send(self, line: KafkaLine, encoded: Encoded, waiting: Waiting[M]) -> bool:
        size = len(encoded.key) + len(encoded.value)
        self.flight.begin(size, again=waiting.tries > 0)
        sent = False
        try:
            sent = line.send(
                self.topic,
                encoded,
                acknowledged=partial(self._acknowledged, size),
                given_up=partial(self._given_up, size, waiting),
            )
        except IllegalStateError:
            # Somebody else closed the producer: the line is broken, not the message.
            return False
        finally:
            if not sent:
                self.flight.withdraw(size, again=waiting.tries > 0)
        say_topic(self._say, self.topic, is_there=sent)
        return sent

    def _acknowledged(self, size: int) -> None:
        self.flight.acknowledged(size)
        if self._alone:
            self._wake()

    def _given_up(self, size: int, waiting: Waiting[M], error: Exception) -> None:
        own_fault = waiting.tries + 1 >= _MOST_TRIES and not isinstance(error, AuthorizationError)
        # After the time-out it may be in Kafka or not, and it is too old to matter.
        for_good = own_fault or isinstance(error, KafkaTimeoutError)
        self.flight.lost(size, error, for_good=for_good)
        if not for_good:
            self.buffer.put_back(waiting._replace(tries=waiting.tries + 1))
        self._wake()

    def _encode(self, message: M) -> Encoded | None:
        try:
            encoded = encode_message(message.draft() if isinstance(message, Request) else message)
        except UnsendableError as error:
            self._invalid += 1
            self._say.begins(f"{self.topic} {error}", f"not sent, the contract refuses {error}")
            return None
        for path in encoded.left_out:
            self.left_out_fields += 1
            self._say.begins(f"field {path}", f"sent without {path}: the contract refuses its value")
        return encoded


def say_topic(say: Conditions, topic: str, *, is_there: bool) -> None:
    """Once when a topic is missed, once when it is there."""
    if is_there:
        say.ends(topic, f"topic {topic} is there")
    else:
        say.begins(topic, f"Kafka names no partition of topic {topic}; waiting for it")


def unanswered_s(flights: tuple[Flight, ...]) -> float:
    """For how long Kafka has moved nothing although something is under way."""
    return max(flight.waiting_s(monotonic()) for flight in flights)
