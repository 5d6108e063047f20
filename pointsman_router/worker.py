"""The emitter's own thread: connects, encodes, hands over to the producer, and sends the heartbeats.

Requests only write into the buffers of the boot; everything that costs time or can fail on account of Kafka is here.
"""

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from time import monotonic

from pointsman_contract import topics
from pointsman_contract.decode import encode
from pointsman_router.backoff import Backoff
from pointsman_router.boot import Boot
from pointsman_router.conditions import Conditions, log
from pointsman_router.encoding import Encoded
from pointsman_router.flight import Flight
from pointsman_router.heartbeats import Heartbeats
from pointsman_router.kafka_line import KafkaLine, error_name
from pointsman_router.lane import Lane, say_topic, unanswered_s
from pointsman_router.limits import EmitterLimits

_TICK_S = 0.05
_PAUSE_S = 0.001
# A heartbeat tells all that the ones before told: when Kafka does not answer, more of them are of no use.
_MAX_HEARTBEATS = 2
_UNANSWERED_S = 10.0
# How much of the time to close is kept for the end of the producer.
_ENDING_S = 1.0


class Worker:
    """Serves one boot until it is told to close."""

    def __init__(self, boot: Boot, connect: Callable[[float], KafkaLine], limits: EmitterLimits, prefix: str) -> None:
        self._boot = boot
        self._connect = connect
        self._limits = limits
        self._say = Conditions()
        self._woken = Event()
        most = (limits.max_unacknowledged, limits.max_unacknowledged_bytes)
        self.traces = Lane(prefix + topics.TRACES, boot.traces, Flight(*most), self._say, self._woken.set)
        self.outcomes = Lane(prefix + topics.OUTCOMES, boot.outcomes, Flight(*most), self._say, self._woken.set)
        self.heartbeats = Flight(_MAX_HEARTBEATS, limits.max_unacknowledged_bytes)
        self._beat_topic = prefix + topics.HEARTBEATS
        self._beats = Heartbeats(boot, lambda: self.traces.flight.sent, lambda: self.traces.dropped)
        self._beat_at = 0.0
        self._line: KafkaLine | None = None
        self._connecting, self._replacing = Backoff(), Backoff()
        self._connect_at = 0.0
        self._delivered_before = 0
        self._dropped_before = 0
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

    def _run(self) -> None:
        while self._deadline is None:
            self._woken.wait(_TICK_S)
            self._woken.clear()
            self._turn()
        self._end(self._deadline)

    def _end(self, deadline: float) -> None:
        gives_up_at = deadline - min(_ENDING_S, (deadline - monotonic()) / 4)
        self._work_until(lambda: not self.traces.waiting and not self.outcomes.waiting, gives_up_at)
        # One more has the final counts, whatever the second says.
        self._beat_at = 0.0
        self._work_until(lambda: self._beat_at > 0.0 and not self.heartbeats.pending, gives_up_at)
        self._close_buffers()
        if self._line is not None:
            settled = not (self.traces.flight.pending or self.outcomes.flight.pending or self.heartbeats.pending)
            self._line.close(max(deadline - monotonic(), 0.1), settled=settled)
            self._line = None
        if lost := self._dropped():
            log.warning("closed; %s traces and outcomes were given up since the start", f"{lost:,}")

    def _work_until(self, done: Callable[[], bool], gives_up_at: float) -> None:
        while not done() and monotonic() < gives_up_at:
            self._turn(until=gives_up_at)
            time.sleep(_PAUSE_S)

    def _close_buffers(self) -> None:
        self._boot.traces.close()
        self._boot.outcomes.close()

    def _turn(self, until: float | None = None) -> None:
        try:
            self._boot.prepare_ids()
            self._watch()
            line = self._line or self._open(until)
            if line is not None:
                between = partial(self._beat, line)
                between()
                self.outcomes.hand_over(line, between)
                self.traces.hand_over(line, between)
        except Exception as error:  # noqa: BLE001 - the thread outlives everything: without it nothing is sent any more
            # Not the traceback: the words of an error may quote a payload.
            self._say.begins("thread", f"the emitter's thread met {error_name(error)} and goes on")
            time.sleep(_TICK_S)

    def _open(self, until: float | None) -> KafkaLine | None:
        now = monotonic()
        if now < self._connect_at:
            return None
        within_s = self._limits.connect_timeout_s if until is None else min(self._limits.connect_timeout_s, until - now)
        try:
            self._line = self._connect(max(within_s, 0.1))
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, it may be right later
            self._connect_at = monotonic() + self._connecting.next_s()
            self._say.begins("away", f"Kafka does not answer ({error_name(error)}); trying again")
            return None
        self._connecting.reset()
        self._say.ends("away", "Kafka answers")
        return self._line

    def _beat(self, line: KafkaLine) -> None:
        now = monotonic()
        if now < self._beat_at or not line.has(self._beat_topic) or not self.heartbeats.has_room(0):
            return
        # First of all: a policy that is applied meanwhile asks for one more.
        self._beat_at = now + self._limits.heartbeat_interval_s
        beat = self._beats.next()
        message = Encoded(self._boot.router_id.encode(), encode(beat.message))
        size = len(message.value)

        def acknowledged() -> None:
            self._beats.acknowledged(beat)
            self.heartbeats.acknowledged(size)

        self.heartbeats.begin(size, again=False)
        lost = partial(self.heartbeats.lost, size, for_good=True)
        sent = False
        try:
            sent = line.send(self._beat_topic, message, acknowledged, lost)
        finally:
            if not sent:
                self.heartbeats.withdraw(size, again=False)
                self._beat_at = now
        say_topic(self._say, self._beat_topic, is_there=sent)

    def _watch(self) -> None:
        """Say what began and what ended, and replace a producer that is broken."""
        say = self._say
        flights = (self.traces.flight, self.outcomes.flight, self.heartbeats)
        if unanswered_s(flights) > _UNANSWERED_S:
            say.begins("unanswered", f"Kafka has acknowledged nothing for {_UNANSWERED_S:g} s; waiting for it")
        else:
            say.ends("unanswered", "Kafka acknowledges again")
        if errors := sorted({flight.error for flight in flights if flight.error}):
            say.begins("delivery", f"Kafka refuses messages ({', '.join(errors)})")
        else:
            say.ends("delivery", "Kafka takes messages again")
        dropped = self._dropped()
        if dropped > self._dropped_before:
            self._dropped_before = dropped
            say.begins("dropping", "messages are dropped, and counted: Kafka takes too few, or refuses them")
        elif max(len(self._boot.traces), len(self._boot.outcomes)) < self._limits.max_buffered // 2:
            say.ends("dropping", f"nothing is dropped any more; {dropped:,} messages were since the start")
        if self._boot.counters.uncounted:
            say.begins("uncounted", "requests are not counted: a bad name, too many routes, or a forgotten epoch")
        if self._line is not None and self._line.broken:
            self._replace(self._line)

    def _dropped(self) -> int:
        return self.traces.dropped + self.outcomes.dropped

    def _replace(self, line: KafkaLine) -> None:
        delivered = self.traces.flight.delivered + self.outcomes.flight.delivered + self.heartbeats.delivered
        if delivered > self._delivered_before:
            self._replacing.reset()
        self._delivered_before = delivered
        self._line = None
        self._connect_at = monotonic() + self._replacing.next_s()
        line.close(_ENDING_S, settled=False)
