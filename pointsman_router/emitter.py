"""What a router embeds: traces, outcomes and heartbeats to Kafka, at no risk to its requests."""

import atexit
import os
from collections.abc import Mapping
from functools import partial
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID
from weakref import WeakSet

from pointsman_contract.fields import MAX_INTEGER
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import Arm, Probe
from pointsman_router.boot import Boot
from pointsman_router.conditions import log
from pointsman_router.counters import is_name
from pointsman_router.encoding import memory_of
from pointsman_router.kafka_line import KafkaLine, check_settings
from pointsman_router.limits import EmitterLimits
from pointsman_router.request import Request
from pointsman_router.worker import Worker

_START_AGAIN_S = 5.0


class EmitterStats(NamedTuple):
    """What became of everything since this boot; each of them only rises, but for the two that wait."""

    emitted: int
    """Traces handed to the producer; of them `delivered` were acknowledged by Kafka."""
    delivered: int
    dropped: int
    """Traces given up: by a full buffer, by the contract, by the producer, or at the end."""
    waiting: int
    """Traces in the buffer or not acknowledged yet."""
    outcomes_delivered: int
    outcomes_dropped: int
    outcomes_waiting: int
    fields_left_out: int
    """Fields that the contract refused; their traces went without them."""
    uncounted: int
    """Requests that no dispatch counter knows."""
    heartbeats: int
    """Heartbeats that Kafka acknowledged."""


class TraceEmitter:
    """Emits the traces of one router. One for each process; every method may be called from any thread or task.

    No method waits for Kafka, but `close`; none raises on account of Kafka. While Kafka is away traces wait in a
    bounded buffer; what is dropped is counted and told in the heartbeats. A child of `fork` begins a boot of its own
    with its first call.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        environment: str,
        router_id: str,
        topic_prefix: str = "",
        limits: EmitterLimits | None = None,
        kafka_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Start emitting. `bootstrap` is host:port, several with commas; Kafka need not be there yet.

        `kafka_settings` are kafka-python's own keyword arguments (`security_protocol`, `ssl_cafile`, …). Raises
        ValueError for a setting or name that can never work.
        """
        for what, name in (("environment", environment), ("router_id", router_id)):
            if not is_name(name):
                raise ValueError(f"{what} has to be a string of 1 to 256 characters without NUL")
        if not bootstrap.strip():
            raise ValueError("bootstrap has to name at least one broker, host:port")
        settings = dict(kafka_settings or {})
        check_settings(settings)
        self._limits = limits or EmitterLimits()
        self._prefix = topic_prefix
        self._environment, self._router_id = environment, router_id
        self._connect = partial(self._make_line, bootstrap, settings, self._limits)
        self._lock = Lock()
        self._closed = False
        self._start_again_at = 0.0
        self._worker: Worker | None = None
        self._boot = self._new_boot()
        _emitters.add(self)
        atexit.register(self.close)
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def boot_id(self) -> str:
        """Made anew in each process: dispatch counters only rise within one."""
        return self._boot.boot_id

    def dispatch(
        self,
        *,
        route: str,
        task_class: str,
        arm: Arm = "baseline",
        epoch: int = 0,
        probe: Probe | None = None,
        trace_id: UUID | None = None,
    ) -> Request:
        """A block that is one request: counted when it begins, emitted when it ends.

        Begin it when the arm is chosen and before the model is called. `trace_id` is the one by whose hash the arm
        was chosen; else one is made. A probe is emitted and not counted.
        """
        return Request(self._running(), (route, arm, task_class, epoch), probe, trace_id)

    def emit(self, trace: Trace) -> None:
        """Emit a trace that the router built itself. That of a request in its block is sent instead of the block's.

        Nothing is counted here: counters rise in `dispatch` alone.
        """
        boot = self._running()
        request = boot.open_requests.get(trace.trace_id.int)
        if request is not None:
            request.withhold()
        boot.traces.put(trace, memory_of(len(trace.attempts)))

    def emit_outcome(self, outcome: Outcome) -> None:
        """Emit what became known of a request later."""
        self._running().outcomes.put(outcome, memory_of(0))

    def policy_applied(self, route: str, epoch: int) -> None:
        """Say that every request dispatched from now on follows this epoch; a heartbeat tells it at once.

        Call it after the router has changed over. Raises ValueError for a name or an epoch that no policy can have.
        """
        if not is_name(route) or type(epoch) is not int or not 0 <= epoch <= MAX_INTEGER:
            raise ValueError("a policy has a route of 1 to 256 characters and an epoch from 0")
        boot = self._running()
        boot.apply(route, epoch)
        if self._worker is not None:
            self._worker.beat_now()

    def stats(self) -> EmitterStats:
        """Counts since this boot."""
        boot, worker = self._boot, self._worker
        if worker is None:
            return EmitterStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        traces, outcomes = worker.traces, worker.outcomes
        return EmitterStats(
            emitted=traces.flight.sent,
            delivered=traces.flight.delivered,
            dropped=traces.dropped,
            waiting=traces.waiting,
            outcomes_delivered=outcomes.flight.delivered,
            outcomes_dropped=outcomes.dropped,
            outcomes_waiting=outcomes.waiting,
            fields_left_out=traces.left_out_fields,
            uncounted=boot.counters.uncounted,
            heartbeats=worker.heartbeats.delivered,
        )

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what is there, with a last heartbeat, and end; what is left after `timeout_s` is dropped and counted.

        Requests may go on meanwhile and later, and are dropped. Never raises; a second call does nothing.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            worker = self._worker
        atexit.unregister(self.close)
        if worker is not None and not worker.close(timeout_s):
            log.warning("the emitter's thread still waits for Kafka; it ends with its connect time-out")

    def _running(self) -> Boot:
        if self._worker is None and monotonic() >= self._start_again_at:
            try:
                self._start()
            except RuntimeError as error:
                # No thread is to be had in the child of a fork: what is told waits in the bounded buffer.
                self._start_again_at = monotonic() + _START_AGAIN_S
                log.warning("the emitter's thread cannot start (%s); trying again in %g s", error, _START_AGAIN_S)
        return self._boot

    def _start(self) -> None:
        with self._lock:
            if self._worker is None and not self._closed:
                worker = Worker(self._boot, self._connect, self._limits, self._prefix)
                worker.thread.start()
                self._worker = worker

    def _new_boot(self) -> Boot:
        return Boot(environment=self._environment, router_id=self._router_id, limits=self._limits)

    def _make_line(
        self, bootstrap: str, settings: Mapping[str, Any], limits: EmitterLimits, connect_s: float
    ) -> KafkaLine:
        line = KafkaLine(bootstrap, settings, limits, connect_s)
        # At exit the last that registered comes first, and the producer just did: it would end before its messages.
        atexit.unregister(self.close)
        atexit.register(self.close)
        return line

    def _begin_again(self) -> None:
        """In the child of a fork: the parent's counters, buffers and sockets are the parent's."""
        self._lock = Lock()
        self._boot.abandon()
        if self._worker is not None:
            self._worker.abandon()
        self._worker = None
        self._start_again_at = 0.0
        self._boot = self._new_boot()


_emitters: WeakSet[TraceEmitter] = WeakSet()


def _begin_again_everywhere() -> None:
    for emitter in list(_emitters):
        emitter._begin_again()  # noqa: SLF001 - this module's own hook


os.register_at_fork(after_in_child=_begin_again_everywhere)
