"""What belongs to one boot of a router: its counters, and what it has not sent yet.

A new process has a new boot: counters only rise within one, so a child of `fork` may not go on with its parent's.
"""

from collections import deque
from datetime import UTC, datetime
from threading import Lock
from uuid import UUID, uuid4

from pointsman_contract.heartbeat import AppliedEpoch
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from pointsman_router.buffer import Buffer
from pointsman_router.counters import DispatchCounters
from pointsman_router.limits import EmitterLimits
from pointsman_router.request import Request

# What a router of 10,000 requests a second needs between two looks of the thread.
_READY_IDS = 512


class Boot:
    """The state that requests write and the emitter's thread reads. Nothing in it waits for Kafka."""

    def __init__(self, *, environment: str, router_id: str, limits: EmitterLimits) -> None:
        self.environment = environment
        self.router_id = router_id
        self.boot_id = uuid4().hex
        self.counters = DispatchCounters(limits.max_counters, limits.quiet_s)
        self.traces: Buffer[Request | Trace] = Buffer(limits.max_buffered, limits.max_buffered_bytes)
        self.outcomes: Buffer[Outcome] = Buffer(limits.max_buffered, limits.max_buffered_bytes)
        self.open_requests: dict[int, Request] = {}
        self._ids: deque[UUID] = deque()
        self._max_routes = limits.max_counters
        self._lock = Lock()
        self._epochs: dict[str, AppliedEpoch] = {}

    def new_id(self) -> UUID:
        """An id for a trace; made beforehand if it can be."""
        try:
            return self._ids.popleft()
        except IndexError:
            return uuid4()

    def prepare_ids(self) -> None:
        """For the emitter's thread: to make an id takes as long as half of all that a request needs."""
        for _ in range(_READY_IDS - len(self._ids)):
            self._ids.append(uuid4())

    def apply(self, route: str, epoch: int) -> None:
        """The router follows this epoch from this moment on. Raises ValidationError for what is no name or epoch."""
        applied = AppliedEpoch(epoch=epoch, applied_at=datetime.now(UTC))
        with self._lock:
            known = self._epochs.get(route)
            if known is not None and known.epoch == epoch:
                return
            if known is None and len(self._epochs) >= self._max_routes:
                return
            self._epochs[route] = applied
        self.counters.applied(route, epoch)

    def epochs(self) -> dict[str, AppliedEpoch]:
        """What `apply` was told, by route."""
        with self._lock:
            return dict(self._epochs)

    def abandon(self) -> None:
        """For the child of a fork: what the parent's boot holds is the parent's to send."""
        self._lock = Lock()
        self.counters.release()
        self.traces.forget()
        self.outcomes.forget()
