"""Heartbeats of one boot, in the order that makes them true. Source: design §3."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple

from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_router.boot import Boot
from pointsman_router.counters import Reading

# For the names of the router and the environment, and the fields beside epochs and counters.
_FRAME_BYTES = 8 * 1024
_EPOCH_BYTES = 100


class Beat(NamedTuple):
    """A heartbeat, the monotonic time at which it was begun, and the counters that it tells."""

    message: Heartbeat
    begun_at: float
    told: Sequence[Reading]


class Heartbeats:
    """Makes the heartbeats of a boot; `emitted` and `dropped` are asked for at each."""

    def __init__(self, boot: Boot, emitted: Callable[[], int], dropped: Callable[[], int]) -> None:
        self._boot = boot
        self._emitted = emitted
        self._dropped = dropped
        self._sequence = 0
        self._epochs_told = 0

    def acknowledged(self, beat: Beat) -> None:
        """Kafka has this one."""
        self._boot.counters.acknowledged(beat.told, beat.begun_at)

    def next(self) -> Beat:
        """The time first, the counters after it: a request that started by then is in the counters.

        At most 1 MiB of JSON. Where there are more epochs and counters than fit, heartbeats tell them in turn.
        """
        begun_at = monotonic()
        at = datetime.now(UTC)
        room = MAX_MESSAGE_BYTES - _FRAME_BYTES
        epochs, used = self._epochs_in_turn(room // 2)
        counters = self._boot.counters.read(room - used)
        self._sequence += 1
        message = Heartbeat(
            router_id=self._boot.router_id,
            boot_id=self._boot.boot_id,
            sequence=self._sequence,
            at=at,
            environment=self._boot.environment,
            epochs=epochs,
            counters=tuple(
                RouteCounter(**reading.key._asdict(), dispatched=reading.dispatched, finished=reading.finished)
                for reading in counters
            ),
            emitted=self._emitted(),
            dropped=self._dropped(),
        )
        return Beat(message, begun_at, counters)

    def _epochs_in_turn(self, max_bytes: int) -> tuple[dict[str, AppliedEpoch], int]:
        """Those that fit into so many bytes, beginning behind the last that was told before."""
        every = list(self._boot.epochs().items())
        start = self._epochs_told % len(every) if every else 0
        told: dict[str, AppliedEpoch] = {}
        used = 0
        for route, applied in every[start:] + every[:start]:
            size = len(json.dumps(route)) + _EPOCH_BYTES
            if used + size > max_bytes:
                self._epochs_told = start + len(told)
                break
            told[route] = applied
            used += size
        return told, used
