"""The emitter's own thread: connects, encodes, hands over to the producer, and sends the heartbeats.

Requests only write into the buffers of the boot; everything that costs time or can fail on account of Kafka is here.
"""

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from kafka.errors import IllegalStateError

from pointsman_contract import topics
from pointsman_contract.decode import encode
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_router.backoff import Backoff
from pointsman_router.boot import Boot
from pointsman_router.buffer import Buffer
from pointsman_router.conditions import Conditions, log
from pointsman_router.encoding import Draft, Encoded, UnsendableError, encode_message
from pointsman_router.flight import Flight
from pointsman_router.heartbeats import Beat, Heartbeats
from pointsman_router.kafka_line import KafkaLine, error_name
from pointsman_router.limits import EmitterLimits

M = TypeVar("M", Outcome, Draft | Trace)

_TICK_S = 0.05
# After so many messages the thread lets others have the interpreter: encoding holds it.
_SLICE = 25
_PAUSE_S = 0.001
# A heartbeat tells all that the ones before told: when Kafka does not answer, more of them are of no use.
_MAX_HEARTBEATS = 2
_UNANSWERED_S = 10.0
# A producer that only fails for so long is replaced: some of its errors it never recovers from.
_REPLACE_AFTER_S = 30.0
# How much of the time to close is kept for the end of the producer.
_ENDING_S = 1.0


class Worker:
    """Serves one boot until it is told to close."""

    def __init__(self, boot: Boot, connect: Callable[[float], KafkaLine], limits: EmitterLimits, prefix: str) -> None:
        self._boot = boot
        self._connect = connect
        self._limits = limits
        self._topics = {name: prefix + name for name in (topics.TRACES, topics.OUTCOMES, topics.HEARTBEATS)}
        self.traces = Flight(limits.max_unacknowledged, limits.max_unacknowledged_bytes)
        self.outcomes = Flight(limits.max_unacknowledged, limits.max_unacknowledged_bytes)
        self.heartbeats = Flight(_MAX_HEARTBEATS, limits.max_unacknowledged_bytes)
        self._conditions = Conditions()
        self._beats = Heartbeats(boot, lambda: self.traces.sent, self.dropped_traces)
        self._line: KafkaLine | None = None
        self._backoff = Backoff()
        self._connect_at = 0.0
        self._beat_at = 0.0
        self._failing_since: float | None = None
        self._dropped_seen = 0
        self._woken = Event()
        self._deadline: float | None = None
        self.thread = Thread(target=self._run, name="pointsman-emitter", daemon=True)

    def beat_now(self) -> None:
        """Send a heartbeat at once."""
        self._beat_at = 0.0
        self._woken.set()

    def close(self, timeout_s: float) -> bool:
        """Send what is there and end; what is left after `timeout_s` is given up. Whether the thread has ended."""
        self._deadline = monotonic() + timeout_s
        self._woken.set()
        self.thread.join(timeout_s)
        if self.thread.is_alive():
            self._close_buffers()
        return not self.thread.is_alive()

    def abandon(self) -> None:
        """For the child of a fork, which has not got this thread."""
        if self._line is not None:
            self._line.abandon()

    def dropped_traces(self) -> int:
        """Traces that were given up: by a full buffer, by the contract, or by the producer."""
        return self._boot.traces.dropped + self._boot.losses.invalid_traces + self.traces.failed

    def dropped_outcomes(self) -> int:
        """The same of outcomes."""
        return self._boot.outcomes.dropped + self._boot.losses.invalid_outcomes + self.outcomes.failed

    def _run(self) -> None:
        while self._deadline is None:
            self._woken.wait(_TICK_S)
            self._woken.clear()
            self._turn()
        self._end(self._deadline)

    def _end(self, deadline: float) -> None:
        gives_up_at = deadline - min(_ENDING_S, (deadline - monotonic()) / 4)
        while monotonic() < gives_up_at and (self._boot.traces or self._boot.outcomes or not self._settled()):
            self._turn(until=gives_up_at)
            time.sleep(_PAUSE_S)
        # The last one has the final counts, whatever the second says.
        self._beat_at = 0.0
        while monotonic() < gives_up_at and (self._beat_at == 0.0 or self.heartbeats.pending):
            self._turn(until=gives_up_at)
            time.sleep(_PAUSE_S)
        self._close_buffers()
        if self._line is not None:
            settled = self._settled() and not self.heartbeats.pending
            self._line.close(max(deadline - monotonic(), 0.1), settled=settled)
            self._line = None
        lost = self.dropped_traces() + self.dropped_outcomes()
        if lost:
            log.warning("closed; %s traces and outcomes were given up since the start", f"{lost:,}")

    def _settled(self) -> bool:
        return not self.traces.pending and not self.outcomes.pending

    def _close_buffers(self) -> None:
        self._boot.traces.close()
        self._boot.outcomes.close()

    def _turn(self, until: float | None = None) -> None:
        try:
            self._watch()
            line = self._line or self._open(until)
            if line is not None:
                self._beat(line)
                self._hand_over(line, topics.OUTCOMES, self._boot.outcomes, self.outcomes)
                self._hand_over(line, topics.TRACES, self._boot.traces, self.traces)
        except Exception as error:  # noqa: BLE001 - the thread outlives everything: without it nothing is sent any more
            # Not the traceback: the words of an error may quote a payload.
            self._conditions.begins("thread", f"the emitter's thread met {error_name(error)} and goes on")
            time.sleep(_TICK_S)

    def _open(self, until: float | None) -> KafkaLine | None:
        now = monotonic()
        if now < self._connect_at:
            return None
        within_s = self._limits.connect_timeout_s if until is None else min(self._limits.connect_timeout_s, until - now)
        try:
            self._line = self._connect(max(within_s, 0.1))
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, it may be right later
            self._connect_at = monotonic() + self._backoff.next_s()
            self._conditions.begins("away", f"Kafka does not answer ({error_name(error)}); trying again")
            return None
        self._backoff.reset()
        self._conditions.ends("away", "Kafka answers")
        return self._line

    def _beat(self, line: KafkaLine) -> None:
        topic = self._topics[topics.HEARTBEATS]
        now = monotonic()
        if now < self._beat_at or not line.has(topic) or not self.heartbeats.has_room(0):
            return
        # First of all: a policy that is applied meanwhile asks for one more.
        self._beat_at = now + self._limits.heartbeat_interval_s
        beat: Beat = self._beats.next()
        message = Encoded(self._boot.router_id.encode(), encode(beat.message))
        acknowledged = partial(self._beats.acknowledged, beat)
        if not self._send(line, topic, message, self.heartbeats, acknowledged):
            self._beat_at = now

    def _hand_over(self, line: KafkaLine, name: str, buffer: Buffer[M], flight: Flight) -> None:
        topic = self._topics[name]
        handed = 0
        while line.has(topic) and flight.has_room(0) and (taken := buffer.take()) is not None:
            message, memory = taken
            encoded = self._encode(message)
            if encoded is None:
                continue
            try:
                sent = self._send(line, topic, encoded, flight)
            except Exception as error:  # noqa: BLE001 - whatever it is, the message is accounted for
                self._refused(message, f"the producer refuses a message for topic {topic}: {error_name(error)}")
                continue
            if not sent:
                buffer.put_back(message, memory)
                return
            handed += 1
            if handed % _SLICE == 0:
                time.sleep(_PAUSE_S)
                if monotonic() >= self._beat_at:
                    self._beat(line)

    def _send(
        self,
        line: KafkaLine,
        topic: str,
        message: Encoded,
        flight: Flight,
        acknowledged: Callable[[], None] | None = None,
    ) -> bool:
        try:
            sent = line.send(topic, message, flight, acknowledged)
        except IllegalStateError:
            # Somebody else closed the producer.
            self._line = None
            return False
        if sent:
            self._conditions.ends(topic, f"topic {topic} is there")
        else:
            self._conditions.begins(topic, f"Kafka names no partition of topic {topic}; waiting for it")
        return sent

    def _encode(self, message: Outcome | Draft | Trace) -> Encoded | None:
        try:
            encoded = encode_message(message)
        except UnsendableError as error:
            self._refused(message, f"not sent, the contract refuses {error}")
            return None
        for path in encoded.left_out:
            self._boot.losses.left_out_fields += 1
            self._conditions.begins(f"field {path}", f"sent without {path}: the contract refuses its value")
        return encoded

    def _refused(self, message: Outcome | Draft | Trace, sentence: str) -> None:
        if isinstance(message, Outcome):
            self._boot.losses.invalid_outcomes += 1
        else:
            self._boot.losses.invalid_traces += 1
        self._conditions.begins(sentence, sentence)

    def _watch(self) -> None:
        """Say what began and what ended, and replace a producer that only fails."""
        now = monotonic()
        say = self._conditions
        flights = (self.traces, self.outcomes, self.heartbeats)
        if any(flight.waiting_s(now) > _UNANSWERED_S for flight in flights):
            say.begins("unanswered", f"Kafka has acknowledged nothing for {_UNANSWERED_S:g} s; waiting for it")
        else:
            say.ends("unanswered", "Kafka acknowledges again")
        errors = sorted({flight.error for flight in flights if flight.error})
        if errors:
            say.begins("delivery", f"Kafka refuses messages ({', '.join(errors)}): they count as dropped")
            self._failing_since = self._failing_since or now
        else:
            say.ends("delivery", "Kafka takes messages again")
            self._failing_since = None
        self._watch_buffers()
        if self._boot.counters.uncounted:
            say.begins("uncounted", "requests are not counted: bad names, too many routes, or a forgotten epoch")
        self._replace_line(now)

    def _watch_buffers(self) -> None:
        dropped = self._boot.traces.dropped + self._boot.outcomes.dropped
        if dropped > self._dropped_seen:
            self._dropped_seen = dropped
            self._conditions.begins("dropping", "the buffer is full: the oldest messages are dropped, and counted")
        elif max(len(self._boot.traces), len(self._boot.outcomes)) < self._limits.max_buffered // 2:
            self._conditions.ends("dropping", f"the buffer has room again; {dropped:,} were dropped since the start")

    def _replace_line(self, now: float) -> None:
        if self._failing_since is not None and now - self._failing_since > _REPLACE_AFTER_S and self._line is not None:
            self._failing_since = now
            self._line.close(_ENDING_S, settled=False)
            self._line = None
