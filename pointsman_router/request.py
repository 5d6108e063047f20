"""One request between its dispatch and its end."""

from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack
from uuid import UUID, uuid4

from pointsman_contract.attempt import Attempt
from pointsman_contract.trace import Trace
from pointsman_contract.vocabulary import Probe, Role, Status
from pointsman_router.counters import Counter, Key
from pointsman_router.encoding import Draft
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


class Request:
    """What `dispatch` gives: a block of code, in threads as in asyncio, at whose end the trace is emitted.

    The counter of the arm rises when the block begins, and only then `started_at` is taken. When it ends, well or with
    an exception, the request counts as finished, and what was told until then goes out. No lock is held in between.
    """

    __slots__ = ("__weakref__", "_attempts", "_began", "_boot", "_counter", "_fields", "_key", "_probe", "_state",
                 "_whole", "started_at", "trace_id")  # fmt: skip

    started_at: datetime
    """Taken when the block begins."""

    def __init__(self, boot: "Boot", key: Key, probe: Probe | None, trace_id: UUID | None) -> None:
        self.trace_id = trace_id or uuid4()
        self._boot = boot
        self._key = key
        self._probe = probe
        self._attempts: list[dict[str, Any] | Attempt] = []
        self._fields: dict[str, Any] = {}
        self._whole: Trace | None = None
        self._counter: Counter | None = None
        self._state = "new"
        self._began = 0.0

    def __enter__(self) -> Self:
        if self._state != "new":
            raise RuntimeError("a request is dispatched once: call emitter.dispatch() for each")
        self._state = "open"
        boot = self._boot
        if self._probe is None:
            self._counter = boot.counters.begin(self._key)
        boot.open_requests[self.trace_id] = self
        self.started_at = datetime.now(UTC)
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        boot = self._boot
        try:
            if self._state == "open":
                boot.put_trace(self._whole or self._draft())
        finally:
            self._state = "ended"
            boot.open_requests.pop(self.trace_id, None)
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
        self._require_open()
        self._attempts.append(
            {
                "role": role,
                "model": model,
                "status": status,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                **details,
            }
        )

    def finish(self, *, attempts: Iterable[Attempt] = (), **details: Unpack[RequestDetails]) -> None:
        """Tell of the request as a whole; it is sent when the block ends. What is told twice counts as told last.

        `attempts` come after those that `attempt` told. Raises TypeError for a name that the contract does not have,
        RuntimeError after the end.
        """
        refuse_unknown(details, REQUEST_DETAILS, "finish")
        self._require_open()
        self._attempts.extend(attempts)
        self._fields.update(details)

    def replace(self, trace: Trace) -> None:
        """Send this trace at the end of the block instead of one that is put together from what was told.

        Its `trace_id` has to be the request's. Raises ValueError.
        """
        self._require_open()
        if trace.trace_id != self.trace_id:
            raise ValueError("the trace has another trace_id than the request")
        self._whole = trace

    def withhold(self) -> None:
        """Send no trace at the end of the block: the router emits its own. The request is counted all the same."""
        if self._state == "open":
            self._state = "withheld"

    def _require_open(self) -> None:
        if self._state not in ("open", "withheld"):
            raise RuntimeError("this can be told only inside of the block of the request")

    def _draft(self) -> Draft:
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
        # Until this moment, where the router did not measure it itself.
        duration = {"duration_s": perf_counter() - self._began}
        return Draft({**duration, **self._fields, **known}, self._attempts)
