"""One request between its dispatch and its end."""

from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, cast
from uuid import UUID

from pointsman_contract.attempt import Attempt
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.vocabulary import Arm, Probe, Role, Status
from pointsman_router.counters import Counter
from pointsman_router.encoding import Draft, memory_of
from pointsman_router.told import (
    ATTEMPT_DETAILS,
    REQUEST_DETAILS,
    AttemptDetails,
    Dispatched,
    RequestDetails,
    refuse_unknown,
)

if TYPE_CHECKING:
    from pointsman_router.boot import Boot

_TELLABLE = frozenset({"open", "withheld"})
_TOO_LATE = "this can be told only inside of the block of the request"


class Request:
    """What `dispatch` gives: a block of code, in threads as in asyncio, at whose end the trace is emitted.

    The counter of the arm rises when the block begins, and only then `started_at` is taken. When it ends, well or with
    an exception, the request counts as finished, and what was told until then goes out. No lock is held in between.
    """

    __slots__ = (
        "_attempts",
        "_began",
        "_boot",
        "_counter",
        "_duration_s",
        "_fields",
        "_key",
        "_probe",
        "_state",
        "started_at",
        "trace_id",
    )

    started_at: datetime
    """Taken when the block begins."""

    def __init__(
        self, boot: "Boot", key: tuple[str, Arm, str, int], probe: Probe | None = None, trace_id: UUID | None = None
    ) -> None:
        if trace_id is not None and not isinstance(trace_id, UUID):
            # Before anything is counted: a request that cannot begin must not stay in flight.
            raise TypeError("trace_id has to be a uuid.UUID")
        self.trace_id = trace_id or boot.new_id()
        self._boot = boot
        self._key = key
        self._probe = probe
        self._attempts: list[dict[str, Any] | Attempt] = []
        self._fields: dict[str, Any] = {}
        self._counter: Counter | None = None
        self._state = "new"
        self._began = self._duration_s = 0.0

    def __enter__(self) -> Self:
        if self._state != "new":
            raise RuntimeError("a request is dispatched once: call emitter.dispatch() for each")
        self._state = "open"
        boot = self._boot
        if self._probe is None:
            self._counter = boot.counters.begin(self._key)
        boot.open_requests[self.trace_id.int] = self
        self.started_at = datetime.now(UTC)
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        boot = self._boot
        try:
            if self._state == "open":
                self._duration_s = perf_counter() - self._began
                boot.traces.put(self, memory_of(len(self._attempts)))
        finally:
            self._state = "ended"
            boot.open_requests.pop(self.trace_id.int, None)
            if self._counter is not None:
                boot.counters.finish(self._counter)

    def attempt(
        self,
        *,
        role: Role,
        model: str,
        status: Status,
        input_tokens: int,
        output_tokens: int,
        **details: Unpack[AttemptDetails],
    ) -> None:
        """Tell of one call of a model, as soon as it has ended; in the order in which the calls began.

        Raises TypeError for a name that the contract does not have, RuntimeError after the end.
        """
        refuse_unknown(details, ATTEMPT_DETAILS, "attempt")
        if self._state not in _TELLABLE:
            raise RuntimeError(_TOO_LATE)
        # This method's own dict, and from here on with any value.
        told = cast("dict[str, Any]", details)
        told["role"] = role
        told["model"] = model
        told["status"] = status
        told["input_tokens"] = input_tokens
        told["output_tokens"] = output_tokens
        _cut_long_texts(told)
        self._attempts.append(told)

    def finish(self, *, attempts: Iterable[Attempt] = (), **details: Unpack[RequestDetails]) -> None:
        """Tell of the request as a whole; it is sent when the block ends. What is told twice counts as told last.

        `attempts` come after those that `attempt` told. Raises TypeError for a name that the contract does not have,
        RuntimeError after the end.
        """
        refuse_unknown(details, REQUEST_DETAILS, "finish")
        if self._state not in _TELLABLE:
            raise RuntimeError(_TOO_LATE)
        self._attempts.extend(attempts)
        self._fields.update(details)
        _cut_long_texts(self._fields)

    def withhold(self) -> None:
        """Send no trace at the end of the block: the router emits its own. The request is counted all the same."""
        if self._state == "open":
            self._state = "withheld"

    def draft(self) -> Draft:
        """What was told, for the emitter's thread, which makes a trace of it."""
        route, arm, task_class, epoch = self._key
        known = Dispatched(
            trace_id=self.trace_id,
            started_at=self.started_at,
            environment=self._boot.environment,
            router_id=self._boot.router_id,
            route=route,
            arm=arm,
            task_class=task_class,
            policy_epoch=epoch,
            probe=self._probe,
        )
        # Where the router did not measure it itself.
        duration = {"duration_s": self._duration_s}
        return Draft({**duration, **self._fields, **known}, self._attempts)


def _cut_long_texts(told: dict[str, Any]) -> None:
    """What the contract will refuse for its length needs no more memory than that: it may be a page of an error."""
    for name, value in told.items():
        if type(value) is str and len(value) > MAX_TEXT:
            told[name] = value[: MAX_TEXT + 1]
